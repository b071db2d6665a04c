import { randomFillSync } from 'node:crypto'
import type { RandomSource } from '@zt/sansio'

/** The system's generator, asked for a pool at a time. What was handed out is erased from the pool. */
export class SystemRandom implements RandomSource {
  readonly #pool = Buffer.allocUnsafeSlow(POOL_BYTES)
  #at = POOL_BYTES

  fill<T extends Uint8Array>(into: T): T {
    if (into.length > POOL_BYTES / 8) return randomFillSync(into)
    const at = this.#take(into.length)
    into.set(this.#pool.subarray(at, at + into.length))
    this.#pool.fill(0, at, at + into.length)
    return into
  }

  u32(): number {
    const at = this.#take(4)
    const value = this.#pool.readUInt32LE(at)
    this.#pool.fill(0, at, at + 4)
    return value
  }

  #take(length: number): number {
    if (this.#at + length > POOL_BYTES) {
      randomFillSync(this.#pool)
      this.#at = 0
    }
    const at = this.#at
    this.#at += length
    return at
  }
}

const POOL_BYTES = 8192
