import { SeededRandom } from '@zt/testkit'
import { expect, test } from 'vitest'
import { BlockPool, SendBuffer } from '../../src/send/send-buffer.js'

test.each([1, 2, 3])('keeps what is appended until it is dropped (seed %i)', (seed) => {
  const random = new SeededRandom(seed)
  const pool = new BlockPool()
  const buffer = new SendBuffer(pool)
  let kept: number[] = []
  for (let i = 0; i < 300; i++) {
    if (random.chance(0.5)) {
      const bytes = random.bytes(random.below(30_000))
      const offset = random.below(bytes.length + 1)
      buffer.append(bytes, offset, bytes.length - offset)
      kept = kept.concat([...bytes.subarray(offset)])
    } else {
      const n = random.below(Math.min(kept.length, 40_000) + 1)
      buffer.drop(n)
      kept = kept.slice(n)
    }
    expect(buffer.length).toBe(kept.length)
    const from = random.below(kept.length + 1)
    const length = Math.min(kept.length - from, random.below(5000))
    const target = new Uint8Array(length + 2)
    buffer.copyTo(target, 1, from, length)
    expect([...target.subarray(1, 1 + length)]).toEqual(kept.slice(from, from + length))
    expect(pool.lent).toBeLessThanOrEqual(Math.ceil(kept.length / 16_384) + 1)
  }
  buffer.clear()
  expect(pool.lent).toBe(0)
})
