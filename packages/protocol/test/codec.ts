import { ByteReader, ByteWriter, formatHex } from '@zt/sansio'
import fc from 'fast-check'
import { expect, it } from 'vitest'

/** A codec and what it is to be tried with. */
export interface Codec<T> {
  readonly records: fc.Arbitrary<T>
  readonly decode: (r: ByteReader) => T | undefined
  readonly encode: (w: ByteWriter, value: T) => unknown
  /**
   * What the layout says about bytes that are cut off: `refused`, or `shorter` where a list or payload goes to the end, or
   * the tail is optional.
   */
  readonly prefixes: 'refused' | 'shorter'
}

/** What must hold for every codec: it gives back what was put in, and strangers' bytes cannot make it throw. */
export function itIsACodec<T>({ records, decode, encode, prefixes }: Codec<T>, numRuns = 60): void {
  const encoded = (value: T): Uint8Array => {
    const w = new ByteWriter()
    encode(w, value)
    return w.finish()
  }
  /** What decodes must be a record like any other. */
  const tolerate = (bytes: Uint8Array): void => {
    const value = decode(new ByteReader(bytes))
    if (value !== undefined) expect(decode(new ByteReader(encoded(value)))).toEqual(value)
  }

  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(records, (value) => {
        const bytes = encoded(value)
        const r = new ByteReader(bytes)
        expect(decode(r)).toEqual(value)
        expect(r.ok).toBe(true)
        expect(r.remaining).toBe(0)
        expect(formatHex(encoded(value))).toBe(formatHex(bytes))
      }),
      { numRuns },
    )
  })

  it(`takes bytes that are cut off as ${prefixes}`, () => {
    fc.assert(
      fc.property(records, (value) => {
        const bytes = encoded(value)
        for (let length = 0; length < bytes.length; length++) {
          const cut = bytes.slice(0, length)
          if (prefixes === 'refused')
            expect(decode(new ByteReader(cut)), `${length} of ${bytes.length} bytes`).toBeUndefined()
          else tolerate(cut)
        }
      }),
      { numRuns: Math.ceil(numRuns / 6) },
    )
  })

  it('survives flipped bits', () => {
    fc.assert(
      fc.property(records, fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), (value, flips) => {
        const bytes = encoded(value)
        if (bytes.length === 0) return
        for (const flip of flips) bytes[(flip >> 3) % bytes.length] ^= 1 << (flip & 7)
        tolerate(bytes)
      }),
      { numRuns: 3 * numRuns },
    )
  })

  it('survives any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), tolerate), { numRuns: 3 * numRuns })
  })
}
