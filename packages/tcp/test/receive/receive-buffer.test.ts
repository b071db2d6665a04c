import { SeededRandom } from '@zt/testkit'
import { describe, expect, test } from 'vitest'
import { OutOfOrder } from '../../src/receive/out-of-order.js'
import { ReceiveBuffer } from '../../src/receive/receive-buffer.js'

describe('ReceiveBuffer', () => {
  test.each([1, 2, 3, 4, 5, 6])('gives the stream back however it arrives and is read (seed %i)', (seed) => {
    const random = new SeededRandom(seed)
    const stream = random.bytes(200_000)
    const first = random.pick([0, 2 ** 31 - 100, -100, 12_345]) | 0
    const buffer = new ReceiveBuffer(first)
    let nxt = 0
    let read = 0
    while (read < stream.length) {
      const start = Math.min(nxt + (random.chance(0.5) ? 0 : random.below(20_000)), stream.length)
      const length = Math.min(random.below(3000), stream.length - start)
      if (length > 0) buffer.store((first + start) | 0, stream, start, length)
      nxt = (buffer.nxt - first) | 0
      expect(buffer.length).toBe(nxt - read)
      if (!random.chance(0.4)) continue
      const given = buffer.take(random.chance(0.3) ? 1 + random.below(2000) : Number.POSITIVE_INFINITY)
      if (given === undefined) continue
      expect(given).toEqual(stream.subarray(read, read + given.length))
      read += given.length
      // The buffer is the reader's: what is done to it must not matter.
      given.fill(0)
    }
    expect(buffer.take(1)).toBe(undefined)
  })

  test('gives one buffer for a burst once it knows how much comes', () => {
    const buffer = new ReceiveBuffer(0)
    const bytes = new Uint8Array(2800)
    for (let burst = 0; burst < 5; burst++) {
      for (let i = 0; i < 16; i++) buffer.store(buffer.nxt, bytes, 0, 2800)
      let reads = 0
      while (buffer.take(Number.POSITIVE_INFINITY)) reads++
      if (burst > 0) expect(reads).toBe(1)
    }
  })

  test('does not give a large buffer away for a few bytes', () => {
    const buffer = new ReceiveBuffer(0)
    const bytes = new Uint8Array(30_000)
    buffer.store(0, bytes, 0, 30_000)
    while (buffer.take(Number.POSITIVE_INFINITY)) continue
    buffer.store(30_000, bytes, 0, 10)
    expect(buffer.take(Number.POSITIVE_INFINITY)!.buffer.byteLength).toBe(10)
  })
})

describe('OutOfOrder', () => {
  test.each([1, 2, 3])('is a set of numbers (seed %i)', (seed) => {
    const random = new SeededRandom(seed)
    const base = random.pick([0, 2 ** 31 - 500]) | 0
    const ranges = new OutOfOrder()
    const set = new Set<number>()
    for (let i = 0; i < 400; i++) {
      const from = random.below(2000)
      const to = from + 1 + random.below(40)
      const wasCovered = Array.from({ length: to - from }, (_, k) => from + k).every((n) => set.has(n))
      expect(ranges.covers((base + from) | 0, (base + to) | 0)).toBe(wasCovered)
      expect(ranges.insert((base + from) | 0, (base + to) | 0)).toBe(true)
      for (let n = from; n < to; n++) set.add(n)
      expect(ranges.bytes).toBe(set.size)
      const edges = new Int32Array(8)
      ranges.newest(edges, 0, 4)
      expect(((edges[0]! - base) | 0) <= from && ((edges[1]! - base) | 0) >= to).toBe(true)
    }
    for (let i = 1; i < ranges.count; i++) expect((ranges.start(i) - ranges.end(i - 1)) | 0).toBeGreaterThan(0)
  })

  test('refuses what would make too many ranges, but not what joins them', () => {
    const ranges = new OutOfOrder()
    for (let i = 0; i < 512; i++) expect(ranges.insert(10 * i, 10 * i + 5)).toBe(true)
    expect(ranges.insert(100_000, 100_001)).toBe(false)
    expect(ranges.insert(5, 10)).toBe(true)
    expect(ranges.count).toBe(511)
  })
})
