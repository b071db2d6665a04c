import type { Instant, RandomSource } from '@zt/sansio'
import type { Seq } from '../seq.js'
import type { Tuple } from '../tuple-table.js'
import { SipHash } from './sip-hash.js'

/** What a hash is for, so that one cannot be computed from another. */
const Purpose = { ISS: 1, TIMESTAMP: 2, PORT: 3 } as const

/**
 * Numbers that must be unpredictable for everybody but this host, and still grow with time for each pair of ends: a
 * clock, plus a keyed hash of the pair.
 *
 * @see RFC 6528 section 3 (ISS), RFC 7323 section 5.4 (timestamps), RFC 6056 section 3.3.4 (ports)
 */
export class Secrets {
  readonly #hash: SipHash
  readonly #words = new Int32Array(10)

  constructor(random: RandomSource) {
    this.#hash = SipHash.withRandomKey(random)
  }

  /** The initial send sequence number: the clock ticks every 4 µs. */
  initialSequence(tuple: Tuple, now: Instant): Seq {
    return (this.#of(tuple, Purpose.ISS) + Math.floor((now * 250) % 0x1_0000_0000)) | 0
  }

  /** What is added to the clock in our timestamps. */
  timestampOffset(tuple: Tuple): number {
    return this.#of(tuple, Purpose.TIMESTAMP)
  }

  /** Where to begin looking for a port: the same for the same destination, which `counter` then moves on from. */
  portOffset(tuple: Tuple): number {
    return this.#of({ ...tuple, ports: tuple.ports & ~0xffff }, Purpose.PORT) >>> 0
  }

  #of(t: Tuple, purpose: number): number {
    const w = this.#words
    w[0] = t.r0
    w[1] = t.r1
    w[2] = t.r2
    w[3] = t.r3
    w[4] = t.l0
    w[5] = t.l1
    w[6] = t.l2
    w[7] = t.l3
    w[8] = t.ports
    w[9] = purpose
    return this.#hash.hash(w)
  }
}
