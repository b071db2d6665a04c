import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeUtf8, encodeUtf8 } from '../src/utf8.js'
import * as any from './arbitraries.js'

describe('UTF-8', () => {
  it('is what everybody else writes', () => {
    fc.assert(
      fc.property(any.text, (text) => {
        expect(encodeUtf8(text)).toEqual(new Uint8Array(Buffer.from(text, 'utf8')))
        expect(decodeUtf8(encodeUtf8(text))).toBe(text)
      }),
    )
  })

  it('loses no byte, valid or not', () => {
    const bytes = fc.oneof(
      any.bytes(0, 40),
      fc
        .array(fc.constantFrom(0x41, 0x80, 0xbf, 0xc2, 0xe0, 0xa0, 0xed, 0xf0, 0x90, 0xf4, 0xff))
        .map((list) => Uint8Array.from(list)),
    )
    fc.assert(
      fc.property(bytes, (raw) => {
        expect(encodeUtf8(decodeUtf8(raw))).toEqual(raw)
      }),
      { numRuns: 500 },
    )
  })

  it('takes for characters what the standard decoder takes for them, and nothing else', () => {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const isValid = (raw: Uint8Array): boolean => {
      try {
        decoder.decode(raw)
        return true
      } catch {
        return false
      }
    }
    fc.assert(
      fc.property(any.bytes(0, 4), (raw) => {
        expect(/[\udc80-\udcff]/u.test(decodeUtf8(raw))).toBe(!isValid(raw))
      }),
      { numRuns: 2000 },
    )
  })

  it('writes a question mark for what is no character', () => {
    expect(decodeUtf8(encodeUtf8('a\ud800b'))).toBe('a\ufffdb')
  })
})
