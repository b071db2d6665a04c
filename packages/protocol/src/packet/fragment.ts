import type { Address } from '../address.js'
import { MAX_FRAGMENTS } from '../limits.js'
import { addressAt } from './header.js'

/**
 * What follows a packet's head when the packet is larger than a datagram:
 *
 * | offset | size | |
 * | --- | --- | --- |
 * | 0 | 8 | packet id of the head, as on the wire |
 * | 8 | 5 | destination |
 * | 13 | 1 | ff, which begins no source address |
 * | 14 | 1 | high nibble: parts in total, head included; low nibble: this part's number, from 1 |
 * | 15 | 1 | hops |
 * | 16 | | data |
 *
 * A fragment has neither source nor MAC: the joined packet has. As in `header.ts`, nothing is checked here.
 */
export const FRAGMENT_DESTINATION = 8
export const FRAGMENT_INDICATOR = 13
export const FRAGMENT_NUMBERS = 14
export const FRAGMENT_HOPS = 15
/** Length of the fragment header, and where the data begins. */
export const FRAGMENT_HEADER = 16
/** What the indicator byte holds. */
export const FRAGMENT_MARK = 0xff

/** Is this datagram, of 17 bytes or more, a fragment? Otherwise it is a packet, or its head. */
export function isFragment(bytes: Uint8Array, at: number): boolean {
  return bytes[at + FRAGMENT_INDICATOR] === FRAGMENT_MARK
}

/** Parts in total, head included. */
export function fragmentTotal(bytes: Uint8Array, at: number): number {
  return bytes[at + FRAGMENT_NUMBERS] >> 4
}

/** This part's number; the head would be 0. */
export function fragmentNumber(bytes: Uint8Array, at: number): number {
  return bytes[at + FRAGMENT_NUMBERS] & 0x0f
}

/** Can a packet be put together with this fragment? */
export function isFragmentUsable(bytes: Uint8Array, at: number): boolean {
  const total = fragmentTotal(bytes, at)
  const number = fragmentNumber(bytes, at)
  return total > 1 && total <= MAX_FRAGMENTS && number > 0 && number < MAX_FRAGMENTS
}

/** Whom the packet is for. */
export function fragmentDestination(bytes: Uint8Array, at: number): Address {
  return addressAt(bytes, at + FRAGMENT_DESTINATION)
}

/** How often the fragment was relayed. */
export function fragmentHops(bytes: Uint8Array, at: number): number {
  return bytes[at + FRAGMENT_HOPS] & 0x07
}

/** One relay more. */
export function incrementFragmentHops(bytes: Uint8Array, at: number): void {
  bytes[at + FRAGMENT_HOPS] = (bytes[at + FRAGMENT_HOPS] + 1) & 0x07
}

/** How many datagrams a packet of this length takes on a path of this MTU. Receivers take no more than seven. */
export function datagramsFor(length: number, mtu: number): number {
  return length <= mtu ? 1 : 1 + Math.ceil((length - mtu) / (mtu - FRAGMENT_HEADER))
}

/** The largest packet that receivers can put together on a path of this MTU. */
export function largestPacketFor(mtu: number): number {
  return mtu + (MAX_FRAGMENTS - 1) * (mtu - FRAGMENT_HEADER)
}

/**
 * Turn an armored packet that is larger than the MTU into datagrams, in place: head and fragments lie one after the
 * other and are `mtu` bytes each, but for the last. Returns their length together; the memory behind the packet must
 * have room for it, which is 16 bytes a fragment. What takes more than seven datagrams cannot be joined by anybody: see
 * `largestPacketFor`.
 */
export function splitPacket(bytes: Uint8Array, at: number, length: number, mtu: number): number {
  const total = datagramsFor(length, mtu)
  const chunk = mtu - FRAGMENT_HEADER
  // From the back, so that every piece moves over what has been moved already.
  for (let number = total - 1; number > 0; number--) {
    const from = at + mtu + (number - 1) * chunk
    const to = at + number * mtu
    bytes.copyWithin(to + FRAGMENT_HEADER, from, Math.min(from + chunk, at + length))
    bytes.copyWithin(to, at, at + FRAGMENT_INDICATOR)
    bytes[to + FRAGMENT_INDICATOR] = FRAGMENT_MARK
    bytes[to + FRAGMENT_NUMBERS] = (total << 4) | number
    bytes[to + FRAGMENT_HOPS] = 0
  }
  return length + (total - 1) * FRAGMENT_HEADER
}
