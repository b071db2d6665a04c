import { SessionKeys } from '@zt/crypto'
import { Verb } from '@zt/protocol'
import { SeededRandom } from '@zt/testkit'
import { describe, expect, it } from 'vitest'
import { MulticastMembers, ParkedPackets, PeerLink, PeerTable } from '../src/index.js'
import { Kind, classify } from '../src/inbound/classify.js'
import { Expectations, isRequest } from '../src/outbound/expectations.js'
import { arpTarget, isNeighbourSolicitation } from '../src/outbound/group-of-frame.js'
import { MulticastQueue } from '../src/outbound/multicast-queue.js'

const NOW = 1_700_000_000_000
const keys = new SessionKeys(new Uint8Array(48))
const link = (address: number): PeerLink => new PeerLink({ address, publicKey: new Uint8Array(64) }, keys, 1432)

describe('the peer table', () => {
  it('finds peers by the two integers of their address, also those that share the lower one', () => {
    const table = new PeerTable()
    const all = [0x01_8000_0001, 0x02_8000_0001, 0x03_8000_0001, 0x01_0000_0002].map(link)
    for (const peer of all) table.add(peer)
    for (const peer of all) {
      expect(table.find(peer.high, peer.low)).toBe(peer)
      expect(table.get(peer.address)).toBe(peer)
    }
    expect(new Set([...table])).toEqual(new Set(all))
    table.remove(all[1])
    table.remove(all[1])
    expect(table.get(all[1].address)).toBeUndefined()
    expect(table.get(all[0].address)).toBe(all[0])
    expect(table.get(all[2].address)).toBe(all[2])
    expect(table.size).toBe(3)
  })

  it('gives indexes that stay small', () => {
    const table = new PeerTable()
    for (let i = 1; i < 1_000; i++) {
      const peer = link(i)
      table.add(peer)
      expect(peer.index).toBeLessThan(2)
      if (i % 2 === 0) for (const other of [...table]) table.remove(other)
    }
  })
})

describe('the waiting room', () => {
  const packet = (peer: number, until = NOW + 5_000) => ({ peer, until, verb: 0, payload: new Uint8Array(0) })

  it('hands out what waits for a peer, in order', () => {
    const parked = new ParkedPackets<ReturnType<typeof packet>>()
    const [first, other, second] = [packet(1), packet(2), packet(1)]
    for (const each of [first, other, second]) parked.add(each)
    expect(parked.takeFor(1)).toEqual([first, second])
    expect(parked.peers()).toEqual([2])
  })

  it('is bounded, altogether and for one peer', () => {
    const parked = new ParkedPackets<ReturnType<typeof packet>>()
    for (let i = 0; i < 100; i++) parked.add(packet(1))
    expect(parked.size).toBe(24)
    for (let i = 0; i < 100; i++) parked.add(packet(100 + i))
    expect(parked.size).toBe(64)
  })

  it('lets nobody wait for ever', () => {
    const parked = new ParkedPackets<ReturnType<typeof packet>>()
    parked.add(packet(1, NOW + 1))
    parked.add(packet(1, NOW + 10))
    expect(parked.expire(NOW + 5)).toBe(1)
    expect(parked.size).toBe(1)
  })
})

describe('expected answers', () => {
  it('are those to what was asked, until 32 more were', () => {
    const expectations = new Expectations()
    expectations.add(0x1234_5601, 7)
    const id = (0x1234_5601n << 32n) | 7n
    expect(expectations.has(id)).toBe(true)
    expect(expectations.has(id + 1n)).toBe(false)
    expect(expectations.has(0n)).toBe(false)
    for (let i = 0; i < 32; i++) expectations.add((i << 8) | 1, i)
    expect(expectations.has(id)).toBe(false)
    expect(isRequest(Verb.Hello) && isRequest(Verb.Whois) && !isRequest(Verb.Frame)).toBe(true)
  })
})

describe('classification', () => {
  const us = { high: 0x12, low: 0x3456_789a }
  const datagram = (length: number, change: (bytes: Uint8Array) => void = () => {}): Uint8Array => {
    const bytes = new Uint8Array(length)
    if (length > 18) bytes.set([0x12, 0x34, 0x56, 0x78, 0x9a, 1, 2, 3, 4, 5], 8)
    else if (length > 13) bytes.set([0x12, 0x34, 0x56, 0x78, 0x9a], 8)
    change(bytes)
    return bytes
  }

  it.each([
    ['nothing', datagram(0), Kind.junk],
    ['a beacon', datagram(13), Kind.junk],
    ['a stub', datagram(27), Kind.junk],
    ['a packet', datagram(28), Kind.whole],
    ['a head', datagram(28, (b) => (b[18] = 0x40)), Kind.head],
    ['a fragment', datagram(17, (b) => (b[13] = 0xff)), Kind.fragment],
    ['somebody else’s', datagram(28, (b) => (b[8] = 0x13)), Kind.foreign],
    ['somebody else’s fragment', datagram(17, (b) => ((b[8] = 0x13), (b[13] = 0xff))), Kind.foreign],
    ['our own', datagram(28, (b) => b.set([0x12, 0x34, 0x56, 0x78, 0x9a], 13)), Kind.ownEcho],
  ])('knows %s', (_name, bytes, kind) => {
    expect(classify(bytes, 0, bytes.length, us.high, us.low)).toBe(kind)
  })
})

describe('groups', () => {
  const random = new SeededRandom('groups')
  const group = { mac: 0xffff_ffff_ffff, adi: 7 }

  it('have members for ten minutes', () => {
    const members = new MulticastMembers(random)
    expect(members.add(NOW, 1n, group, 5)).toBe(true)
    expect(members.add(NOW + 1, 1n, group, 5)).toBe(false)
    members.add(NOW, 1n, group, 6)
    expect(members.of(NOW, 1n, group).sort()).toEqual([5, 6])
    expect(members.of(NOW, 2n, group)).toEqual([])
    expect(members.of(NOW + 600_000, 1n, group)).toEqual([5])
    members.sweep(NOW + 700_000)
    expect(members.add(NOW + 700_000, 1n, group, 5)).toBe(true)
    members.remove(1n, group, 5)
    expect(members.of(NOW + 700_000, 1n, group)).toEqual([])
  })

  it('make room for others in the order of their last renewal', () => {
    const members = new MulticastMembers(random)
    const add = (adi: number): boolean => members.add(NOW, 1n, { mac: group.mac, adi }, 5)
    for (let adi = 0; adi < 16_384; adi++) add(adi)
    expect(add(0)).toBe(false)
    add(16_384)
    const remaining = [0, 1, 2].map((adi) => members.of(NOW, 1n, { mac: group.mac, adi }).length)
    expect(remaining).toEqual([1, 0, 1])
  })

  it('have frames waiting for members, each once and for five seconds', () => {
    const queue = new MulticastQueue()
    const frame = { group, source: undefined, etherType: 1, payload: new Uint8Array(1), sentTo: new Set([1]), left: 2 }
    queue.add(NOW, 'key', frame)
    expect(queue.takeFor(NOW, 'key', 1)).toHaveLength(0)
    expect(queue.takeFor(NOW, 'key', 2)).toHaveLength(1)
    expect(queue.takeFor(NOW, 'key', 2)).toHaveLength(0)
    expect(queue.takeFor(NOW + 5_000, 'key', 3)).toHaveLength(0)
    expect(queue.takeFor(NOW, 'key', 3)).toHaveLength(1)
    expect(queue.takeFor(NOW, 'key', 4)).toHaveLength(0)
    queue.expire(NOW + 5_000)
    expect(queue.takeFor(NOW, 'key', 5)).toHaveLength(0)
  })

  it('are told apart by what ARP asks for', () => {
    const arp = Uint8Array.of(0, 1, 8, 0, 6, 4, 0, 1, 2, 2, 2, 2, 2, 2, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2)
    expect(arpTarget(0x0806, arp, 0, arp.length)).toBe(0x0a00_0002)
    expect(arpTarget(0x0806, arp, 0, 27)).toBe(0)
    expect(arpTarget(0x0800, arp, 0, arp.length)).toBe(0)
    arp[7] = 2
    expect(arpTarget(0x0806, arp, 0, arp.length)).toBe(0)
    expect(isNeighbourSolicitation(0x86dd, new Uint8Array(64), 0, 64)).toBe(false)
  })
})
