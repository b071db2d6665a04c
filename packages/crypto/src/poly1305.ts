/**
 * Poly1305, the one-time authenticator, in plain JavaScript over 32-bit words.
 *
 * Numbers modulo 2^130 - 5 are six limbs of 22 bits, held in doubles: 36 products a block, and no sum reaches 2^53.
 * Adding and subtracting 1.5 * 2^74 rounds a double to a multiple of 2^22, which is the carry; limbs are signed between
 * blocks. 2^132 wraps around to 20. Every step takes the same time whatever the data.
 *
 * @see RFC 8439 section 2.5
 */
import { ZtError } from '@zt/sansio'

/** Rounds to a multiple of 2^22 when added and subtracted again. */
const ROUND = 1.5 * 2 ** 74
const DOWN = 2 ** -22
const WRAP = 20 * DOWN
const LIMB = 0x3fffff

/** The 16-byte tag of a message under a 32-byte key, which must not be used twice. @throws ZT_ARG_INVALID for another key. */
export function poly1305(key: Uint8Array, message: Uint8Array): Uint8Array<ArrayBuffer> {
  if (key.length !== 32) throw new ZtError('ZT_ARG_INVALID', `expected a key of 32 bytes, got ${key.length}`)
  const keyWords = wordsOf(key, 32)
  const words = wordsOf(message, message.length + 16)
  const poly = new Poly1305()
  poly.compute(keyWords, words, message.length)
  const tag = new Uint8Array(16)
  for (let i = 0; i < 16; i++) tag[i] = poly.tag[i >> 2]! >>> (8 * (i & 3))
  poly.wipe()
  keyWords.fill(0)
  return tag
}

function wordsOf(bytes: Uint8Array, capacity: number): Int32Array {
  const words = new Int32Array((capacity + 3) >> 2)
  for (let i = 0; i < bytes.length; i++) words[i >> 2]! |= bytes[i]! << (8 * (i & 3))
  return words
}

/** The authenticator over words, with its working memory: nothing is allocated per message. */
export class Poly1305 {
  /** The last tag, as four little-endian words. */
  readonly tag = new Int32Array(4)
  readonly #h = new Float64Array(6)
  readonly #r = new Float64Array(12)

  /**
   * Compute the tag of the first `length` bytes of `words` (little-endian) into `tag`. `key` is r and s, eight words.
   * The bytes from `length` to the next multiple of 16 are overwritten.
   */
  compute(key: Int32Array, words: Int32Array, length: number): void {
    const r = this.#r
    loadLimbs(r, key[0]! & 0x0fffffff, key[1]! & 0x0ffffffc, key[2]! & 0x0ffffffc, key[3]! & 0x0ffffffc)
    for (let i = 0; i < 6; i++) r[6 + i] = 20 * r[i]!
    this.#h.fill(0)
    const whole = length >> 4
    this.#absorb(words, 0, whole, 1 << 18)
    if ((length & 15) !== 0) {
      pad(words, length)
      this.#absorb(words, 4 * whole, 1, 0)
    }
    this.#finish(key)
  }

  /** Forget the key. */
  wipe(): void {
    this.tag.fill(0)
    this.#h.fill(0)
    this.#r.fill(0)
  }

  /** h = (h + block) * r for `count` blocks; `top` is bit 128 of a whole block, in the place of the highest limb. */
  #absorb(words: Int32Array, from: number, count: number, top: number): void {
    const h = this.#h
    const r = this.#r
    // Out of a Float64Array, so that the compiler knows doubles and converts none of them in the loop.
    const r0 = r[0]!, r1 = r[1]!, r2 = r[2]!, r3 = r[3]!, r4 = r[4]!, r5 = r[5]!
    const t1 = r[7]!, t2 = r[8]!, t3 = r[9]!, t4 = r[10]!, t5 = r[11]!
    let h0 = h[0]!, h1 = h[1]!, h2 = h[2]!, h3 = h[3]!, h4 = h[4]!, h5 = h[5]!
    for (let at = from, end = from + 4 * count; at < end; at += 4) {
      const w0 = words[at]!, w1 = words[at + 1]!, w2 = words[at + 2]!, w3 = words[at + 3]!
      h0 += w0 & LIMB
      h1 += ((w0 >>> 22) | (w1 << 10)) & LIMB
      h2 += ((w1 >>> 12) | (w2 << 20)) & LIMB
      h3 += (w2 >>> 2) & LIMB
      h4 += ((w2 >>> 24) | (w3 << 8)) & LIMB
      h5 += (w3 >>> 14) | top
      // Sums as trees: additions wait for each other less.
      const d0 = ((h0 * r0 + h1 * t5) + (h2 * t4 + h3 * t3)) + (h4 * t2 + h5 * t1)
      let d1 = ((h0 * r1 + h1 * r0) + (h2 * t5 + h3 * t4)) + (h4 * t3 + h5 * t2)
      let d2 = ((h0 * r2 + h1 * r1) + (h2 * r0 + h3 * t5)) + (h4 * t4 + h5 * t3)
      const d3 = ((h0 * r3 + h1 * r2) + (h2 * r1 + h3 * r0)) + (h4 * t5 + h5 * t4)
      let d4 = ((h0 * r4 + h1 * r3) + (h2 * r2 + h3 * r1)) + (h4 * r0 + h5 * t5)
      let d5 = ((h0 * r5 + h1 * r4) + (h2 * r3 + h3 * r2)) + (h4 * r1 + h5 * r0)
      // Two chains of carries, and a closing one, for limb 3 meets multiples of 20 in the next block. Limb 0 never does, and
      // may stay at 2^29: the sums stay below 2^52.2.
      let c = (d0 + ROUND) - ROUND
      let e = (d3 + ROUND) - ROUND
      d1 += c * DOWN; h0 = d0 - c
      d4 += e * DOWN; h3 = d3 - e
      c = (d1 + ROUND) - ROUND
      e = (d4 + ROUND) - ROUND
      d2 += c * DOWN; h1 = d1 - c
      d5 += e * DOWN; h4 = d4 - e
      c = (d2 + ROUND) - ROUND
      e = (d5 + ROUND) - ROUND
      h3 += c * DOWN; h2 = d2 - c
      h0 += e * WRAP; h5 = d5 - e
      c = (h3 + ROUND) - ROUND
      h4 += c * DOWN; h3 -= c
    }
    h[0] = h0; h[1] = h1; h[2] = h2; h[3] = h3; h[4] = h4; h[5] = h5
  }

  /** tag = (h mod 2^130 - 5) + s, modulo 2^128. */
  #finish(key: Int32Array): void {
    const h = this.#h
    // A round of carries leaves a few units in limb 0; a second makes every limb non-negative, and the number less than 2^130.
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < 5; i++) {
        const carry = Math.floor(h[i]! * DOWN)
        h[i]! -= carry * 2 ** 22
        h[i + 1]! += carry
      }
      const carry = Math.floor(h[5]! * 2 ** -20)
      h[5]! -= carry * 2 ** 20
      h[0]! += 5 * carry
    }
    // If adding 5 carries out of bit 130, the number was at least 2^130 - 5: the sum, less 2^130, is the remainder.
    let carry = 5
    for (let i = 0; i < 5; i++) carry = (h[i]! + carry) >>> 22
    carry = 5 * ((h[5]! + carry) >>> 20)
    for (let i = 0; i < 5; i++) {
      const sum = h[i]! + carry
      h[i] = sum & LIMB
      carry = sum >>> 22
    }
    const h0 = h[0]!, h1 = h[1]!, h2 = h[2]!, h3 = h[3]!, h4 = h[4]!, h5 = h[5]! + carry
    const tag = this.tag
    let sum = ((h0 | (h1 << 22)) >>> 0) + (key[4]! >>> 0)
    tag[0] = sum
    sum = (((h1 >>> 10) | (h2 << 12)) >>> 0) + (key[5]! >>> 0) + (sum > 0xffffffff ? 1 : 0)
    tag[1] = sum
    sum = (((h2 >>> 20) | (h3 << 2) | (h4 << 24)) >>> 0) + (key[6]! >>> 0) + (sum > 0xffffffff ? 1 : 0)
    tag[2] = sum
    sum = (((h4 >>> 8) | (h5 << 14)) >>> 0) + (key[7]! >>> 0) + (sum > 0xffffffff ? 1 : 0)
    tag[3] = sum
  }
}

/** Cut 128 bits into limbs. */
function loadLimbs(into: Float64Array, w0: number, w1: number, w2: number, w3: number): void {
  into[0] = w0 & LIMB
  into[1] = ((w0 >>> 22) | (w1 << 10)) & LIMB
  into[2] = ((w1 >>> 12) | (w2 << 20)) & LIMB
  into[3] = (w2 >>> 2) & LIMB
  into[4] = ((w2 >>> 24) | (w3 << 8)) & LIMB
  into[5] = w3 >>> 14
}

/** Complete the last block: a byte 1 after the message, then zeros. */
function pad(words: Int32Array, length: number): void {
  const last = length >> 2
  const shift = 8 * (length & 3)
  words[last] = (words[last]! & ((1 << shift) - 1)) | (1 << shift)
  for (let i = last + 1; (i & 3) !== 0; i++) words[i] = 0
}
