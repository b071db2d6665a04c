/**
 * ICMPv6 (RFC 4443): type (1), code (1), checksum (2) over the pseudo-header too, then 4 bytes that depend on the type,
 * then the body. Types below 128 are errors; their body is the packet they are about, as much as fits in 1280 bytes.
 */

export const ICMPV6_DESTINATION_UNREACHABLE = 1
export const ICMPV6_PACKET_TOO_BIG = 2
export const ICMPV6_TIME_EXCEEDED = 3
export const ICMPV6_PARAMETER_PROBLEM = 4
export const ICMPV6_ECHO_REQUEST = 128
export const ICMPV6_ECHO_REPLY = 129
export const ICMPV6_ROUTER_SOLICITATION = 133
export const ICMPV6_ROUTER_ADVERTISEMENT = 134
export const ICMPV6_NEIGHBOR_SOLICITATION = 135
export const ICMPV6_NEIGHBOR_ADVERTISEMENT = 136
export const ICMPV6_REDIRECT = 137

/** Code of destination unreachable. */
export const ICMPV6_PORT_UNREACHABLE = 4

/** Must this type never be answered with an error (RFC 4443 section 2.4 e)? */
export function isIcmpv6Error(type: number): boolean {
  return type < 128 || type === ICMPV6_REDIRECT
}
