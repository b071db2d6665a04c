import { randomBytes } from 'node:crypto'
import { AesGmacSiv, type AesKey, type AesPort, portableAes } from '@zt/crypto'
import { SeededRandom } from '@zt/testkit'
import { describe, expect, test } from 'vitest'
import { NodeAes } from '../src/index.js'

const random = new SeededRandom('node-aes')
const ours: AesPort = new NodeAes()

function both(): [AesKey, AesKey] {
  const key = random.bytes(32)
  return [ours.importKey(key), portableAes.importKey(key)]
}

describe('NodeAes agrees with the portable AES', () => {
  test('on blocks, in place, both ways', () => {
    const [native, portable] = both()
    for (let i = 0; i < 50; i++) {
      const at = random.below(20)
      const original = random.bytes(40)
      const [a, b] = [original.slice(), original.slice()]
      native.encryptBlock(a, at)
      portable.encryptBlock(b, at)
      expect(a).toEqual(b)
      native.decryptBlock(a, at)
      expect(a).toEqual(original)
    }
  })

  test.each([0, 1, 15, 16, 17, 64, 191, 192, 193, 1400, 2800, 4096, 4097, 10_000])(
    'on counter mode over %i bytes',
    (length) => {
      const [native, portable] = both()
      const counter = random.bytes(16)
      counter[12] &= 0x7f
      const kept = counter.slice()
      const at = random.below(8)
      const original = random.bytes(at + length + 5)
      const [a, b] = [original.slice(), original.slice()]
      native.ctr(counter, a, at, length)
      portable.ctr(counter, b, at, length)
      expect(a).toEqual(b)
      expect(counter).toEqual(kept)
      native.ctr(counter, a, at, length)
      expect(a).toEqual(original)
    },
  )

  test.each([0, 1, 10, 16, 33])('on GMAC with a head of %i bytes', (headLength) => {
    const [native, portable] = both()
    for (const length of [0, 1, 16, 100, 2800]) {
      const [nonce, head, bytes] = [random.bytes(12), random.bytes(headLength), random.bytes(length + 9)]
      const [a, b] = [new Uint8Array(16), new Uint8Array(16)]
      native.gmac(nonce, head, bytes, 3, length, a)
      portable.gmac(nonce, head, bytes, 3, length, b)
      expect(a).toEqual(b)
    }
  })

  test('on sealed packets', () => {
    const siv = new AesGmacSiv()
    const keys = [random.bytes(32), random.bytes(32)]
    const mine = { k0: ours.importKey(keys[0]), k1: ours.importKey(keys[1]) }
    const other = { k0: portableAes.importKey(keys[0]), k1: portableAes.importKey(keys[1]) }
    const aad = random.bytes(11)
    const packet = random.bytes(1000)
    const sealed = packet.slice()
    siv.seal(mine, aad, sealed, 0, 28, 972, 19)
    expect(siv.open(other, aad, sealed, 0, 28, 972, 19)).toBe(true)
    expect(sealed.subarray(28)).toEqual(packet.subarray(28))
  })
})

test('a key of the wrong length is refused', () => {
  expect(() => ours.importKey(randomBytes(16))).toThrow('expected a key of 32 bytes, got 16')
})

test('a wiped key is not used', () => {
  const key = ours.importKey(randomBytes(32))
  key.wipe()
  expect(() => key.encryptBlock(new Uint8Array(16), 0)).toThrow('wiped')
})
