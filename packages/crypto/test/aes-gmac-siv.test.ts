import { createCipheriv, createDecipheriv } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isZtError, parseHex } from '@zt/sansio'
import { AesGmacSiv, type AesKey, type AesPort, portableAes, SessionKeys } from '../src/index.js'
import { RandomBytes } from './random-bytes.js'

/** The port over another implementation: both a check of the portable one and of what the port promises. */
const nodeAes: AesPort = {
  importKey(key): AesKey {
    const raw = Buffer.from(key)
    return {
      encryptBlock(bytes, at) {
        bytes.set(createCipheriv('aes-256-ecb', raw, null).update(bytes.subarray(at, at + 16)), at)
      },
      decryptBlock(bytes, at) {
        const decipher = createDecipheriv('aes-256-ecb', raw, null).setAutoPadding(false)
        bytes.set(decipher.update(bytes.subarray(at, at + 16)), at)
      },
      ctr(counter, bytes, at, length) {
        bytes.set(createCipheriv('aes-256-ctr', raw, counter).update(bytes.subarray(at, at + length)), at)
      },
      gmac(nonce, head, bytes, at, length, tag) {
        const padded = Buffer.alloc((head.length + 15) & ~15)
        padded.set(head)
        const gcm = createCipheriv('aes-256-gcm', raw, nonce)
        gcm.setAAD(Buffer.concat([padded, bytes.subarray(at, at + length)]))
        gcm.final()
        tag.set(gcm.getAuthTag())
      },
      wipe() {
        raw.fill(0)
      },
    }
  },
}

const agreement = new RandomBytes(1).bytes(48)
const siv = new AesGmacSiv()

describe('AES-GMAC-SIV', () => {
  const ours = new SessionKeys(agreement)
  const theirs = new SessionKeys(agreement, nodeAes)

  test('gives the same bytes over another AES, and opens what was sealed', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.uint8Array({ maxLength: 500 }),
        fc.nat(20),
        (aad, text, offset) => {
          const [iv, tag, at] = [offset, offset + 8, offset + 16]
          const bytes = new RandomBytes(text.length).bytes(at + text.length + 20)
          bytes.set(text, at)
          const before = bytes.slice()
          const other = bytes.slice()
          siv.seal(ours, aad, bytes, iv, at, text.length, tag)
          siv.seal(theirs, aad, other, iv, at, text.length, tag)
          expect(bytes).toEqual(other)

          expect(siv.open(ours, aad, bytes, iv, at, text.length, tag)).toBe(true)
          before.set(other.subarray(iv, iv + 16), iv)
          expect(bytes).toEqual(before)
          expect(siv.open(theirs, aad, other, iv, at, text.length, tag)).toBe(true)
          expect(other).toEqual(before)
        },
      ),
      { seed: 1, numRuns: 150 },
    )
  })

  test('gives every bit a say, and leaves a forgery as it came', () => {
    const aad = new Uint8Array(11).fill(9)
    for (const length of [0, 1, 37]) {
      const bytes = new RandomBytes(2).bytes(16 + length)
      siv.seal(ours, aad, bytes, 0, 16, length, 8)
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        bytes[bit >> 3]! ^= 1 << (bit & 7)
        const forged = bytes.slice()
        expect(siv.open(ours, aad, bytes, 0, 16, length, 8)).toBe(false)
        expect(bytes).toEqual(forged)
        bytes[bit >> 3]! ^= 1 << (bit & 7)
      }
      aad[0]! ^= 1
      expect(siv.open(ours, aad, bytes, 0, 16, length, 8)).toBe(false)
      aad[0]! ^= 1
      expect(siv.open(ours, aad, bytes, 0, 16, length, 8)).toBe(true)
    }
  })

  test('carries from byte to byte of the counter', () => {
    const counter = parseHex('000102030405060708090a0b00fffffe')
    const [one, other] = [new Uint8Array(100), new Uint8Array(100)]
    portableAes.importKey(agreement.subarray(0, 32)).ctr(counter, one, 0, 100)
    nodeAes.importKey(agreement.subarray(0, 32)).ctr(counter, other, 0, 100)
    expect(one).toEqual(other)
  })
})

describe('SessionKeys', () => {
  test('derives the keys of a known agreement', () => {
    const keys = new SessionKeys(
      parseHex('6f6623c15d11d6e7c15edbde91877d50ebdfb24dd62798df3f4c9e788422748955b7c0dd43bb238c5e7b8344ad43e46f'),
    )
    expect(keys.salsa).toEqual(parseHex('6f6623c15d11d6e7c15edbde91877d50ebdfb24dd62798df3f4c9e7884227489'))
    // What upstream computes with them: the hash key H, and the tag of a packet.
    const block = new Uint8Array(16)
    keys.k0.encryptBlock(block, 0)
    expect(block).toEqual(parseHex('f6cf0b988bff588c4b6dd7e02e586cfd'))
    const tag = parseHex('0102030405060708325a036b1ee93170')
    keys.k1.encryptBlock(tag, 0)
    expect(tag).toEqual(parseHex('b1303903189c92df3e432e93e835fbb7'))
  })

  test('makes AES keys only when they are used, and once', () => {
    let made = 0
    const keys = new SessionKeys(agreement, { importKey: (key) => (made++, portableAes.importKey(key)) })
    expect(made).toBe(0)
    expect(keys.k0).toBe(keys.k0)
    expect(keys.k1).not.toBe(keys.k0)
    expect(made).toBe(2)
  })

  test('keeps nothing when wiped', () => {
    const mine = agreement.slice()
    const wiped: Uint8Array[] = []
    const keys = new SessionKeys(mine, {
      importKey: (key) => ({ ...nodeAes.importKey(key), wipe: () => wiped.push(key) }),
    })
    expect([keys.k0, keys.k1]).toHaveLength(2)
    keys.wipe()
    expect(keys.salsa).toEqual(new Uint8Array(32))
    expect(wiped).toEqual([new Uint8Array(32), new Uint8Array(32)])
    expect(() => keys.k0).toThrow(expect.toSatisfy((error) => isZtError(error, 'ZT_CLOSED')))
    expect(mine).toEqual(agreement)
  })

  test('refuses what is not an agreement or a key', () => {
    const invalid = expect.toSatisfy((error) => isZtError(error, 'ZT_ARG_INVALID'))
    expect(() => new SessionKeys(new Uint8Array(32))).toThrow(invalid)
    expect(() => portableAes.importKey(new Uint8Array(16))).toThrow(invalid)
  })
})
