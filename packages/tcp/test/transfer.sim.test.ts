import { type SeededRandom, withSeed } from '@zt/testkit'
import { Endpoint } from '@zt/sansio'
import { describe, expect, test } from 'vitest'
import type { TcpConnection } from '../src/index.js'
import { exchange } from './world/exchange.js'
import { type PairOptions, pair } from './world/pair.js'

const MB = 1_000_000

describe('bulk', () => {
  test('100 MB through 1 % loss and reordering, bit for bit', () => {
    const { client } = exchange(
      { delayMs: 2, loss: 0.01, reorder: 0.03, reorderMs: 1, mtu: 2800, seed: 'bulk' },
      100 * MB,
      0,
      3_600_000,
    )
    expect(client.info().bytesAcked).toBe(100 * MB)
    expect(client.info().segmentsRetransmitted).toBeGreaterThan(300)
  }, 120_000)

  test('20 MB each way at once through the same', () => {
    exchange(
      { delayMs: 2, loss: 0.01, reorder: 0.03, reorderMs: 1, mtu: 2800, seed: 'both' },
      20 * MB,
      20 * MB,
      3_600_000,
    )
  }, 120_000)
})

describe('throughput', () => {
  test('fills a path of 100 Mbit/s and 50 ms with a queue of one round trip', () => {
    const { virtualMs, client } = exchange({ delayMs: 25, bytesPerSecond: 12.5e6, queueBytes: 625_000 }, 50 * MB, 0)
    expect((50 * MB) / virtualMs / 12_500).toBeGreaterThan(0.85)
    expect(client.info().timeouts).toBe(0)
  })

  test.each([0.001, 0.01, 0.03])('at a loss of %f reaches 0.8 of the square-root law with NewReno', (loss) => {
    const settings = { congestion: 'new-reno' } as const
    const total = 5 * MB
    const { virtualMs } = exchange({ delayMs: 50, loss, settings, seed: 3 }, total, 0, 3_600_000)
    const law = (1.22 * 1448) / (100 * Math.sqrt(loss))
    expect(total / virtualMs).toBeGreaterThan(0.8 * Math.min(law, total / 2000))
  })

  test('does not collapse under reordering', () => {
    const clean = exchange({ delayMs: 10 }, 20 * MB, 0).virtualMs
    const { virtualMs, client } = exchange({ delayMs: 10, reorder: 0.05, reorderMs: 4 }, 20 * MB, 0)
    expect(clean / virtualMs).toBeGreaterThan(0.85)
    expect(client.info().segmentsRetransmitted / client.info().segmentsSent).toBeLessThan(0.01)
  })

  test('is not hurt by duplicates', () => {
    const clean = exchange({ delayMs: 10 }, 10 * MB, 0).virtualMs
    expect(clean / exchange({ delayMs: 10, duplicate: 0.1 }, 10 * MB, 0).virtualMs).toBeGreaterThan(0.95)
  })

  test('a window of 4 MiB opens for a long fat path', () => {
    const { virtualMs, server } = exchange({ delayMs: 50 }, 50 * MB, 0)
    expect(virtualMs).toBeLessThan(3500)
    expect(server.info().receiveBuffer).toBeGreaterThan(3 * MB)
  })
})

describe('many connections on one link', () => {
  test('share a link that is full, without loss', () => {
    const world = pair({ delayMs: 5, bytesPerSecond: 5e6, queueBytes: 50_000 })
    const received = new Map<TcpConnection, number>()
    world.b.tcp.listen({
      port: 80,
      onConnection(connection) {
        received.set(connection, 0)
        connection.handler = {
          readable() {
            for (let got = connection.read(); got; got = connection.read()) {
              received.set(connection, received.get(connection)! + got.length)
            }
          },
        }
      },
    })
    const block = new Uint8Array(100_000)
    const clients = Array.from({ length: 20 }, () => {
      const client = world.a.tcp.connect({ remote: new Endpoint(world.b.ip, 80) })
      const pump = (): void => {
        while (client.write(block) === block.length) continue
      }
      client.handler = { connected: pump, writable: pump }
      return client
    })
    world.clock.advance(10_000)
    const shares = [...received.values()]
    const total = shares.reduce((sum, bytes) => sum + bytes, 0)
    const jain = total ** 2 / (shares.length * shares.reduce((sum, bytes) => sum + bytes ** 2, 0))
    expect(shares.length).toBe(20)
    expect(total).toBeGreaterThan(0.9 * 50 * MB * (1448 / 1500))
    expect(jain).toBeGreaterThan(0.9)
    expect(Math.min(...shares)).toBeGreaterThan(total / 40)
    expect(clients.every((client) => client.info().segmentsRetransmitted === 0)).toBe(true)
  })
})

describe('requests and answers through 5 % loss', () => {
  test('rarely wait for a timeout', () => {
    const times: number[] = []
    for (let seed = 0; seed < 40; seed++) {
      times.push(exchange({ delayMs: 20, loss: 0.05, seed }, 1000, 4000).virtualMs)
    }
    times.sort((a, b) => a - b)
    expect(times[20]).toBeLessThan(200)
    expect(times[38]).toBeLessThan(1500)
  })
})

describe('many small worlds, all of it at once', () => {
  const worlds = Array.from({ length: 120 }, (_, seed) => seed)
  test.each(worlds)('seed %i', (seed) => {
    withSeed(seed, (random) => {
      const options: PairOptions = {
        seed,
        family: random.pick([4, 6] as const),
        mtu: random.pick([1280, 1500, 2800, 9000]),
        delayMs: random.pick([0, 1, 10, 80]),
        jitterMs: random.pick([0, 0, 5]),
        loss: random.pick([0, 0.01, 0.05, 0.1]),
        reorder: random.pick([0, 0.05, 0.3]),
        reorderMs: random.pick([1, 10]),
        duplicate: random.pick([0, 0.05]),
        ...(random.chance(0.3) && { bytesPerSecond: 500_000, queueBytes: random.pick([30_000, 60_000]) }),
        settings: someSettings(random),
        peerSettings: someSettings(random),
      }
      exchange(options, random.below(400_000), random.below(400_000), 3_600_000)
    })
  })
})

test('the same seed gives the same story', () => {
  const story = (): string => {
    const { virtualMs, client, world } = exchange(
      { delayMs: 10, loss: 0.03, reorder: 0.1, reorderMs: 5, seed: 9 },
      300_000,
      200_000,
    )
    return JSON.stringify([virtualMs, client.info(), world.b.tcp.counters.snapshot()])
  }
  expect(story()).toBe(story())
})

function someSettings(random: SeededRandom) {
  return {
    sack: random.chance(0.8),
    timestamps: random.chance(0.7),
    congestion: random.pick(['cubic', 'new-reno'] as const),
    receiveBufferBytes: random.pick([4096, 30_000, 131_072]),
    receiveBufferMaxBytes: random.pick([131_072, 4_194_304]),
    sendBufferBytes: random.pick([8192, 131_072]),
  }
}
