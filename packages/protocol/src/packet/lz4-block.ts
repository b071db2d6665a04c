/**
 * The LZ4 block format, bounded in memory and time: a block is a row of sequences,
 *
 *     token: high nibble literal length, low nibble match length - 4; 15 means that bytes to be added follow, up to one
 *            that is not 255
 *     literals
 *     u16 offset back from here, little-endian
 *
 * the last of which ends after its literals. A match may overlap what it writes. As encoders do, the last five bytes
 * are always literals, and the last match begins twelve bytes before the end or earlier.
 *
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md
 */
const MIN_MATCH = 4
const MATCH_LIMIT = 12
const LAST_LITERALS = 5
const HASH_BITS = 12
const MAX_OFFSET = 0xffff

/**
 * Decompress `source[at, end)` into `target[targetAt, targetEnd)`. Returns how many bytes were written, or -1 if the
 * block is malformed or holds more than there is room for.
 */
export function decompressBlock(
  source: Uint8Array,
  at: number,
  end: number,
  target: Uint8Array,
  targetAt: number,
  targetEnd: number,
): number {
  let to = targetAt
  while (at < end) {
    const token = source[at++]
    let literals = token >> 4
    if (literals === 15) {
      let more = 255
      while (more === 255) {
        if (at >= end) return -1
        more = source[at++]
        literals += more
      }
    }
    if (literals > end - at || literals > targetEnd - to) return -1
    if (literals > 32) target.set(source.subarray(at, at + literals), to)
    else for (let i = 0; i < literals; i++) target[to + i] = source[at + i]
    at += literals
    to += literals
    if (at === end) return to - targetAt

    if (end - at < 2) return -1
    const offset = source[at] | (source[at + 1] << 8)
    at += 2
    let length = (token & 15) + MIN_MATCH
    if (length === 15 + MIN_MATCH) {
      let more = 255
      while (more === 255) {
        if (at >= end) return -1
        more = source[at++]
        length += more
      }
    }
    if (offset === 0 || offset > to - targetAt || length > targetEnd - to) return -1
    if (offset >= length) {
      target.copyWithin(to, to - offset, to - offset + length)
      to += length
    } else for (const stop = to + length; to < stop; to++) target[to] = target[to - offset]
  }
  return -1 // A block ends after literals, be they none.
}

/** Compresses blocks, fast rather than well. Holds a hash table of 8 KiB. */
export class Lz4Compressor {
  /** Position plus one of the last four bytes with this hash; positions are relative to the block. */
  private readonly table = new Uint16Array(1 << HASH_BITS)

  /**
   * Compress `source[at, end)`, at most 65535 bytes, into `target[targetAt, targetEnd)`. Returns how many bytes were
   * written, or -1 if they do not fit: the caller's way of saying how small is small enough.
   */
  compress(
    source: Uint8Array,
    at: number,
    end: number,
    target: Uint8Array,
    targetAt: number,
    targetEnd: number,
  ): number {
    if (end - at > MAX_OFFSET) return -1
    const { table } = this
    table.fill(0)
    let to = targetAt
    let anchor = at
    let misses = 1 << 6
    for (let position = at; position < end - MATCH_LIMIT;) {
      const hash = hashAt(source, position)
      const candidate = at + table[hash] - 1
      table[hash] = position - at + 1
      if (candidate < at || !equalFour(source, candidate, position)) {
        position += misses++ >> 6 // The longer nothing is found, the longer the steps.
        continue
      }
      let length = MIN_MATCH
      const most = end - LAST_LITERALS - position
      while (length < most && source[candidate + length] === source[position + length]) length++
      to = writeSequence(source, anchor, position, target, to, targetEnd, position - candidate, length)
      if (to < 0) return -1
      position += length
      anchor = position
      misses = 1 << 6
    }
    to = writeSequence(source, anchor, end, target, to, targetEnd, 0, 0)
    return to < 0 ? -1 : to - targetAt
  }
}

/** Literals from `anchor` to `position`, and a match unless `offset` is 0. Returns the next target position, or -1. */
function writeSequence(
  source: Uint8Array,
  anchor: number,
  position: number,
  target: Uint8Array,
  to: number,
  targetEnd: number,
  offset: number,
  length: number,
): number {
  const literals = position - anchor
  const extra = length - MIN_MATCH
  const worst = 1 + Math.ceil(literals / 255) + literals + (offset === 0 ? 0 : 2 + Math.ceil(length / 255))
  if (worst > targetEnd - to) return -1
  const token = to++
  target[token] = (Math.min(literals, 15) << 4) | (offset === 0 ? 0 : Math.min(extra, 15))
  if (literals >= 15) to = writeLength(target, to, literals - 15)
  for (let i = anchor; i < position; i++) target[to++] = source[i]
  if (offset === 0) return to
  target[to++] = offset
  target[to++] = offset >> 8
  return extra >= 15 ? writeLength(target, to, extra - 15) : to
}

function writeLength(target: Uint8Array, to: number, length: number): number {
  for (; length >= 255; length -= 255) target[to++] = 255
  target[to++] = length
  return to
}

function hashAt(bytes: Uint8Array, at: number): number {
  const four = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
  return Math.imul(four, 0x9e3779b1) >>> (32 - HASH_BITS)
}

function equalFour(bytes: Uint8Array, a: number, b: number): boolean {
  for (let i = 0; i < 4; i++) if (bytes[a + i] !== bytes[b + i]) return false
  return true
}
