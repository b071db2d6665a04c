import type { RandomSource } from '@zt/sansio'
import type { AddressWords } from '../address-words.js'

const COUNTERS = 1024

/**
 * Identifications of fragmented datagrams: counters that start at random values, chosen by a keyed hash of the
 * destination, so that they neither repeat quickly for one peer nor tell one peer about traffic to others (RFC 7739).
 */
export class Identification {
  readonly #counters = new Uint32Array(COUNTERS)
  readonly #key: number

  constructor(random: RandomSource) {
    random.fill(new Uint8Array(this.#counters.buffer))
    this.#key = random.u32()
  }

  /** The next identification towards this destination, 32 bits; IPv4 takes the lower 16. */
  next(to: AddressWords): number {
    let hash = this.#key
    for (const word of [to.w0, to.w1, to.w2, to.w3]) hash = Math.imul(hash ^ word, 0x9e37_79b1) ^ (hash >>> 15)
    const counter = (hash >>> 8) % COUNTERS
    this.#counters[counter]++
    return this.#counters[counter]
  }
}
