/**
 * The TCP header (RFC 9293 section 3.1), big-endian:
 *
 * ```text
 *  0  source port        u16
 *  2  destination port   u16
 *  4  sequence number    u32
 *  8  acknowledgement    u32
 * 12  data offset        u4, in 32-bit words; then 4 reserved bits
 * 13  flags              u8: CWR ECE URG ACK PSH RST SYN FIN
 * 14  window             u16, scaled except in SYN segments
 * 16  checksum           u16, over pseudo-header, header and text
 * 18  urgent pointer     u16
 * 20  options, padded with zeros to a multiple of four
 * ```
 */

import { type OptionFields, parseOptions, word } from './options.js'

export { word }

/** Control bits. */
export const Flag = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32, ECE: 64, CWR: 128 } as const

/** Bytes of a header without options. */
export const HEADER_LENGTH = 20

/**
 * A segment as integers, named as in RFC 9293: `seg.seq`, `seg.ack`, … One object serves every arriving segment; never
 * keep it. Sequence numbers and timestamps are signed 32-bit integers.
 */
export class Segment implements OptionFields {
  /** When the burst that brought it began. */
  now = 0
  sourcePort = 0
  destinationPort = 0
  seq = 0
  ack = 0
  flags = 0
  /** The window field as it stands on the wire, not scaled. */
  wnd = 0
  /** Where the text is, and how long it is. Cut when parts of it are outside of the window. */
  textOffset = 0
  textLength = 0
  /** The MSS option, 0 if absent. This and the next two are read from SYN segments only. */
  mss = 0
  /** The window scale option, -1 if absent. */
  windowScale = -1
  sackPermitted = false
  hasTimestamp = false
  tsval = 0
  tsecr = 0
  /** SACK blocks: `sackEdges[2 * i]` is the left edge of block i, `[2 * i + 1]` its right edge (exclusive). */
  sackCount = 0
  readonly sackEdges = new Int32Array(8)
  /** The ECN field of the IP header. */
  ecn = 0

  /** SEG.LEN: text, and one each for SYN and FIN. */
  get len(): number {
    return this.textLength + ((this.flags >> 1) & 1) + (this.flags & 1)
  }

  has(flag: number): boolean {
    return (this.flags & flag) !== 0
  }
}

/**
 * Read a whole segment. `false` if header or options are malformed. The checksum is the caller's to verify before.
 * Trailing bytes do not exist: the length of the text is what is left.
 */
export function parseSegment(bytes: Uint8Array, offset: number, length: number, into: Segment): boolean {
  if (length < HEADER_LENGTH) return false
  const headerLength = (bytes[offset + 12]! >> 4) * 4
  if (headerLength < HEADER_LENGTH || headerLength > length) return false
  into.sourcePort = (bytes[offset]! << 8) | bytes[offset + 1]!
  into.destinationPort = (bytes[offset + 2]! << 8) | bytes[offset + 3]!
  into.seq = word(bytes, offset + 4)
  into.ack = word(bytes, offset + 8)
  into.flags = bytes[offset + 13]!
  into.wnd = (bytes[offset + 14]! << 8) | bytes[offset + 15]!
  into.textOffset = offset + headerLength
  into.textLength = length - headerLength
  return parseOptions(bytes, offset + HEADER_LENGTH, offset + headerLength, (into.flags & Flag.SYN) !== 0, into)
}

/** Write a header without options, checksum zero. `headerLength` counts the options that follow. */
export function writeHeader(
  view: DataView,
  at: number,
  ports: number,
  seq: number,
  ack: number,
  headerLength: number,
  flags: number,
  wnd: number,
): void {
  view.setInt32(at, ports)
  view.setInt32(at + 4, seq)
  view.setInt32(at + 8, ack)
  view.setInt32(at + 12, (headerLength << 26) | (flags << 16) | wnd)
  view.setInt32(at + 16, 0)
}

/** Source port in the high half, destination port in the low half: the first word of a header. */
export function portsWord(source: number, destination: number): number {
  return (source << 16) | destination
}
