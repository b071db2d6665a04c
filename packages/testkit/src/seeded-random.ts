import type { RandomSource } from '@zt/sansio'

/**
 * Repeatable chance: xoshiro128** (Blackman and Vigna), its state filled from the seed by a hash. Fine for simulations,
 * never for keys that protect something. Put `seed` in the message of whatever fails; `withSeed` does it for you.
 */
export class SeededRandom implements RandomSource {
  readonly seed: number | string
  #a: number
  #b: number
  #c: number
  #d: number

  constructor(seed: number | string = 1) {
    this.seed = seed
    const next = mixer(`${seed}`)
    this.#a = next()
    this.#b = next()
    this.#c = next()
    this.#d = next() | 1 // the all-zero state is the one that never leaves itself
  }

  u32(): number {
    const product = Math.imul(this.#b, 5)
    const result = Math.imul((product << 7) | (product >>> 25), 9)
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = (this.#d << 11) | (this.#d >>> 21)
    return result >>> 0
  }

  fill<T extends Uint8Array>(into: T): T {
    for (let i = 0; i < into.length;) {
      let word = this.u32()
      for (let n = 0; n < 4 && i < into.length; n++, word >>>= 8) into[i++] = word
    }
    return into
  }

  /** `length` random bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    return this.fill(new Uint8Array(length))
  }

  /** From 0 (inclusive) to 1 (exclusive). */
  float(): number {
    return this.u32() / 0x1_0000_0000
  }

  /** An integer from 0 (inclusive) to `n` (exclusive). */
  below(n: number): number {
    return Math.floor(this.float() * n)
  }

  /** True with this probability. Draws nothing for 0, so that switching an impairment off changes nothing else. */
  chance(probability: number): boolean {
    return probability > 0 && this.float() < probability
  }

  /** One of these. */
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]
  }

  /** An independent stream for a part of the simulation: what one part draws does not shift what another sees. */
  fork(label: string): SeededRandom {
    return new SeededRandom(`${this.seed}/${label}`)
  }
}

/** Run something that depends on a seed; if it fails, the message says which seed repeats it. */
export function withSeed<T>(seed: number | string, run: (random: SeededRandom) => T): T {
  const blame = (error: unknown): never => {
    if (error instanceof Error) error.message += ` (seed ${JSON.stringify(seed)})`
    throw error
  }
  try {
    const result = run(new SeededRandom(seed))
    return result instanceof Promise ? (result.catch(blame) as T) : result
  } catch (error) {
    return blame(error)
  }
}

/** 32-bit words from a text: FNV-1a to gather it, then the finaliser of MurmurHash3 over a Weyl sequence. */
function mixer(text: string): () => number {
  let state = 0x811c9dc5
  for (let i = 0; i < text.length; i++) state = Math.imul(state ^ text.charCodeAt(i), 0x01000193)
  return () => {
    state = (state + 0x9e3779b9) | 0
    let word = state ^ (state >>> 16)
    word = Math.imul(word, 0x85ebca6b)
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
    return (word ^ (word >>> 16)) | 0
  }
}
