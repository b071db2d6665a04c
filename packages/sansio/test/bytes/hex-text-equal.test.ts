import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  compareBytes,
  equalBytes,
  equalSecret,
  formatHex,
  fromLatin1,
  isZtError,
  latin1,
  parseHex,
} from '../../src/index.js'

describe('hexadecimal', () => {
  test('round-trips any bytes, in either case', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(parseHex(formatHex(bytes))).toEqual(new Uint8Array(bytes))
        expect(parseHex(formatHex(bytes).toUpperCase())).toEqual(new Uint8Array(bytes))
      }),
    )
  })

  test.each(['0', '0g', '0x00', ' 00', '00 '])('refuses %j', (text) => {
    expect(() => parseHex(text)).toThrow(expect.toSatisfy((error) => isZtError(error, 'ZT_ARG_INVALID')))
  })

  test('does not repeat what it refuses, which may be a key', () => {
    expect(() => parseHex('secret')).toThrow(/got 6 characters$/)
  })
})

describe('latin1', () => {
  test('round-trips any bytes, beyond one chunk too', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 10_000 }),
        (bytes) => void expect(fromLatin1(latin1(bytes))).toEqual(new Uint8Array(bytes)),
      ),
    )
  })
})

describe('comparison', () => {
  const pair = fc.tuple(fc.uint8Array({ maxLength: 6 }), fc.uint8Array({ maxLength: 6 }))

  test('equalBytes and equalSecret are equality', () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const same = formatHex(a) === formatHex(b)
        expect([equalBytes(a, b), equalSecret(a, b)]).toEqual([same, same])
        expect([equalBytes(a, a.slice()), equalSecret(a, a.slice())]).toEqual([true, true])
      }),
    )
  })

  test('compareBytes orders as hexadecimal text does', () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const [x, y] = [formatHex(a), formatHex(b)]
        expect(Math.sign(compareBytes(a, b))).toBe(x < y ? -1 : x > y ? 1 : 0)
      }),
    )
  })
})
