import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseHex } from '@zt/sansio'

/** A file of cases recorded from ZeroTierOne; `fixtures/vectors/README.md` says what is in it. */
export class VectorFile {
  readonly #cases: readonly { readonly kind: string }[]

  /** From the folder `ZT_VECTORS`, or from the repository. */
  constructor(name: string) {
    const folder = process.env.ZT_VECTORS ?? fileURLToPath(new URL('../../../fixtures/vectors', import.meta.url))
    this.#cases = (JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as { cases: { kind: string }[] }).cases
  }

  /** All cases of a kind. `T` is what the test knows of their fields. */
  cases<T>(kind: string): readonly T[] {
    return this.#cases.filter((c) => c.kind === kind) as unknown as readonly T[]
  }

  /** Every kind in the file, so that a test can tell that it leaves none out. */
  get kinds(): string[] {
    return [...new Set(this.#cases.map(({ kind }) => kind))].sort()
  }
}

/** Hexadecimal digits of an address or a MAC as a number. */
export function hexNumber(text: string): number {
  return Number.parseInt(text, 16)
}

export { parseHex as hex }
