/**
 * The two sides of a conversation, as far as matches ask about them. They are asked per frame, so answers are numbers
 * and booleans, and addresses are looked at where they lie in the frame.
 */
import type { Mac } from '@zt/sansio'

/** What `tag` answers when there is no such tag; every real value is an unsigned 32-bit integer. */
export const NO_TAG = -1

/** One side of a conversation, as far as matches ask about it. */
export interface Holder {
  /** The value of its tag `id`, or `NO_TAG`. */
  tag(id: number): number
  /** Has it a certificate of ownership for the IP address of `size` (4 or 16) bytes at `bytes[at]`? */
  ownsIp(bytes: Uint8Array, at: number, size: number): boolean
  /** Has it a certificate of ownership for this MAC? */
  ownsMac(mac: Mac): boolean
}

/** Our own side, with what the network's configuration adds. */
export interface Ourselves extends Holder {
  /** What a match of a type unknown to us counts as: a flag of the network. */
  readonly unknownMatches: boolean
  /**
   * Is the IPv6 address at `bytes[at]` in a prefix whose neighbour discovery is emulated here? Every sender is believed
   * to own such addresses.
   */
  isEmulated(bytes: Uint8Array, at: number): boolean
}
