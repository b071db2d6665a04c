import { describe, expect, test } from 'vitest'
import { Channel, type LinkProfile, SeededRandom, VirtualClock } from '../../src/index.js'

/** Sends `count` numbered parcels of `length` bytes at once, and lists when which arrived. */
function run(profile: LinkProfile, count: number, length = 100): { arrivals: [number, number][]; fates: string[] } {
  const clock = new VirtualClock(0)
  const arrivals: [number, number][] = []
  const channel = new Channel<number>(clock, new SeededRandom(5), profile, (bytes, note) => {
    expect(bytes).toHaveLength(length)
    expect(bytes.every((byte) => byte === (note & 0xff))).toBe(true)
    arrivals.push([note, clock.now()])
  })
  const fates = Array.from({ length: count }, (_, i) => channel.send(new Uint8Array(length).fill(i), 0, length, i))
  clock.advance(60_000)
  return { arrivals, fates }
}

describe('Channel', () => {
  test('is perfect unless told otherwise', () => {
    expect(run({}, 3).arrivals).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
    ])
  })

  test('delays, and with jitter keeps the order', () => {
    const { arrivals } = run({ delayMs: 10, jitterMs: 5 }, 200)
    expect(arrivals.map(([note]) => note)).toEqual(Array.from({ length: 200 }, (_, i) => i))
    for (const [, at] of arrivals) expect(at >= 10 && at < 15).toBe(true)
    expect(new Set(arrivals.map(([, at]) => at)).size).toBeGreaterThan(3)
  })

  test('loses about as many as it should', () => {
    const { arrivals, fates } = run({ loss: 0.1 }, 5000)
    expect(Math.abs(arrivals.length - 4500)).toBeLessThan(90)
    expect(fates.filter((fate) => fate === 'lost')).toHaveLength(5000 - arrivals.length)
  })

  test('duplicates', () => {
    const { arrivals } = run({ duplicate: 0.5 }, 1000)
    expect(Math.abs(arrivals.length - 1500)).toBeLessThan(70)
    expect(new Set(arrivals.map(([note]) => note)).size).toBe(1000)
  })

  test('reorders by holding back', () => {
    const { arrivals } = run({ delayMs: 10, reorder: 0.1, reorderMs: 3 }, 1000)
    const late = arrivals.filter(([, at]) => at === 13)
    expect(arrivals.filter(([, at]) => at === 10).length + late.length).toBe(1000)
    expect(Math.abs(late.length - 100)).toBeLessThan(40)
  })

  test('drops what is larger than its MTU', () => {
    expect(run({ mtu: 99 }, 1).fates).toEqual(['too-big'])
    expect(run({ mtu: 100 }, 1).fates).toEqual(['sent'])
  })

  test('has a bandwidth, and a queue that fills', () => {
    // 100 bytes at 10 kB/s take 10 ms; one is on the wire, and three fit into the queue of 300 bytes.
    const { arrivals, fates } = run({ delayMs: 5, bytesPerSecond: 10_000, queueBytes: 300 }, 5)
    expect(fates).toEqual(['sent', 'sent', 'sent', 'queue-full', 'queue-full'])
    expect(arrivals).toEqual([
      [0, 15],
      [1, 25],
      [2, 35],
    ])
  })

  test('loses exactly what a test wants lost', () => {
    const { arrivals } = run({ admit: (index) => index !== 1 }, 3)
    expect(arrivals.map(([note]) => note)).toEqual([0, 2])
  })

  test('is repeatable', () => {
    const profile = { delayMs: 10, jitterMs: 30, loss: 0.2, duplicate: 0.2, reorder: 0.2 }
    expect(run(profile, 500)).toEqual(run(profile, 500))
  })

  test('borrows bytes when sending, and overwrites what it delivered', () => {
    const clock = new VirtualClock()
    const kept: Uint8Array[] = []
    const channel = new Channel<undefined>(clock, new SeededRandom(), {}, (bytes) => {
      expect([...bytes]).toEqual([2, 3])
      kept.push(bytes)
    })
    const mine = Uint8Array.of(1, 2, 3, 4)
    channel.send(mine, 1, 2, undefined)
    mine.fill(0)
    clock.advance(0)
    expect([...kept[0]]).toEqual([0xdd, 0xdd])
  })

  test('a receiver that answers at once over a perfect way does not keep the clock from the rest', () => {
    const clock = new VirtualClock()
    let bounces = 0
    const channel: Channel<undefined> = new Channel<undefined>(clock, new SeededRandom(), {}, (bytes) => {
      if (++bounces < 5000) channel.send(bytes, 0, bytes.length, undefined)
    })
    channel.send(Uint8Array.of(1), 0, 1, undefined)
    clock.advance(0)
    expect(bounces).toBe(5000)
  })
})
