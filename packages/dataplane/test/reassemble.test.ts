import { MAX_PACKET_LENGTH } from '@zt/protocol'
import { Counters, Endpoint } from '@zt/sansio'
import { SeededRandom } from '@zt/testkit'
import { describe, expect, it } from 'vitest'
import { Arena } from '../src/arena.js'
import { INCOMPLETE, Reassembler } from '../src/inbound/reassemble.js'

const NOW = 1_700_000_000_000
const from = Endpoint.parse('10.0.0.1/9993')

function setUp() {
  const arena = new Arena(new Uint8Array(2 << 20), 64)
  const counters = new Counters()
  return { arena, counters, reassembler: new Reassembler(arena, counters) }
}

/** The parts of a packet: the head is `mtu` long, the others 16 less, the last what is left. */
function split(packet: Uint8Array, mtu: number): Uint8Array[] {
  const parts = [packet.subarray(0, mtu)]
  for (let at = mtu; at < packet.length; at += mtu - 16) parts.push(packet.subarray(at, at + mtu - 16))
  return parts
}

describe('reassembly', () => {
  it.each([1432, 1400, 1500, 5000])('puts parts together in any order, with an MTU of %i', (mtu) => {
    const random = new SeededRandom(`mtu ${mtu}`)
    for (let round = 0; round < 200; round++) {
      const { arena, reassembler } = setUp()
      const most = Math.min(MAX_PACKET_LENGTH, mtu + 6 * (mtu - 16))
      const packet = random.bytes(mtu + 1 + (random.u32() % (most - mtu)))
      const parts = split(packet, mtu)
      const order = parts.map((_, i) => i).sort(() => random.float() - 0.5)
      let slot = INCOMPLETE
      for (const [i, part] of order.entries()) {
        const bytes = parts[part]
        slot = reassembler.add(NOW, 3, from, 1, 2, part, part === 0 ? 0 : parts.length, bytes, 0, bytes.length)
        if (i < order.length - 1) expect(slot).toBe(INCOMPLETE)
      }
      expect(slot).not.toBe(INCOMPLETE)
      expect(reassembler.join(slot)).toBe(packet.length)
      const at = arena.receiveSlot(slot)
      expect(Buffer.compare(arena.bytes.subarray(at, at + packet.length), packet)).toBe(0)
      expect(reassembler.origin(slot)).toBe(from)
      expect(reassembler.socket(slot)).toBe(3)
    }
  })

  it('keeps packets apart that arrive mixed', () => {
    const { arena, reassembler } = setUp()
    const random = new SeededRandom('mixed')
    const packets = Array.from({ length: 40 }, () => random.bytes(2_838))
    const parts = packets.map((packet) => split(packet, 1432))
    for (const [id, [head]] of parts.entries()) {
      expect(reassembler.add(NOW, 1, from, 0, id, 0, 0, head, 0, head.length)).toBe(INCOMPLETE)
    }
    for (const [id, [, rest]] of parts.entries()) {
      const slot = reassembler.add(NOW, 1, from, 0, id, 1, 2, rest, 0, rest.length)
      expect(reassembler.join(slot)).toBe(2_838)
      const at = arena.receiveSlot(slot)
      expect(Buffer.compare(arena.bytes.subarray(at, at + 2_838), packets[id])).toBe(0)
      reassembler.free(slot)
    }
  })

  it('ignores what it has already', () => {
    const { counters, reassembler } = setUp()
    const part = new Uint8Array(100)
    reassembler.add(NOW, 1, from, 0, 1, 1, 3, part, 0, 100)
    expect(reassembler.add(NOW, 1, from, 0, 1, 1, 3, part, 0, 100)).toBe(INCOMPLETE)
    expect(counters.get('fragment-duplicate')).toBe(1)
  })

  it('is bounded in space: the oldest makes room', () => {
    const { arena, counters, reassembler } = setUp()
    const head = new Uint8Array(1432)
    for (let id = 0; id < arena.receiveSlots + 5; id++) reassembler.add(NOW, 1, from, 0, id, 0, 0, head, 0, 1432)
    expect(counters.get('reassembly-crowded-out')).toBe(5)
  })

  it('is bounded in time: parts of a packet that come too late begin a new one', () => {
    const { reassembler } = setUp()
    const head = new Uint8Array(1432)
    reassembler.add(NOW, 1, from, 0, 9, 0, 0, head, 0, 1432)
    expect(reassembler.add(NOW + 5_000, 1, from, 0, 9, 1, 2, head, 0, 100)).toBe(INCOMPLETE)
  })

  it('takes nothing that does not fit a packet', () => {
    const { counters, reassembler } = setUp()
    const large = new Uint8Array(10_000)
    reassembler.add(NOW, 1, from, 0, 1, 0, 0, large, 0, 10_000)
    expect(reassembler.add(NOW, 1, from, 0, 1, 1, 2, large, 0, 10_000)).toBe(INCOMPLETE)
    expect(counters.get('fragment-too-long')).toBe(1)
  })

  it('survives parts that contradict each other', () => {
    const random = new SeededRandom('contradictions')
    const { reassembler } = setUp()
    const bytes = new Uint8Array(10_100)
    for (let i = 0; i < 20_000; i++) {
      const total = random.u32() % 8
      const slot = reassembler.add(
        NOW + i,
        1,
        from,
        0,
        random.u32() % 4,
        random.u32() % 7,
        total,
        bytes,
        0,
        random.u32() % 10_100,
      )
      if (slot !== INCOMPLETE) {
        expect(reassembler.join(slot)).toBeLessThanOrEqual(MAX_PACKET_LENGTH)
        reassembler.free(slot)
      }
    }
  })
})
