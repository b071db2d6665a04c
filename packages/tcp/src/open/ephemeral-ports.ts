import type { RandomSource } from '@zt/sansio'
import type { Tuple } from '../tuple-table.js'
import type { Secrets } from './initial-sequence.js'

/** Counters, each for a share of all destinations. A power of two. */
const COUNTERS = 64

/**
 * Ports for those who do not care. A keyed hash of the destination says where to begin, a counter moves on: successive
 * connections to one destination get different ports, and nobody else can tell which come next.
 *
 * @see RFC 6056 section 3.3.4, the double-hash algorithm
 */
export class EphemeralPorts {
  readonly #first: number
  readonly #count: number
  readonly #secrets: Secrets
  readonly #random: RandomSource
  readonly #counters: Uint32Array

  constructor(first: number, last: number, secrets: Secrets, random: RandomSource) {
    this.#first = first
    this.#count = last - first + 1
    this.#secrets = secrets
    this.#random = random
    this.#counters = Uint32Array.from({ length: COUNTERS }, () => random.u32())
  }

  /** A port that `isFree`, for a tuple without a local port, or `undefined` if there is none. */
  choose(tuple: Tuple, isFree: (port: number) => boolean): number | undefined {
    const offset = this.#secrets.portOffset(tuple)
    const slot = (offset >>> 16) & (COUNTERS - 1)
    // A random step, so that the number of connections in between cannot be counted.
    this.#counters[slot]! += 1 + (this.#random.u32() & 7)
    const start = (offset + this.#counters[slot]!) % this.#count
    for (let i = 0; i < this.#count; i++) {
      const port = this.#first + ((start + i) % this.#count)
      if (isFree(port)) return port
    }
    return undefined
  }
}
