/**
 * Neighbour discovery messages (RFC 4861 sections 4.3, 4.4, 4.6), within ICMPv6:
 *
 *   solicitation    0 type 135   1 code 0   2 checksum (2)   4 reserved (4)                       8 target (16)   options
 *   advertisement   0 type 136   1 code 0   2 checksum (2)   4 flags R S O, reserved 29 bits (4)   8 target (16)   options
 *   option          0 type   1 length in units of 8   2 value; 1 and 2 are source and target link-layer address
 */

import type { Mac } from '@zt/sansio'
import { readMac, writeMac } from './arp.js'
import { ICMPV6_NEIGHBOR_ADVERTISEMENT, ICMPV6_NEIGHBOR_SOLICITATION } from './icmpv6.js'

export const NDP_HEADER_LENGTH = 24
/** With the one option that Ethernet has a use for. */
export const NDP_LENGTH = NDP_HEADER_LENGTH + 8

const OPTION_SOURCE_MAC = 1
const OPTION_TARGET_MAC = 2
const ROUTER = 0x80
const SOLICITED = 0x40
const OVERRIDE = 0x20

/** A neighbour solicitation or advertisement. The target is the 16 bytes at `targetOffset` of the bytes it was read from. */
export interface Ndp {
  readonly type: typeof ICMPV6_NEIGHBOR_SOLICITATION | typeof ICMPV6_NEIGHBOR_ADVERTISEMENT
  readonly targetOffset: number
  /** The source's link-layer address in a solicitation, the target's in an advertisement. */
  readonly mac: Mac | undefined
  readonly isRouter: boolean
  readonly isSolicited: boolean
  readonly isOverride: boolean
}

/** A well-formed solicitation or advertisement, or `undefined`. */
export function parseNdp(bytes: Uint8Array, offset: number, length: number): Ndp | undefined {
  const type = bytes[offset]
  if (length < NDP_HEADER_LENGTH || (type !== ICMPV6_NEIGHBOR_SOLICITATION && type !== ICMPV6_NEIGHBOR_ADVERTISEMENT))
    return undefined
  // No target is multicast.
  if (bytes[offset + 8] === 0xff) return undefined
  const wanted = type === ICMPV6_NEIGHBOR_SOLICITATION ? OPTION_SOURCE_MAC : OPTION_TARGET_MAC
  const end = offset + length
  let mac: Mac | undefined
  for (let at = offset + NDP_HEADER_LENGTH; at < end;) {
    const size = at + 1 < end ? bytes[at + 1] << 3 : 0
    if (size === 0 || at + size > end) return undefined
    if (bytes[at] === wanted && size === 8) mac = readMac(bytes, at + 2)
    at += size
  }
  const flags = type === ICMPV6_NEIGHBOR_ADVERTISEMENT ? bytes[offset + 4] : 0
  return {
    type,
    targetOffset: offset + 8,
    mac,
    isRouter: (flags & ROUTER) !== 0,
    isSolicited: (flags & SOLICITED) !== 0,
    isOverride: (flags & OVERRIDE) !== 0,
  }
}

/** What a message of ours says. */
export type NdpMessage = Pick<Ndp, 'type' | 'mac'> & {
  readonly target: Uint8Array
  readonly isSolicited: boolean
  readonly isOverride: boolean
}

/** Write a message but for its checksum; returns its length. */
export function writeNdp(message: NdpMessage, into: Uint8Array, offset: number): number {
  const isSolicitation = message.type === ICMPV6_NEIGHBOR_SOLICITATION
  into.fill(0, offset, offset + NDP_LENGTH)
  into[offset] = message.type
  if (!isSolicitation) into[offset + 4] = (message.isSolicited ? SOLICITED : 0) | (message.isOverride ? OVERRIDE : 0)
  into.set(message.target, offset + 8)
  if (message.mac === undefined) return NDP_HEADER_LENGTH
  into[offset + 24] = isSolicitation ? OPTION_SOURCE_MAC : OPTION_TARGET_MAC
  into[offset + 25] = 1
  writeMac(message.mac, into, offset + 26)
  return NDP_LENGTH
}
