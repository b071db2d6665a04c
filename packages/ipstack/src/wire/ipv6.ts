/**
 * IPv6 header (RFC 8200 section 3), 40 bytes:
 *
 *   0 version 6, traffic class, flow label (4)   4 payload length (2)   6 next header   7 hop limit
 *   8 source (16)   24 destination (16)
 *
 * and its extension headers (section 4). Each begins with the type of the next header and, the fragment header
 * excepted, its own length in units of 8 bytes without the first 8.
 */

import {
  EXTENSION_DESTINATION,
  EXTENSION_FRAGMENT,
  EXTENSION_HOP_BY_HOP,
  EXTENSION_NONE,
  EXTENSION_ROUTING,
} from './numbers.js'

export const IPV6_HEADER_LENGTH = 40

/** Extension headers that are looked at in one packet; who sends more is not served (RFC 8504 section 5.3). */
const MAX_EXTENSIONS = 8
/** Options that are looked at in one header (RFC 8504 section 5.3 suggests 8). */
const MAX_OPTIONS = 16

/** Header and length in order? Returns the total length, at most `length`, or -1. */
export function checkIpv6(bytes: Uint8Array, offset: number, length: number): number {
  if (length < IPV6_HEADER_LENGTH || bytes[offset] >> 4 !== 6) return -1
  const total = IPV6_HEADER_LENGTH + ((bytes[offset + 4] << 8) | bytes[offset + 5])
  return total <= length ? total : -1
}

/** How a walk over the extension headers ended. */
export type ExtensionVerdict =
  /** At an upper-layer header. */
  | 'upper-layer'
  /** At a fragment header. */
  | 'fragment'
  /** There is nothing after the headers. */
  | 'nothing'
  /** Cut short, or too many. */
  | 'malformed'
  /** An option says: drop silently. */
  | 'drop'
  /** Parameter problem, with `code` and `pointer`. */
  | 'problem'
  /** The same, but an option allows it only in answer to unicast. */
  | 'problem-if-unicast'

/** Walks the extension headers. One object serves many packets; its fields describe the last walk. */
export class Ipv6Walk {
  /** The header that the walk ended at: its type and offset. */
  protocol = 0
  offset = 0
  /** Offset of the byte that named `protocol`. */
  namedAt = 0
  /** For a parameter problem: its code (RFC 4443 section 3.4) and the offset of the byte to point at. */
  code = 0
  pointer = 0
  hasExtensions = false

  /**
   * Begin at the header of type `protocol` at `offset`, named by the byte at `namedAt`; `end` is where the packet ends.
   * Hop-by-hop options count only directly after the IPv6 header (`isFirst`).
   */
  run(
    bytes: Uint8Array,
    protocol: number,
    offset: number,
    namedAt: number,
    end: number,
    isFirst: boolean,
  ): ExtensionVerdict {
    this.protocol = protocol
    this.offset = offset
    this.namedAt = namedAt
    this.hasExtensions = false
    for (let seen = 0; ; seen++) {
      const type = this.protocol
      if (type === EXTENSION_NONE) return 'nothing'
      if (type === EXTENSION_FRAGMENT) return this.offset + 8 <= end ? 'fragment' : 'malformed'
      const isOptions = type === EXTENSION_HOP_BY_HOP || type === EXTENSION_DESTINATION
      if (!isOptions && type !== EXTENSION_ROUTING) return 'upper-layer'
      this.hasExtensions = true
      // RFC 8200 section 4.1: hop-by-hop options elsewhere are an unknown next header.
      if (type === EXTENSION_HOP_BY_HOP && !(isFirst && seen === 0)) return this.#problem(1, this.namedAt)
      const at = this.offset
      if (seen === MAX_EXTENSIONS || at + 8 > end) return 'malformed'
      const length = 8 + (bytes[at + 1] << 3)
      if (at + length > end) return 'malformed'
      if (isOptions) {
        const verdict = this.#options(bytes, at + 2, at + length)
        if (verdict !== 'upper-layer') return verdict
      } else if (bytes[at + 3] > 0) {
        // Segments left: we are no router, and type 0 is forbidden anyway (RFC 5095).
        return this.#problem(0, at + 2)
      }
      this.protocol = bytes[at]
      this.namedAt = at
      this.offset = at + length
    }
  }

  /** RFC 8200 section 4.2: the two highest bits of an unknown option say what to do. */
  #options(bytes: Uint8Array, offset: number, end: number): ExtensionVerdict {
    let at = offset
    for (let seen = 0; at < end; seen++) {
      const type = bytes[at]
      if (type === 0) {
        at++
        continue
      }
      if (seen === MAX_OPTIONS || at + 2 > end || at + 2 + bytes[at + 1] > end) return 'malformed'
      // PadN and router alert are known and harmless.
      if (type !== 1 && type !== 5 && type >= 0x40) {
        if (type < 0x80) return 'drop'
        this.#problem(2, at)
        return type < 0xc0 ? 'problem' : 'problem-if-unicast'
      }
      at += 2 + bytes[at + 1]
    }
    return 'upper-layer'
  }

  #problem(code: number, pointer: number): ExtensionVerdict {
    this.code = code
    this.pointer = pointer
    return 'problem'
  }
}

/**
 * The upper-layer protocol and its offset, going over extension headers without judging them; for reading quoted
 * packets and for filters. The offset may lie at or past `end` if the packet is cut short; a fragment that is not the
 * first has protocol `EXTENSION_NONE`.
 */
export function skipIpv6Extensions(
  bytes: Uint8Array,
  offset: number,
  end: number,
): { readonly protocol: number; readonly offset: number } {
  let protocol = bytes[offset + 6]
  let at = offset + IPV6_HEADER_LENGTH
  for (let seen = 0; seen < MAX_EXTENSIONS && at + 8 <= end; seen++) {
    if (protocol === EXTENSION_FRAGMENT) {
      const isFirst = bytes[at + 2] === 0 && bytes[at + 3] >> 3 === 0
      protocol = isFirst ? bytes[at] : EXTENSION_NONE
      at += 8
    } else if (
      protocol === EXTENSION_HOP_BY_HOP ||
      protocol === EXTENSION_DESTINATION ||
      protocol === EXTENSION_ROUTING
    ) {
      protocol = bytes[at]
      at += 8 + (bytes[at + 1] << 3)
    } else break
  }
  return { protocol, offset: at }
}
