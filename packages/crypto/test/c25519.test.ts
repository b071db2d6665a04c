import { createPrivateKey, createPublicKey, diffieHellman, sign as nodeSign, verify as nodeVerify } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isZtError } from '@zt/sansio'
import { agree, generateKeyPair, publicKeyOf, sha512, sign, verify, x25519Raw } from '../src/index.js'
import { RandomBytes } from './random-bytes.js'

const random = new RandomBytes(1)
const alice = generateKeyPair(random)
const bob = generateKeyPair(random)
const message = new TextEncoder().encode('hello zerotier')
const invalid = expect.toSatisfy((error) => isZtError(error, 'ZT_ARG_INVALID'))

/** Raw keys as Node takes them: DER with a fixed prefix. */
const OID = { x25519: 0x6e, ed25519: 0x70 }
const privateKey = (kind: keyof typeof OID, raw: Uint8Array) =>
  createPrivateKey({
    key: Buffer.concat([
      Buffer.from([0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, OID[kind], 4, 0x22, 4, 0x20]),
      raw,
    ]),
    format: 'der',
    type: 'pkcs8',
  })
const publicKey = (kind: keyof typeof OID, raw: Uint8Array) =>
  createPublicKey({
    key: Buffer.concat([Buffer.from([0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, OID[kind], 3, 0x21, 0]), raw]),
    format: 'der',
    type: 'spki',
  })

describe('agreement', () => {
  test('is the same for both sides, and what another implementation computes', () => {
    const key = agree(alice.secretKey, bob.publicKey)
    expect(key).toEqual(agree(bob.secretKey, alice.publicKey))
    const raw = diffieHellman({
      privateKey: privateKey('x25519', alice.secretKey.subarray(0, 32)),
      publicKey: publicKey('x25519', bob.publicKey.subarray(0, 32)),
    })
    expect(key).toEqual(sha512(raw).subarray(0, 48))
  })

  test('takes any bytes for a key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (key) => {
        expect(agree(alice.secretKey, key)).toHaveLength(48)
      }),
      { seed: 1, numRuns: 20 },
    )
    expect(x25519Raw(alice.secretKey.subarray(0, 32), new Uint8Array(32))).toEqual(new Uint8Array(32))
  })

  test('refuses other lengths', () => {
    expect(() => agree(alice.secretKey, bob.publicKey.subarray(1))).toThrow(invalid)
    expect(() => agree(alice.secretKey.subarray(1), bob.publicKey)).toThrow(invalid)
    expect(() => publicKeyOf(alice.secretKey.subarray(1))).toThrow(invalid)
    expect(() => x25519Raw(new Uint8Array(31), new Uint8Array(32))).toThrow(invalid)
  })
})

describe('signatures', () => {
  test('are Ed25519 over the first half of the hash, followed by it', () => {
    const signature = sign(alice.secretKey, message)
    const prehash = sha512(message).subarray(0, 32)
    expect(signature.subarray(0, 64)).toEqual(
      new Uint8Array(nodeSign(null, prehash, privateKey('ed25519', alice.secretKey.subarray(32)))),
    )
    expect(signature.subarray(64)).toEqual(prehash)
    expect(verify(alice.publicKey, message, signature)).toBe(true)
  })

  test('belong to one key and one message', () => {
    const signature = sign(alice.secretKey, message)
    expect(verify(bob.publicKey, message, signature)).toBe(false)
    expect(verify(alice.publicKey, message.subarray(1), signature)).toBe(false)
    for (const at of [0, 31, 32, 63, 64, 95]) {
      const forged = signature.slice()
      forged[at]! ^= 1
      expect(verify(alice.publicKey, message, forged)).toBe(false)
    }
  })

  test('are judged as another implementation judges them, before and after a key has its table', () => {
    const raw = alice.publicKey.subarray(32)
    const key = createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(raw).toString('base64url') },
      format: 'jwk',
    })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.option(fc.nat(511)), (text, flipped) => {
        const signature = sign(alice.secretKey, text)
        if (flipped !== null) signature[flipped >> 3]! ^= 1 << (flipped & 7)
        const expected = nodeVerify(null, sha512(text).subarray(0, 32), key, signature.subarray(0, 64))
        expect(verify(alice.publicKey, text, signature)).toBe(expected)
        expect(expected).toBe(flipped === null)
      }),
      { seed: 4, numRuns: 60 },
    )
  })

  test('of a key of small order are refused', () => {
    const key = new Uint8Array(64)
    key[32] = 1 // the neutral element
    const prehash = sha512(message).subarray(0, 32)
    const signature = Uint8Array.from([1, ...new Array<number>(63).fill(0), ...prehash])
    expect(verify(key, message, signature)).toBe(false)
  })

  test('of any shape never make verification throw', () => {
    const prehash = sha512(message).subarray(0, 32)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), fc.uint8Array({ maxLength: 100 }), (key, signature) => {
        expect(verify(key, message, signature)).toBe(false)
      }),
      { seed: 2, numRuns: 100 },
    )
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        (key, signature) => {
          // With the right hash behind it, so that the bytes reach the curve.
          expect(verify(key, message, Uint8Array.from([...signature, ...prehash]))).toBe(false)
        },
      ),
      { seed: 3, numRuns: 50 },
    )
  })

  test('cannot be made with a key of another length', () => {
    expect(() => sign(alice.secretKey.subarray(1), message)).toThrow(invalid)
  })
})
