import { expect, test } from 'vitest'
import { SystemRandom } from '../src/index.js'

test('fills all of any length, and never the same', () => {
  const random = new SystemRandom()
  for (const length of [0, 1, 16, 1000, 1024, 1025, 100_000]) {
    expect(random.fill(new Uint8Array(length))).toHaveLength(length)
  }
  const seen = new Set<string>()
  for (let i = 0; i < 2000; i++) seen.add(Buffer.from(random.fill(new Uint8Array(16))).toString('hex'))
  expect(seen.size).toBe(2000)
})

test('32-bit words are unsigned and use all bits', () => {
  const random = new SystemRandom()
  let or = 0
  let and = 0xffff_ffff
  for (let i = 0; i < 5000; i++) {
    const word = random.u32()
    expect(word).toBeGreaterThanOrEqual(0)
    or |= word
    and &= word
  }
  expect(or >>> 0).toBe(0xffff_ffff)
  expect(and).toBe(0)
})
