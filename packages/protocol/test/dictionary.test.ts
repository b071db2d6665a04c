import { formatHex, fromLatin1, latin1 } from '@zt/sansio'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Dictionary } from '../src/index.js'
import * as any from './arbitraries.js'

describe('Dictionary', () => {
  it('gives back every value, whatever its bytes', () => {
    fc.assert(
      fc.property(any.dictionary, (entries) => {
        const dictionary = new Dictionary()
        for (const [key, value] of entries) expect(dictionary.set(key, value)).toBe(true)
        const bytes = dictionary.encode()
        expect(bytes.length).toBe(dictionary.length)
        expect(bytes.includes(0)).toBe(false)
        const read = Dictionary.decode(bytes)
        expect([...read.keys()]).toEqual(entries.map(([key]) => key))
        for (const [key, value] of entries) expect(formatHex(read.get(key) ?? new Uint8Array(1))).toBe(formatHex(value))
        expect(formatHex(read.encode())).toBe(formatHex(bytes))
      }),
    )
  })

  it('reads any bytes, and what it read reads the same again', () => {
    const soup = fc
      .array(fc.constantFrom(...'ab=\\\n\r\0e0'), { maxLength: 60 })
      .map((parts) => fromLatin1(parts.join('')))
    fc.assert(
      fc.property(fc.oneof(soup, any.bytes(0, 200)), (bytes) => {
        const once = Dictionary.decode(bytes)
        const again = Dictionary.decode(once.encode())
        // Escapes make values longer, never keys: what was a key before is one after.
        for (const key of once.keys()) expect(again.get(key)).toEqual(once.get(key))
      }),
      { numRuns: 500 },
    )
  })

  it('keeps numbers, texts and booleans', () => {
    fc.assert(
      fc.property(
        any.u64,
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        any.text,
        any.address,
        fc.boolean(),
        (u, i, text, address, b) => {
          const written = new Dictionary()
          written.setU64('u', u)
          written.setI64('i', i)
          written.setText('t', text)
          written.setAddress('a', address)
          written.setBool('b', b)
          const read = Dictionary.decode(written.encode())
          expect(read.u64('u')).toBe(u)
          expect(read.i64('i')).toBe(i)
          expect(read.text('t')).toBe(text)
          expect(read.address('a')).toBe(address)
          expect(read.bool('b')).toBe(b)
        },
      ),
    )
  })

  it('has fallbacks for what is missing', () => {
    const dictionary = new Dictionary()
    expect(dictionary.get('x')).toBeUndefined()
    expect(dictionary.text('x')).toBeUndefined()
    expect(dictionary.u64('x', 7n)).toBe(7n)
    expect(dictionary.number('x', 2800)).toBe(2800)
    expect(dictionary.i64('x', -1n)).toBe(-1n)
    expect(dictionary.bool('x', true)).toBe(true)
  })

  it('is bounded: what does not fit changes nothing', () => {
    const dictionary = new Dictionary(10)
    expect(dictionary.set('k', fromLatin1('12345'))).toBe(true)
    expect(dictionary.length).toBe(7)
    expect(dictionary.set('n', fromLatin1('1'))).toBe(false)
    expect(dictionary.set('k', fromLatin1('12345678'))).toBe(true)
    expect(dictionary.length).toBe(10)
    expect(dictionary.set('k', fromLatin1('1234567='))).toBe(false)
    expect(latin1(dictionary.encode())).toBe('k=12345678')
  })

  it('replaces a value in its place', () => {
    const dictionary = new Dictionary()
    dictionary.setText('a', '1')
    dictionary.setText('b', '2')
    dictionary.setText('a', 'longer')
    expect(latin1(dictionary.encode())).toBe('a=longer\nb=2')
    expect(dictionary.length).toBe(12)
  })

  it('takes time in proportion to its input', () => {
    const hostile = fromLatin1('\\'.repeat(200_000) + '='.repeat(200_000) + '\n'.repeat(100_000))
    expect([...Dictionary.decode(hostile).keys()].length).toBe(1)
  })
})
