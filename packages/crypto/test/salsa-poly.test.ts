import { afterEach, describe, expect, test, vi } from 'vitest'
import { isZtError } from '@zt/sansio'
import { createSalsaPoly, MAX_SALSA_POLY_LENGTH, type SalsaPoly } from '../src/index.js'
import { RandomBytes } from './random-bytes.js'
import { referenceSeal } from './reference/salsa-poly.js'

/** nonce | tag | text, with a margin on both sides that must stay as it is. */
const NONCE = 0
const TAG = 8
const TEXT = 16
const MARGIN = 80
const UNTOUCHED = 0xa5

interface Sample {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  readonly text: Uint8Array
  readonly sealed: Uint8Array
  readonly tag: Uint8Array
  readonly encrypt: boolean
}

function sample(random: RandomBytes, length: number, encrypt: boolean, allOnes = false): Sample {
  const key = allOnes ? new Uint8Array(32).fill(0xff) : random.bytes(32)
  const nonce = random.bytes(8)
  const text = allOnes ? new Uint8Array(length).fill(0xff) : random.bytes(length)
  const { text: sealed, tag } = referenceSeal(key, nonce, text, encrypt)
  return { key, nonce, text, sealed, tag, encrypt }
}

/** Seal and open one sample within `bytes`, `from` being where its margin begins, and compare every byte around. */
function check(engine: SalsaPoly, of: Sample, bytes: Uint8Array, from: number): void {
  const length = of.text.length
  const whole = bytes.subarray(from, from + 2 * MARGIN + TEXT + length).fill(UNTOUCHED)
  const base = from + MARGIN
  bytes.set(of.nonce, base + NONCE)
  bytes.set(of.text, base + TEXT)
  const expected = whole.slice()
  expected.set(of.tag, MARGIN + TAG)
  expected.set(of.sealed, MARGIN + TEXT)

  engine.seal(of.key, bytes, base + NONCE, base + TEXT, length, of.encrypt, base + TAG)
  expectSame(whole, expected)

  // Not authentic: one bit of the tag, of the nonce, or of the text.
  for (const at of length === 0 ? [TAG + 7, NONCE] : [TAG + 7, NONCE, TEXT, TEXT + length - 1]) {
    bytes[base + at]! ^= 0x10
    expected[MARGIN + at]! ^= 0x10
    expect(engine.open(of.key, bytes, base + NONCE, base + TEXT, length, of.encrypt, base + TAG)).toBe(false)
    expectSame(whole, expected)
    bytes[base + at]! ^= 0x10
    expected[MARGIN + at]! ^= 0x10
  }

  expected.set(of.text, MARGIN + TEXT)
  expect(engine.open(of.key, bytes, base + NONCE, base + TEXT, length, of.encrypt, base + TAG)).toBe(true)
  expectSame(whole, expected)
}

/** Comparing buffers natively: the matcher's own comparison would take most of the run. */
function expectSame(actual: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(actual, expected) !== 0) expect(actual).toEqual(expected)
}

for (const prefer of ['wasm-simd', 'js'] as const) {
  describe(`the ${prefer} engine`, () => {
    const engine = createSalsaPoly({ prefer })
    const foreign = new Uint8Array(16_384)

    test('is the one that was asked for, with its arena', () => {
      expect(engine.name).toBe(prefer)
      expect(engine.memory.length).toBe(2 << 20)
      expect(createSalsaPoly({ prefer, arenaBytes: 100 }).memory.length).toBe(100)
    })

    test('equals the reference at every length to 600, in place and over foreign memory, at every alignment', () => {
      const random = new RandomBytes(1)
      for (let length = 0; length <= 600; length++) {
        const of = sample(random, length, length % 5 !== 0)
        check(engine, of, engine.memory, random.below(64))
        check(engine, of, foreign, random.below(64))
      }
    })

    test('equals the reference at random lengths to 10 KB', () => {
      const random = new RandomBytes(2)
      for (let i = 0; i < 12; i++) {
        const of = sample(random, 601 + random.below(9_600), true)
        check(engine, of, engine.memory, random.below(1 << 20))
        check(engine, of, foreign, random.below(64))
      }
    })

    test('carries right where every bit is set', () => {
      const random = new RandomBytes(3)
      for (let length = 0; length <= 320; length++)
        check(engine, sample(random, length, length % 2 === 0, true), engine.memory, 3)
      for (const length of [1024, 2800, 10_000]) {
        check(engine, sample(random, length, true, true), engine.memory, 1)
        check(engine, sample(random, length, false, true), engine.memory, 1)
      }
    })

    test('works in place through views of its arena, and with its own key', () => {
      const random = new RandomBytes(4)
      const of = sample(random, 333, true)
      const view = engine.memory.subarray(4096, 8192)
      engine.key.set(of.key)
      check(engine, { ...of, key: engine.key }, view, 5)
      expect(engine.memory.subarray(4096 + 5 + MARGIN, 4096 + 5 + MARGIN + 8)).toEqual(of.nonce)
    })

    test('reaches the ends of its arena, and takes the longest text', () => {
      const random = new RandomBytes(5)
      const of = sample(random, 777, true)
      const end = engine.memory.length - TEXT - 777
      engine.memory.set(of.nonce, end)
      engine.memory.set(of.text, end + TEXT)
      engine.seal(of.key, engine.memory, end, end + TEXT, 777, true, end + TAG)
      expectSame(engine.memory.subarray(end + TEXT), of.sealed)

      const longest = new Uint8Array(TEXT + MAX_SALSA_POLY_LENGTH).fill(1)
      const copy = longest.slice()
      engine.seal(of.key, longest, NONCE, TEXT, MAX_SALSA_POLY_LENGTH, true, TAG)
      engine.memory.set(copy)
      engine.seal(of.key, engine.memory, NONCE, TEXT, MAX_SALSA_POLY_LENGTH, true, TAG)
      expectSame(engine.memory.subarray(0, longest.length), longest)
      expect(engine.open(of.key, longest, NONCE, TEXT, MAX_SALSA_POLY_LENGTH, true, TAG)).toBe(true)
      expectSame(longest.subarray(TEXT), copy.subarray(TEXT))
    })

    test('gives every sealed bit a say', () => {
      const random = new RandomBytes(6)
      for (const length of [1, 40, 300]) {
        const of = sample(random, length, true)
        const bytes = new Uint8Array(TEXT + length)
        bytes.set(of.nonce)
        bytes.set(of.tag, TAG)
        bytes.set(of.sealed, TEXT)
        for (let bit = 0; bit < 8 * bytes.length; bit++) {
          bytes[bit >> 3]! ^= 1 << (bit & 7)
          expect(engine.open(of.key, bytes, NONCE, TEXT, length, true, TAG)).toBe(false)
          bytes[bit >> 3]! ^= 1 << (bit & 7)
        }
        expect(engine.open(of.key, bytes, NONCE, TEXT, length, true, TAG)).toBe(true)
      }
    })

    test.each([
      ['text past the end', 32, 0, 16, 85, 8, 'ZT_ARG_INVALID'],
      ['text before the start', 32, 0, -1, 10, 8, 'ZT_ARG_INVALID'],
      ['a negative length', 32, 0, 16, -1, 8, 'ZT_ARG_INVALID'],
      ['a nonce past the end', 32, 93, 16, 10, 8, 'ZT_ARG_INVALID'],
      ['a tag past the end', 32, 0, 16, 10, 93, 'ZT_ARG_INVALID'],
      ['a short key', 31, 0, 16, 10, 8, 'ZT_ARG_INVALID'],
      ['too much text', 32, 0, 16, MAX_SALSA_POLY_LENGTH + 1, 8, 'ZT_TOO_LARGE'],
    ] as const)('refuses %s', (_what, keyLength, nonceAt, at, length, tagAt, code) => {
      const bytes = engine.memory.subarray(0, 100)
      const before = engine.memory.slice()
      for (const call of [
        () => engine.seal(new Uint8Array(keyLength), bytes, nonceAt, at, length, true, tagAt),
        () => engine.open(new Uint8Array(keyLength), bytes, nonceAt, at, length, true, tagAt),
      ]) {
        expect(call).toThrow(expect.toSatisfy((error) => isZtError(error, code)))
      }
      expectSame(engine.memory, before)
    })
  })
}

describe('createSalsaPoly', () => {
  afterEach(() => vi.unstubAllGlobals())

  test('gives every engine an arena of its own', () => {
    const [one, other] = [createSalsaPoly(), createSalsaPoly()]
    one.memory[0] = 1
    expect(other.memory[0]).toBe(0)
  })

  test('falls back to JavaScript without WebAssembly', () => {
    vi.stubGlobal('WebAssembly', undefined)
    expect(createSalsaPoly().name).toBe('js')
  })

  test('falls back to JavaScript where addresses are short', () => {
    vi.stubGlobal('WebAssembly', {
      validate: (bytes: Uint8Array<ArrayBuffer>) => WebAssembly.validate(bytes),
      Module: WebAssembly.Module,
      Memory: class {
        constructor() {
          throw new RangeError('could not allocate memory')
        }
      },
    })
    expect(createSalsaPoly().name).toBe('js')
  })

  test('falls back to JavaScript where SIMD is not known', async () => {
    vi.resetModules()
    vi.stubGlobal('WebAssembly', { ...WebAssembly, validate: () => false })
    const fresh = await import('../src/index.js')
    expect(fresh.createSalsaPoly({ prefer: 'wasm-simd' }).name).toBe('js')
  })
})
