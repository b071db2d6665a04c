/**
 * What a frame for many is about: ARP requests are told apart by the address they ask for, and neighbour solicitations
 * may have an answer that everybody can work out (ZeroTierOne node/Switch.cpp, onLocalEthernet).
 */
import { readI32 } from '../inbound/classify.js'

const ARP = 0x0806
const IPV6 = 0x86dd
const ARP_LENGTH = 28
const ARP_REQUEST = 1
const ICMPV6 = 0x3a
const NEIGHBOUR_SOLICITATION = 0x87

/** Where in a neighbour solicitation's packet the address asked for is. */
export const SOLICITED_AT = 48

/** The IPv4 address that a broadcast ARP request asks for, as an unsigned integer; 0 if the frame is none. */
export function arpTarget(etherType: number, bytes: Uint8Array, at: number, length: number): number {
  if (etherType !== ARP || length < ARP_LENGTH) return 0
  const isIpv4 = bytes[at + 2] === 0x08 && bytes[at + 3] === 0x00 && bytes[at + 4] === 6 && bytes[at + 5] === 4
  return isIpv4 && bytes[at + 7] === ARP_REQUEST ? readI32(bytes, at + 24) >>> 0 : 0
}

/** Does the frame ask who has the IPv6 address at `SOLICITED_AT`? */
export function isNeighbourSolicitation(etherType: number, bytes: Uint8Array, at: number, length: number): boolean {
  return etherType === IPV6 && length >= 64 && bytes[at + 6] === ICMPV6 && bytes[at + 40] === NEIGHBOUR_SOLICITATION
}
