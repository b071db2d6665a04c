/**
 * The Internet checksum (RFC 1071). A *sum* here is the one's complement sum of big-endian 16-bit words: sums of parts
 * that begin at an even offset may be added as plain numbers and folded at the end. Zero and 0xffff are the same value.
 *
 * Long runs are added as 32-bit words in doubles, which are exact up to two million words, from two accumulators, so
 * that additions do not wait for each other.
 */

const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/** Below this many bytes a plain loop is cheaper than finding the word view. */
const SHORT = 48

/** The word views of the last two buffers: one to send from and one to receive into, as a rule. */
let buffer: ArrayBufferLike = new ArrayBuffer(0)
let words = new Uint32Array(buffer)
let olderBuffer: ArrayBufferLike = buffer
let olderWords = words

/** The sum of `length` bytes as big-endian 16-bit words, the last one padded with zero, folded to 0…0xffff. */
export function sumBytes(bytes: Uint8Array, offset: number, length: number): number {
  return length < SHORT ? sumShort(bytes, offset, length) : sumLong(bytes, offset, length)
}

/** Fold a sum (an exact non-negative integer) to 0…0xffff. */
export function foldSum(sum: number): number {
  if (sum > 0xffff_ffff) sum = Math.floor(sum / 0x1_0000_0000) + (sum >>> 0)
  if (sum > 0xffff_ffff) sum = sum - 0xffff_ffff
  sum = (sum >>> 16) + (sum & 0xffff)
  return (sum >>> 16) + (sum & 0xffff)
}

/** The checksum field for these bytes, added to the sum of other parts such as the pseudo-header. */
export function checksum(bytes: Uint8Array, offset: number, length: number, otherParts = 0): number {
  return ~foldSum(sumBytes(bytes, offset, length) + otherParts) & 0xffff
}

/** Do these bytes, checksum field included, and the other parts add up? */
export function isChecksumValid(bytes: Uint8Array, offset: number, length: number, otherParts = 0): boolean {
  return foldSum(sumBytes(bytes, offset, length) + otherParts) === 0xffff
}

/** The checksum after one 16-bit word of the data changed. @see RFC 1624 equation 3 */
export function updateChecksum(field: number, oldWord: number, newWord: number): number {
  return ~foldSum((~field & 0xffff) + (~oldWord & 0xffff) + newWord) & 0xffff
}

/** The sum of the two halves of a 32-bit word, not folded. */
export function sumWord(word: number): number {
  return (word >>> 16) + (word & 0xffff)
}

function sumShort(bytes: Uint8Array, offset: number, length: number): number {
  const even = offset + (length & ~1)
  let sum = 0
  for (let i = offset; i < even; i += 2) sum += (bytes[i] << 8) | bytes[i + 1]
  if (length & 1) sum += bytes[even] << 8
  return foldSum(sum)
}

function sumLong(bytes: Uint8Array, offset: number, length: number): number {
  const lead = -(bytes.byteOffset + offset) & 3
  const view = wordsIn(bytes.buffer)
  let i = (bytes.byteOffset + offset + lead) >>> 2
  const end = i + ((length - lead) >>> 2)
  const unrolledEnd = i + ((end - i) & ~7)
  let a = 0
  let b = 0
  for (; i < unrolledEnd; i += 8) {
    a += view[i] + view[i + 1] + (view[i + 2] + view[i + 3])
    b += view[i + 4] + view[i + 5] + (view[i + 6] + view[i + 7])
  }
  for (; i < end; i++) a += view[i]
  let middle = foldSum(a + b)
  if (isLittleEndian) middle = swap(middle)
  const tail = offset + lead + ((length - lead) & ~3)
  middle = foldSum(middle + sumShort(bytes, tail, offset + length - tail))
  // After an odd number of leading bytes the pairs are shifted by one, which swaps the bytes of the sum.
  if (lead & 1) middle = swap(middle)
  return foldSum(middle + sumShort(bytes, offset, lead))
}

function swap(sum: number): number {
  return ((sum & 0xff) << 8) | (sum >>> 8)
}

/** A word view over the whole buffer. Made once for a long-lived buffer: making one costs as much as a small sum. */
function wordsIn(wanted: ArrayBufferLike): Uint32Array {
  if (wanted === buffer) return words
  const found = wanted === olderBuffer ? olderWords : new Uint32Array(wanted, 0, wanted.byteLength >>> 2)
  olderBuffer = buffer
  olderWords = words
  buffer = wanted
  words = found as typeof words
  return found
}
