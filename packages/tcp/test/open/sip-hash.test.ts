import { expect, test } from 'vitest'
import { SipHash } from '../../src/open/sip-hash.js'

const keyWords = [0x0706050403020100n, 0x0f0e0d0c0b0a0908n]

/** SipHash-2-4 by BigInt, from the paper's description. */
function reference(key: readonly bigint[], words: readonly number[]): bigint {
  const mask = (1n << 64n) - 1n
  const rotl = (x: bigint, n: bigint): bigint => ((x << n) | (x >> (64n - n))) & mask
  let [v0, v1, v2, v3] = [
    key[0]! ^ 0x736f6d6570736575n,
    key[1]! ^ 0x646f72616e646f6dn,
    key[0]! ^ 0x6c7967656e657261n,
    key[1]! ^ 0x7465646279746573n,
  ] as [bigint, bigint, bigint, bigint]
  const round = (): void => {
    v0 = (v0 + v1) & mask
    v1 = rotl(v1, 13n) ^ v0
    v0 = rotl(v0, 32n)
    v2 = (v2 + v3) & mask
    v3 = rotl(v3, 16n) ^ v2
    v0 = (v0 + v3) & mask
    v3 = rotl(v3, 21n) ^ v0
    v2 = (v2 + v1) & mask
    v1 = rotl(v1, 17n) ^ v2
    v2 = rotl(v2, 32n)
  }
  const blocks: bigint[] = []
  for (let i = 0; i + 1 < words.length; i += 2)
    blocks.push((BigInt(words[i + 1]! >>> 0) << 32n) | BigInt(words[i]! >>> 0))
  const last = words.length & 1 ? BigInt(words[words.length - 1]! >>> 0) : 0n
  blocks.push((BigInt((4 * words.length) & 255) << 56n) | last)
  for (const block of blocks) {
    v3 ^= block
    round()
    round()
    v0 ^= block
  }
  v2 ^= 0xffn
  for (let i = 0; i < 4; i++) round()
  return v0 ^ v1 ^ v2 ^ v3
}

test('agrees with the published vectors for 0 and 8 bytes', () => {
  // Key 00 01 … 0f, input 00 01 02 …: the low words of the paper's table.
  const hash = new SipHash(Int32Array.of(0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c))
  const low = (...words: number[]): string => (hash.hash(words) >>> 0).toString(16).padStart(8, '0')
  expect(low()).toBe('dd0e0e31')
  expect(reference(keyWords, []).toString(16)).toBe('726fdb47dd0e0e31')
  expect(reference(keyWords, [0x03020100, 0x07060504]).toString(16)).toBe('93f5f5799a932462')
  expect(low(0x03020100, 0x07060504)).toBe('9a932462')
})

test('agrees with the paper for any words', () => {
  const hash = new SipHash(Int32Array.of(0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c))
  let x = 1
  for (let length = 0; length < 12; length++) {
    const words = Array.from({ length }, () => (x = Math.imul(x, 1_664_525) + 1_013_904_223) | 0)
    expect(hash.hash(words) >>> 0).toBe(Number(reference(keyWords, words) & 0xffff_ffffn))
  }
})
