import type { RandomSource } from '@zt/sansio'

/**
 * SipHash-2-4 of 32-bit words, as the signed low word of the result: what an adversary who does not know the key cannot
 * predict. 64-bit arithmetic on pairs of 32-bit halves, low half first.
 *
 * @see Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012
 */
export class SipHash {
  readonly #key: Int32Array
  readonly #v = new Int32Array(8)

  /** `key`: 16 bytes as four little-endian words. */
  constructor(key: Int32Array) {
    this.#key = key
  }

  static withRandomKey(random: RandomSource): SipHash {
    return new SipHash(Int32Array.from({ length: 4 }, () => random.u32()))
  }

  /** The hash of these words, each four bytes in little-endian order. */
  hash(words: ArrayLike<number>): number {
    const v = this.#v
    const k = this.#key
    v[0] = k[0]! ^ 0x7073_6575
    v[1] = k[1]! ^ 0x736f_6d65
    v[2] = k[2]! ^ 0x6e64_6f6d
    v[3] = k[3]! ^ 0x646f_7261
    v[4] = k[0]! ^ 0x6e65_7261
    v[5] = k[1]! ^ 0x6c79_6765
    v[6] = k[2]! ^ 0x7974_6573
    v[7] = k[3]! ^ 0x7465_6462
    const whole = words.length & ~1
    for (let i = 0; i < whole; i += 2) this.#absorb(words[i]!, words[i + 1]!)
    this.#absorb(words.length & 1 ? words[whole]! : 0, (4 * words.length) << 24)
    v[4]! ^= 0xff
    for (let i = 0; i < 4; i++) this.#round()
    return v[0]! ^ v[2]! ^ v[4]! ^ v[6]!
  }

  #absorb(low: number, high: number): void {
    const v = this.#v
    v[6]! ^= low
    v[7]! ^= high
    this.#round()
    this.#round()
    v[0]! ^= low
    v[1]! ^= high
  }

  #round(): void {
    const v = this.#v
    this.#mix(0, 2, 13)
    swap(v, 0)
    this.#mix(4, 6, 16)
    this.#mix(0, 6, 21)
    this.#mix(4, 2, 17)
    swap(v, 4)
  }

  /** a += b; b = rotl(b, n) ^ a, with n below 32. */
  #mix(a: number, b: number, n: number): void {
    const v = this.#v
    const low = (v[a]! >>> 0) + (v[b]! >>> 0)
    v[a + 1] = v[a + 1]! + v[b + 1]! + (low > 0xffff_ffff ? 1 : 0)
    v[a] = low
    const bLow = v[b]!
    const bHigh = v[b + 1]!
    v[b] = ((bLow << n) | (bHigh >>> (32 - n))) ^ v[a]!
    v[b + 1] = ((bHigh << n) | (bLow >>> (32 - n))) ^ v[a + 1]!
  }
}

/** Rotate by 32. */
function swap(v: Int32Array, at: number): void {
  const low = v[at]!
  v[at] = v[at + 1]!
  v[at + 1] = low
}
