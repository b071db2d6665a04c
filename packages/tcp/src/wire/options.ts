/**
 * TCP options (RFC 9293 section 3.2), kind and length a byte each except for the first two:
 *
 * ```text
 *  0  end of options
 *  1  no operation
 *  2  4   maximum segment size    u16                   SYN only
 *  3  3   window scale            u8                    SYN only   RFC 7323
 *  4  2   SACK permitted                                SYN only   RFC 2018
 *  5  n   SACK                    pairs of u32 edges               RFC 2018
 *  8  10  timestamps              tsval u32, tsecr u32             RFC 7323
 * ```
 *
 * Unknown kinds are skipped. A length that does not fit makes the segment malformed.
 */

const END = 0
const NOP = 1
const MSS = 2
const WINDOW_SCALE = 3
const SACK_PERMITTED = 4
const SACK = 5
const TIMESTAMPS = 8

/** RFC 7323 section 2.3: a larger shift is taken as this. */
export const WINDOW_SCALE_MAX = 14

/** Bytes that timestamps take in every segment, with their padding. */
export const TIMESTAMPS_LENGTH = 12

/** NOP NOP TIMESTAMPS 10, the layout that everybody sends, as a word. */
const TIMESTAMPS_PREFIX = (NOP << 24) | (NOP << 16) | (TIMESTAMPS << 8) | 10

/** What `parseOptions` fills in; see `Segment`. */
export interface OptionFields {
  mss: number
  windowScale: number
  sackPermitted: boolean
  hasTimestamp: boolean
  tsval: number
  tsecr: number
  sackCount: number
  readonly sackEdges: Int32Array
}

/** Read the options in `[at, end)`. `false` if one is malformed. Kinds of the handshake count only in a SYN. */
export function parseOptions(bytes: Uint8Array, at: number, end: number, isSyn: boolean, into: OptionFields): boolean {
  into.sackCount = 0
  if (end - at === TIMESTAMPS_LENGTH && word(bytes, at) === TIMESTAMPS_PREFIX && !isSyn) {
    into.hasTimestamp = true
    into.tsval = word(bytes, at + 4)
    into.tsecr = word(bytes, at + 8)
    return true
  }
  into.hasTimestamp = false
  if (isSyn) {
    into.mss = 0
    into.windowScale = -1
    into.sackPermitted = false
  }
  while (at < end) {
    const kind = bytes[at]!
    if (kind === END) return true
    if (kind === NOP) {
      at++
      continue
    }
    if (at + 1 >= end) return false
    const length = bytes[at + 1]!
    if (length < 2 || at + length > end) return false
    if (!parseOne(bytes, at, kind, length, isSyn, into)) return false
    at += length
  }
  return true
}

function parseOne(
  bytes: Uint8Array,
  at: number,
  kind: number,
  length: number,
  isSyn: boolean,
  into: OptionFields,
): boolean {
  switch (kind) {
    case MSS:
      if (length !== 4) return false
      if (isSyn) into.mss = (bytes[at + 2]! << 8) | bytes[at + 3]!
      return true
    case WINDOW_SCALE:
      if (length !== 3) return false
      if (isSyn) into.windowScale = Math.min(bytes[at + 2]!, WINDOW_SCALE_MAX)
      return true
    case SACK_PERMITTED:
      if (length !== 2) return false
      if (isSyn) into.sackPermitted = true
      return true
    case SACK:
      if ((length - 2) % 8 !== 0 || length > 34) return false
      into.sackCount = (length - 2) >> 3
      for (let i = 0; i < 2 * into.sackCount; i++) into.sackEdges[i] = word(bytes, at + 2 + 4 * i)
      return true
    case TIMESTAMPS:
      if (length !== 10) return false
      into.hasTimestamp = true
      into.tsval = word(bytes, at + 2)
      into.tsecr = word(bytes, at + 6)
      return true
    default:
      return true
  }
}

/** Write timestamps with their padding; returns where the next option goes. */
export function writeTimestamps(view: DataView, at: number, tsval: number, tsecr: number): number {
  view.setInt32(at, TIMESTAMPS_PREFIX)
  view.setInt32(at + 4, tsval)
  view.setInt32(at + 8, tsecr)
  return at + TIMESTAMPS_LENGTH
}

/** Write the options of a SYN; returns where they end. A `windowScale` below 0 and an `mss` of 0 are left out. */
export function writeSynOptions(
  view: DataView,
  at: number,
  mss: number,
  windowScale: number,
  sackPermitted: boolean,
  hasTimestamp: boolean,
  tsval: number,
  tsecr: number,
): number {
  if (mss > 0) {
    view.setInt32(at, (MSS << 24) | (4 << 16) | mss)
    at += 4
  }
  if (windowScale >= 0) {
    view.setInt32(at, (NOP << 24) | (WINDOW_SCALE << 16) | (3 << 8) | windowScale)
    at += 4
  }
  if (sackPermitted) {
    view.setInt32(at, (NOP << 24) | (NOP << 16) | (SACK_PERMITTED << 8) | 2)
    at += 4
  }
  return hasTimestamp ? writeTimestamps(view, at, tsval, tsecr) : at
}

/** Write the head of a SACK option for `count` blocks, which the caller writes next. */
export function writeSackHead(view: DataView, at: number, count: number): number {
  view.setInt32(at, (NOP << 24) | (NOP << 16) | (SACK << 8) | (2 + 8 * count))
  return at + 4
}

/** The big-endian signed 32-bit word at an offset. */
export function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
