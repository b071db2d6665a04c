/**
 * ICMPv4 (RFC 792): type (1), code (1), checksum (2), then 4 bytes that depend on the type, then the body. An error's
 * body is the IP header and the beginning of the payload of the packet it is about.
 */

export const ICMPV4_ECHO_REPLY = 0
export const ICMPV4_DESTINATION_UNREACHABLE = 3
export const ICMPV4_SOURCE_QUENCH = 4
export const ICMPV4_REDIRECT = 5
export const ICMPV4_ECHO_REQUEST = 8
export const ICMPV4_TIME_EXCEEDED = 11
export const ICMPV4_PARAMETER_PROBLEM = 12

/** Codes of destination unreachable. */
export const ICMPV4_PROTOCOL_UNREACHABLE = 2
export const ICMPV4_PORT_UNREACHABLE = 3
export const ICMPV4_FRAGMENTATION_NEEDED = 4

export const ICMP_HEADER_LENGTH = 8

/** Is this type an error message, which must never be answered with an error (RFC 1122 section 3.2.2)? */
export function isIcmpv4Error(type: number): boolean {
  return (
    type === ICMPV4_DESTINATION_UNREACHABLE ||
    type === ICMPV4_SOURCE_QUENCH ||
    type === ICMPV4_REDIRECT ||
    type === ICMPV4_TIME_EXCEEDED ||
    type === ICMPV4_PARAMETER_PROBLEM
  )
}
