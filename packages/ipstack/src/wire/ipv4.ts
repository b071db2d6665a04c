/**
 * IPv4 header (RFC 791 section 3.1), 20 to 60 bytes:
 *
 *   0 version 4, header length in words   1 DSCP, ECN   2 total length (2)   4 identification (2)
 *   6 flags (3 bits), fragment offset in units of 8 (13 bits)   8 TTL   9 protocol   10 checksum (2)
 *   12 source (4)   16 destination (4)   20 options
 *
 * `checkIpv4` looks once; after it says a length, the field readers cannot fail.
 */

import { isChecksumValid } from './checksum.js'

export const IPV4_HEADER_LENGTH = 20

/** Why an IPv4 packet is not one. Negative, to share a return value with a length. */
export const IPV4_MALFORMED = -1
export const IPV4_BAD_CHECKSUM = -2

/**
 * Header and lengths in order? Returns the total length, at most `length` (a link may pad), or a negative reason.
 */
export function checkIpv4(bytes: Uint8Array, offset: number, length: number): number {
  if (length < IPV4_HEADER_LENGTH || bytes[offset] >> 4 !== 4) return IPV4_MALFORMED
  const header = ipv4HeaderLength(bytes, offset)
  const total = (bytes[offset + 2] << 8) | bytes[offset + 3]
  if (header < IPV4_HEADER_LENGTH || total < header || total > length) return IPV4_MALFORMED
  return isChecksumValid(bytes, offset, header) ? total : IPV4_BAD_CHECKSUM
}

/** In bytes, options included. */
export function ipv4HeaderLength(bytes: Uint8Array, offset: number): number {
  return (bytes[offset] & 15) << 2
}

/** The protocol number of the payload. */
export function ipv4Protocol(bytes: Uint8Array, offset: number): number {
  return bytes[offset + 9]
}

/** Flags and fragment offset as they stand: 0x2000 more fragments, 0x1fff the offset in units of 8. */
export function ipv4Fragment(bytes: Uint8Array, offset: number): number {
  return (bytes[offset + 6] << 8) | bytes[offset + 7]
}

/** What to do about the options of a header. */
export type Ipv4Options = 'none' | 'harmless' | 'source-route' | 'malformed'

/** Walk the options (RFC 791 section 3.1). Source routes are told apart since hosts refuse them (RFC 7126). */
export function inspectIpv4Options(bytes: Uint8Array, offset: number): Ipv4Options {
  const end = offset + ipv4HeaderLength(bytes, offset)
  let at = offset + IPV4_HEADER_LENGTH
  let found: Ipv4Options = at < end ? 'harmless' : 'none'
  while (at < end) {
    const kind = bytes[at]
    if (kind === 0) break
    if (kind === 1) {
      at++
      continue
    }
    const length = at + 1 < end ? bytes[at + 1] : 0
    if (length < 2 || at + length > end) return 'malformed'
    if (kind === 131 || kind === 137) found = 'source-route'
    at += length
  }
  return found
}
