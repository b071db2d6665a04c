/**
 * What a rule table is judged against: our own side of a network (`FilterPolicy`, made anew from each network
 * configuration) and the other member (`FilterMember`, its credentials as they hold at this moment). Both are asked per
 * frame, so answers are numbers and booleans, and addresses are looked at where they lie in the frame.
 */
import type { Address } from '@zt/protocol'
import type { Mac } from '@zt/sansio'
import type { RuleTable } from './rule-table.js'

/** What `tag` answers when there is no such tag; every real value is an unsigned 32-bit integer. */
export const NO_TAG = -1

/** Credentials one side can show. */
export interface FilterCredentials {
  /** The value of tag `id`, or `NO_TAG`. */
  tag(id: number): number
  /** The rules of its capabilities, in the order in which they are tried: ascending id. */
  readonly capabilities: readonly RuleTable[]
  /** Has it a certificate of ownership for the IP address of `size` (4 or 16) bytes at `bytes[at]`? */
  ownsIp(bytes: Uint8Array, at: number, size: number): boolean
  /** Has it a certificate of ownership for this MAC? */
  ownsMac(mac: Mac): boolean
}

/**
 * The other member of a frame's conversation. Only credentials that are valid now may show: its timestamps are within
 * the network's window of our configuration's and above every revocation threshold.
 */
export type FilterMember = FilterCredentials

/** Our own side of one network. Our credentials count without any check of their age. */
export interface FilterPolicy extends FilterCredentials {
  /** Our node's address. */
  readonly self: Address
  /** The rules of the network itself. */
  readonly rules: RuleTable
  /** What a match of a type unknown to us counts as: a flag of the network. */
  readonly unknownMatches: boolean
  /**
   * Is the IPv6 address at `bytes[at]` in a prefix whose neighbour discovery is emulated here? Every sender is
   * believed to own such addresses.
   */
  isEmulated(bytes: Uint8Array, at: number): boolean
}
