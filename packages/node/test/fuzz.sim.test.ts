import type { Dataplane } from '@zt/dataplane'
import { Endpoint } from '@zt/sansio'
import { SeededRandom } from '@zt/testkit'
import { describe, expect, it } from 'vitest'
import { Lab, type LabNode, TestController, identities } from './lab.js'

const somewhere = Endpoint.parse('203.0.113.99/1234')

function feed(lab: Lab, node: LabNode, bytes: Uint8Array, from = somewhere): void {
  node.node.handleDatagram(lab.clock.now(), 1, from, bytes)
}

/** A header that is for this node, with random everything else. */
function addressed(random: SeededRandom, node: LabNode, length: number): Uint8Array {
  const bytes = random.bytes(length)
  for (let i = 0, rest = node.address; i < 5 && 12 - i < length; i++, rest = Math.floor(rest / 256))
    bytes[12 - i] = rest & 0xff
  return bytes
}

describe('any bytes on the UDP port', () => {
  it('are counted and dropped', () => {
    const lab = new Lab(1, { validateIdentity: () => false })
    const random = new SeededRandom('noise')
    const node = lab.node(2, lab.net.host('a', '203.0.113.10'))
    for (let i = 0; i < 3_000; i++) {
      const length = random.u32() % 1500
      feed(lab, node, i % 2 ? random.bytes(length) : addressed(random, node, length))
      feed(lab, lab.root, addressed(random, lab.root, length))
      if (i % 50 === 0) lab.clock.advance(100)
    }
    expect(Object.keys(node.node.counters.snapshot())).toEqual(
      expect.arrayContaining(['datagram-junk', 'relay-refused', 'fragment-malformed', 'stranger-limited']),
    )
    expect(node.node.peers(lab.clock.now())).toHaveLength(1)
  })

  it('may be real packets with a few bits wrong', () => {
    const lab = new Lab(2)
    const random = new SeededRandom('bits')
    const controller = new TestController(identities[1], lab.clock)
    const control = lab.node(1, lab.net.host('controller', '198.51.100.2'), { controller })
    const a = lab.node(2, lab.net.host('a', '203.0.113.10'))
    const b = lab.node(3, lab.net.host('b', '203.0.113.20'))
    const all = [lab.root, control, a, b]
    const recorded: { readonly bytes: Uint8Array; readonly from: Endpoint }[] = []
    lab.net.onDatagram = ({ bytes, from }) => {
      if (recorded.length < 400) recorded.push({ bytes: bytes.slice(), from })
    }
    const onA = a.join(lab, controller.networkId)
    const onB = b.join(lab, controller.networkId)
    lab.until(() => onA.status === 'ready' && onB.status === 'ready')
    onA.link.joinGroup(0xffff_ffff_ffff, 0x0a00_0001)
    for (let i = 0; i < 20; i++) {
      onA.link.send(onB.mac, 0x88b5, random.bytes(2500), 0, 2500)
      onB.link.send(0xffff_ffff_ffff, 0x88b5, random.bytes(200), 0, 200)
      lab.clock.advance(50)
    }
    lab.net.onDatagram = () => {}
    const [framesA, framesB] = [a.frames.length, b.frames.length]
    for (let round = 0; round < 8; round++) {
      for (const { bytes, from } of recorded) {
        const damaged = bytes.slice(0, random.u32() % 4 === 0 ? random.u32() % bytes.length : bytes.length)
        for (let flips = 1 + (random.u32() % 3); flips > 0 && damaged.length > 0; flips--) {
          damaged[random.u32() % damaged.length] ^= 1 << (random.u32() % 8)
        }
        for (const node of all) feed(lab, node, damaged, from)
      }
      lab.clock.advance(500)
    }
    expect(a.frames.length).toBe(framesA)
    expect(b.frames.length).toBe(framesB)
    expect(a.node.counters.get('packet-not-authentic')).toBeGreaterThan(100)
    // And everything still works.
    onA.link.send(onB.mac, 0x88b5, new Uint8Array(10), 0, 10)
    expect(lab.until(() => b.frames.length > framesB, 10_000)).toBe(true)
  })

  it('repeated word for word do no harm', () => {
    const lab = new Lab(3)
    const controller = new TestController(identities[1], lab.clock)
    lab.node(1, lab.net.host('controller', '198.51.100.2'), { controller })
    const a = lab.node(2, lab.net.host('a', '203.0.113.10'))
    const recorded: { readonly bytes: Uint8Array; readonly from: Endpoint }[] = []
    lab.net.onDatagram = ({ bytes, from, toHost }) => {
      if (toHost === 'a') recorded.push({ bytes: bytes.slice(), from })
    }
    const onA = a.join(lab, controller.networkId)
    lab.until(() => onA.status === 'ready')
    const elsewhere = Endpoint.parse('203.0.113.77/7777')
    for (let i = 0; i < 20; i++) {
      for (const { bytes } of recorded) feed(lab, a, bytes, elsewhere)
      lab.clock.advance(200)
    }
    expect(onA.status).toBe('ready')
    expect(a.node.roots(lab.clock.now())[0].path?.toString()).toBe('198.51.100.1/9993')
  })

  it('may be parts of packets that contradict each other', () => {
    const lab = new Lab(4)
    const random = new SeededRandom('parts')
    const controller = new TestController(identities[1], lab.clock)
    lab.node(1, lab.net.host('controller', '198.51.100.2'), { controller })
    const a = lab.node(2, lab.net.host('a', '203.0.113.10'))
    const b = lab.node(3, lab.net.host('b', '203.0.113.20'))
    const [onA, onB] = [a, b].map((node) => node.join(lab, controller.networkId))
    lab.until(() => onA.status === 'ready' && onB.status === 'ready')
    for (let i = 0; i < 20_000; i++) {
      const isFragment = random.u32() % 3 > 0
      const length = (isFragment ? 17 : 28) + (random.u32() % (random.u32() % 8 === 0 ? 10_050 : 1_400))
      const part = addressed(random, a, length)
      // A few packet ids at a time, so that parts meet; all from a peer that is known, or nobody.
      part.fill(0, 0, 8)
      part[7] = random.u32() % (i % 2_000 < 1_000 ? 8 : 256)
      if (isFragment) {
        part[13] = 0xff
        part[14] = random.u32() % 4 === 0 ? random.u32() : ((2 + (random.u32() % 6)) << 4) | (random.u32() % 7)
      } else {
        for (let at = 17, rest = b.address; at > 12; at--, rest = Math.floor(rest / 256)) part[at] = rest & 0xff
        part[18] = 0x40 | (random.u32() & 0x3f)
      }
      feed(lab, a, part)
      if (i % 100 === 0) lab.clock.advance(random.u32() % 1_000)
    }
    expect(Object.keys(a.node.counters.snapshot())).toEqual(
      expect.arrayContaining([
        'fragment-malformed',
        'fragment-duplicate',
        'fragment-too-long',
        'reassembly-crowded-out',
        'reassembly-expired',
        'packet-not-authentic',
      ]),
    )
    expect(a.node.peers(lab.clock.now()).length).toBeLessThanOrEqual(3)
    const large = random.bytes(2_700)
    const before = a.frames.length
    onB.link.send(onA.mac, 0x88b5, large, 0, large.length)
    expect(lab.until(() => a.frames.length > before, 10_000)).toBe(true)
    expect(a.frames.at(-1)?.payload).toEqual(large)
  })

  it('may name thousands of senders, of whom few are asked for and few packets kept', () => {
    const lab = new Lab(5)
    const random = new SeededRandom('strangers')
    const a = lab.node(2, lab.net.host('a', '203.0.113.10'))
    const network = a.join(lab, 0x12_3456_789a_0000_01n)
    lab.until(() => a.node.isOnline)
    let sent = 0
    lab.net.onDatagram = ({ fromHost }) => {
      if (fromHost === 'a') sent++
    }
    for (let i = 0; i < 5_000; i++) {
      const packet = addressed(random, a, 60)
      packet[13] &= 0x7f
      packet[18] = 0x08
      feed(lab, a, packet)
      if (i % 500 === 0) lab.clock.advance(100)
    }
    const d = Reflect.get(network.link, 'host') as Dataplane
    expect(d.parkedIn.size).toBeLessThanOrEqual(64)
    expect(a.node.counters.get('stranger-limited')).toBeGreaterThan(4_000)
    expect(a.node.counters.get('parked-in-crowded-out')).toBeGreaterThan(0)
    lab.clock.advance(5_000)
    expect(sent).toBeLessThan(1_500)
    // What is kept is kept for seconds.
    lab.clock.advance(30_000)
    expect(d.parkedIn.size).toBe(0)
    expect(a.node.peers(lab.clock.now())).toHaveLength(1)
  })
})
