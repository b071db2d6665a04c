import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isZtError } from '@zt/sansio'
import { memoryHardHash, poly1305, Salsa20 } from '../src/index.js'
import { RandomBytes } from './random-bytes.js'
import { referencePoly1305 } from './reference/poly1305.js'
import { referenceSalsaBlock } from './reference/salsa20.js'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
/** Bytes that carry: mostly all ones, some zeros, some others. */
const extreme = (minLength: number, maxLength: number) =>
  fc
    .array(fc.oneof({ weight: 6, arbitrary: fc.constant(255) }, fc.constant(0), fc.nat(255)), { minLength, maxLength })
    .map((values) => Uint8Array.from(values))

describe('poly1305', () => {
  test('equals the reference', () => {
    fc.assert(
      fc.property(bytes(32), fc.uint8Array({ maxLength: 300 }), (key, message) => {
        expect(poly1305(key, message)).toEqual(referencePoly1305(key, message))
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  test('equals the reference where carries run far', () => {
    fc.assert(
      fc.property(extreme(32, 32), extreme(0, 100), (key, message) => {
        expect(poly1305(key, message)).toEqual(referencePoly1305(key, message))
      }),
      { seed: 2, numRuns: 500 },
    )
  })

  test('reduces sums next to the prime', () => {
    // With r = 1 the sum is the message: one block of 2^128 + low gives every remainder near 2^130 - 5 after three more.
    const key = new Uint8Array(32)
    key[0] = 1
    const ones = new Uint8Array(48).fill(0xff)
    for (let low = 0; low < 256; low++) {
      const message = new Uint8Array(64).fill(0xff)
      message.set(ones)
      message[48] = low
      expect(poly1305(key, message)).toEqual(referencePoly1305(key, message))
      message.fill(0, 49)
      expect(poly1305(key, message.subarray(0, 49))).toEqual(referencePoly1305(key, message.subarray(0, 49)))
    }
  })

  test('refuses another key length', () => {
    expect(() => poly1305(new Uint8Array(31), new Uint8Array(0))).toThrow(
      expect.toSatisfy((e) => isZtError(e, 'ZT_ARG_INVALID')),
    )
  })
})

describe('Salsa20', () => {
  test.each([12, 20] as const)('equals the reference with %i rounds, each call on a fresh block', (rounds) => {
    fc.assert(
      fc.property(bytes(32), bytes(8), fc.array(fc.nat(150), { maxLength: 6 }), (key, nonce, chunks) => {
        const salsa = new Salsa20(key, nonce, rounds)
        let block = 0
        for (const length of chunks) {
          const text = new Uint8Array(length + 3)
          salsa.xor(text, 3, length)
          const expected = new Uint8Array(length + 3)
          for (let at = 0; at < length; at += 64, block++) {
            expected.set(referenceSalsaBlock(key, nonce, block, rounds).subarray(0, length - at), 3 + at)
          }
          expect(text).toEqual(expected)
        }
      }),
      { seed: 3, numRuns: 60 },
    )
  })

  test('leaves nothing of the key when wiped', () => {
    const salsa = new Salsa20(new Uint8Array(32).fill(1), new Uint8Array(8), 12)
    salsa.wipe()
    expect(salsa.nextBlock()).toEqual(new Int32Array(16))
  })

  test.each([
    [31, 8],
    [32, 7],
  ])('refuses a key of %i and a nonce of %i bytes', (key, nonce) => {
    expect(() => new Salsa20(new Uint8Array(key), new Uint8Array(nonce), 12)).toThrow(
      expect.toSatisfy((e) => isZtError(e, 'ZT_ARG_INVALID')),
    )
  })
})

describe('memoryHardHash', () => {
  test('depends on every byte of the key, and not on what the memory held', () => {
    const random = new RandomBytes(4)
    const publicKey = random.bytes(64)
    const digest = memoryHardHash(publicKey)
    publicKey[63]! ^= 1
    const other = memoryHardHash(publicKey)
    expect(other).not.toEqual(digest)
    publicKey[63]! ^= 1
    expect(memoryHardHash(publicKey, new Int32Array(524_288).fill(7))).toEqual(digest)
  })

  test('refuses other keys and too little memory', () => {
    const invalid = expect.toSatisfy((e) => isZtError(e, 'ZT_ARG_INVALID'))
    expect(() => memoryHardHash(new Uint8Array(32))).toThrow(invalid)
    expect(() => memoryHardHash(new Uint8Array(64), new Int32Array(1024))).toThrow(invalid)
  })
})
