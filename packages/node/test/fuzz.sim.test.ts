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
})
