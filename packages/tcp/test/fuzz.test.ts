import { SeededRandom, withSeed } from '@zt/testkit'
import { describe, expect, test } from 'vitest'
import { type Peer, Script, established } from './script/script.js'
import { Segment, parseSegment } from '../src/wire/segment.js'

const FLAGS = ['A', 'A', 'A', 'A', 'PA', 'FA', 'R', 'RA', 'S', 'SA', 'F', 'U', 'SF', 'SR', '']

describe('random bytes', () => {
  test('as segments are never thrown at', () => {
    const random = new SeededRandom('bytes')
    const segment = new Segment()
    for (let i = 0; i < 20_000; i++) {
      const bytes = random.bytes(random.below(80))
      if (bytes.length > 12 && random.chance(0.7)) bytes[12] = (5 + random.below(11)) << 4
      parseSegment(bytes, 0, bytes.length, segment)
      if (segment.textLength >= 0) expect(segment.sackCount).toBeLessThanOrEqual(4)
    }
  })

  test('flipped in good segments leave the stack alive', () => {
    const random = new SeededRandom('flips')
    const t = established({ tsval: 1 })
    for (let i = 0; i < 3000; i++) {
      const packet = t.build({ flags: 'A', seq: 1 + random.below(3000), text: random.below(200) })
      for (let flips = random.below(4); flips >= 0; flips--)
        packet[random.below(packet.length)]! ^= 1 << random.below(8)
      t.receivesPacket(packet.subarray(0, random.chance(0.2) ? random.below(packet.length) : packet.length))
    }
    t.take()
    expect(['ESTABLISHED', 'CLOSE_WAIT', 'CLOSED']).toContain(t.connection.state)
  })
})

describe('random segments', () => {
  test.each(Array.from({ length: 60 }, (_, seed) => seed))('break no rule (seed %i)', (seed) => {
    withSeed(seed, (random) => {
      const t = random.chance(0.8) ? established(options(random)) : new Script(options(random)).listen()
      let edge = 0
      let received = 1
      let peerEdge = 65_535 * 2 ** 7
      for (let i = 0; i < 400; i++) {
        const segment = someSegment(t, random)
        received = Math.max(received, segment.seq + Number(segment.text) + 2)
        peerEdge = Math.max(peerEdge, (segment.ack ?? t.acked) + (segment.wnd ?? t.wnd) * 2 ** 7)
        t.receives(segment)
        act(t, random)
        for (const sent of t.take()) {
          if (/[RS]/.test(sent.flags)) continue
          // Nothing outside of the window but a probe, nothing acknowledged that was not sent, no promise taken back.
          if (sent.length > 1) expect(sent.seq + sent.length).toBeLessThanOrEqual(peerEdge)
          expect(sent.ack).toBeLessThanOrEqual(received)
          if (t.accepted.length !== 1 || t.tcp.sizes.connections === 0 || t.tcp.sizes.halfOpen > 0) continue
          const right = sent.ack + sent.wnd * (t.connection.info().windowScale ? 128 : 1)
          expect(right).toBeGreaterThan(edge - 128)
          edge = Math.max(edge, right)
        }
      }
      t.after(10_000_000)
      t.take()
      const { connections, halfOpen, blocks } = t.tcp.sizes
      expect(halfOpen).toBe(0)
      expect(connections).toBeLessThanOrEqual(t.accepted.length + 1)
      if (connections === 0) expect(blocks).toBe(0)
    })
  })
})

function options(random: SeededRandom) {
  return {
    sack: random.chance(0.7),
    ...(random.chance(0.4) && { tsval: random.u32() }),
    iss: random.pick([0, 2 ** 31 - 2000, 2 ** 32 - 2000]),
    irs: random.pick([0, 2 ** 31 - 2000, 2 ** 32 - 2000]),
    settings: { timeWaitMs: 1000 },
  }
}

function someSegment(t: Script, random: SeededRandom): Peer {
  const near = random.chance(0.7)
  const info = t.connection?.info()
  const next = 1 + (info?.bytesReceived ?? 0)
  return {
    flags: random.pick(FLAGS),
    seq: near ? next + random.below(4000) - 1000 : random.u32() | 0,
    ...(random.chance(0.5) && { ack: near ? t.acked - random.below(3000) + random.below(300) : random.u32() | 0 }),
    wnd: random.pick([0, 1, 100, 512, 65_535]),
    text: random.pick([0, 0, 1, 100, 1460]),
    ...(random.chance(0.2) && { options: [...random.bytes(random.below(40))] }),
  }
}

function act(t: Script, random: SeededRandom): void {
  const { connection } = t
  if (random.chance(0.3)) t.after(random.pick([1, 10, 300, 5000]))
  if (!connection) return
  try {
    if (random.chance(0.3)) connection.write(new Uint8Array(random.below(5000)))
  } catch (error) {
    expect((error as { code: string }).code).toMatch(/^E/)
  }
  if (random.chance(0.2)) t.watcher.reads = !t.watcher.reads
  if (random.chance(0.01)) connection.shutdownWrite()
  if (random.chance(0.003)) connection.close()
  t.after(0)
}
