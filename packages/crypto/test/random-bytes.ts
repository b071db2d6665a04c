/** Seeded bytes and integers: the same in every run. */
export class RandomBytes {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** An unsigned 32-bit integer (mulberry32). */
  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }

  /** An integer in [0, end). */
  below(end: number): number {
    return this.u32() % end
  }

  fill<T extends Uint8Array>(into: T): T {
    for (let i = 0; i < into.length; i++) into[i] = this.u32()
    return into
  }

  bytes(length: number): Uint8Array<ArrayBuffer> {
    return this.fill(new Uint8Array(length))
  }
}
