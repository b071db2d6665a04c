import { describe, expect, test } from 'vitest'
import { formatHex, parseHex } from '@zt/sansio'
import { agree, HASHCASH_MEMORY_WORDS, memoryHardHash, publicKeyOf, sha512, sign, verify } from '../src/index.js'
import { type VectorCase, vectorCases } from './vector-file.js'

const cases = vectorCases('identity.json')
const ofKind = (kind: string): readonly VectorCase[] => {
  const found = cases.filter((of) => of.kind === kind)
  expect(found.length).toBeGreaterThan(0)
  return found
}

/** The keys in the text form `address:0:public[:secret]`. */
const publicIn = (text: unknown) => parseHex((text as string).split(':')[2]!)
const secretIn = (text: unknown) => parseHex((text as string).split(':')[3]!)

describe('identity.json', () => {
  test('public keys belong to their secret keys', () => {
    for (const of of ofKind('identity')) {
      expect(formatHex(publicKeyOf(parseHex(of.privateKey as string)))).toBe(of.publicKey)
    }
  })

  test('both sides agree', () => {
    for (const of of ofKind('agree')) {
      expect(formatHex(agree(secretIn(of.secretString), publicIn(of.publicString)))).toBe(of.key)
    }
  })

  test('signatures are the same bytes', () => {
    for (const of of ofKind('sign')) {
      expect(formatHex(sign(secretIn(of.secretString), parseHex(of.message as string)))).toBe(of.signature)
    }
  })

  test('verification agrees, except that s must be canonical', () => {
    for (const of of ofKind('verify')) {
      const valid = verify(
        parseHex(of.publicKey as string),
        parseHex(of.message as string),
        parseHex(of.signature as string),
      )
      expect(valid, of.why as string).toBe(of.why === 'malleable-s' ? false : of.valid)
    }
  })

  test('the memory-hard hash gives every address, over memory used before', () => {
    const memory = new Int32Array(HASHCASH_MEMORY_WORDS).fill(-1)
    for (const of of ofKind('address-derivation')) {
      const publicKey = parseHex(of.publicKey as string)
      expect(formatHex(sha512(publicKey))).toBe(of.initialDigest)
      const digest = memoryHardHash(publicKey, memory)
      expect(formatHex(digest)).toBe(of.finalDigest)
      expect(formatHex(digest.subarray(59))).toBe(of.address)
    }
  })
})
