import { describe, expect, test } from 'vitest'
import { formatHex, parseHex } from '@zt/sansio'
import { VectorFile } from '../../../fixtures/vector-file.js'
import { fillMemory } from '../src/hashcash.js'
import { agree, HASHCASH_MEMORY_WORDS, memoryHardHash, publicKeyOf, sha512, sign, verify } from '../src/index.js'

const file = new VectorFile('identity.json')

/** The keys in the text form `address:0:public[:secret]`. */
const publicIn = (text: unknown) => parseHex((text as string).split(':')[2]!)
const secretIn = (text: unknown) => parseHex((text as string).split(':')[3]!)

/** Words hold their bytes in little-endian order on every machine. */
function wordsInHex(words: Int32Array): string {
  return formatHex(Uint8Array.from({ length: 4 * words.length }, (_, i) => words[i >> 2]! >>> (8 * (i & 3))))
}

describe('identity.json', () => {
  test('public keys belong to their secret keys', () => {
    for (const of of file.cases('identity')) {
      expect(formatHex(publicKeyOf(parseHex(of.privateKey as string)))).toBe(of.publicKey)
    }
  })

  test('both sides agree', () => {
    for (const of of file.cases('agree')) {
      expect(formatHex(agree(secretIn(of.secretString), publicIn(of.publicString)))).toBe(of.key)
    }
  })

  test('signatures are the same bytes', () => {
    for (const of of file.cases('sign')) {
      expect(formatHex(sign(secretIn(of.secretString), parseHex(of.message as string)))).toBe(of.signature)
    }
  })

  test('verification agrees, except that s must be canonical', () => {
    for (const of of file.cases('verify')) {
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
    for (const of of file.cases('address-derivation')) {
      const publicKey = parseHex(of.publicKey as string)
      const initial = sha512(publicKey)
      expect(formatHex(initial)).toBe(of.initialDigest)
      fillMemory(initial, memory)
      expect(wordsInHex(memory.subarray(0, 16))).toBe(of.genmemFirst64)
      expect(wordsInHex(memory.subarray(-16))).toBe(of.genmemLast64)
      const digest = memoryHardHash(publicKey, memory)
      expect(formatHex(digest)).toBe(of.finalDigest)
      expect(formatHex(digest.subarray(59))).toBe(of.address)
    }
  })
})
