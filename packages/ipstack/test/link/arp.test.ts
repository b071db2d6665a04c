import { BROADCAST_MAC } from '@zt/sansio'
import { describe, expect, it } from 'vitest'
import type { IpError, Settings } from '../../src/index.js'
import { TRANSPORT_OFFSET } from '../../src/index.js'
import { EtherScript, H4, H_MAC, P4, P_MAC } from '../lan.js'
import { arp, be, bytesOf, concat, decode, ip, macBytes } from '../reference/packets.js'

const OTHER_MAC = 0x0200_0000_0099

/** A stack with a transport for protocol 200, so that packets can be sent. */
function speaker(settings: Partial<Settings> = {}) {
  const script = new EtherScript(settings)
  const errors: IpError['kind'][] = []
  script.stack.registerTransport(200, {
    handleSegment: () => true,
    handleError: (error) => errors.push(error.kind),
    flush: () => {},
  })
  const say = (text: string, to = P4) => {
    const flow = script.stack.openFlow({ protocol: 200, remote: ip(to) })
    const bytes = bytesOf(text)
    script.stack.scratch.bytes.set(bytes, TRANSPORT_OFFSET)
    return flow.send(bytes.length)
  }
  return { script, errors, say }
}

const textOf = (bytes: Uint8Array): string => String.fromCharCode(...decode(bytes).payload)

/** The peer tells its MAC address, as after a request. */
const reply = (script: EtherScript, mac = P_MAC, from = P4) => script.receiveArp(2, mac, from, H4, H_MAC)

describe('ARP', () => {
  it('ARP-01 answers a request for us and learns who asked', () => {
    const { script, say } = speaker()
    const [answer, ...more] = script.receiveArp(1, P_MAC, P4, H4)
    expect(more).toEqual([])
    expect(answer).toEqual({ destination: P_MAC, etherType: 0x806, bytes: arp(2, H_MAC, H4, P_MAC, P4) })
    expect(say('hi')).toBe('sent')
    expect(script.link.take().map(({ destination, etherType }) => [destination, etherType])).toEqual([[P_MAC, 0x800]])
  })

  it('ARP-02 neither answers for others nor learns strangers from that, but refreshes those it knows', () => {
    const { script, say } = speaker()
    expect(script.receiveArp(1, P_MAC, P4, '10.0.0.9')).toEqual([])
    say('hi')
    expect(script.link.take()[0].etherType).toBe(0x806)
    reply(script)
    script.receiveArp(1, OTHER_MAC, P4, '10.0.0.9')
    script.after(3001)
    say('hi')
    expect(script.link.take()[0].destination).toBe(OTHER_MAC)
  })

  it('ARP-03 asks everybody, then sends', () => {
    const { script, say } = speaker()
    expect(say('hi')).toBe('sent')
    expect(script.link.take()).toEqual([
      { destination: BROADCAST_MAC, etherType: 0x806, bytes: arp(1, H_MAC, H4, 0, P4) },
    ])
    const [packet] = reply(script)
    expect([packet.destination, textOf(packet.bytes)]).toEqual([P_MAC, 'hi'])
  })

  it('ARP-04 keeps the last packets meanwhile, in order', () => {
    const { script, say } = speaker({ parkedPerNeighbor: 3 })
    for (const text of ['a', 'b', 'c', 'd', 'e']) expect(say(text)).toBe('sent')
    expect(script.link.take()).toHaveLength(1)
    expect(reply(script).map(({ bytes }) => textOf(bytes))).toEqual(['c', 'd', 'e'])
    expect(script.count('neighbor-queue-full')).toBe(2)
  })

  it('ARP-05 asks three times, a second apart, then tells those that wait and refuses for a while', () => {
    const { script, errors, say } = speaker()
    say('a')
    say('b')
    expect(script.link.take()).toHaveLength(1)
    expect([script.after(999), script.after(2), script.after(1000)].map((frames) => frames.length)).toEqual([0, 1, 1])
    expect(errors).toEqual([])
    expect(script.after(1000)).toEqual([])
    expect(errors).toEqual(['host-unreachable', 'host-unreachable'])
    expect(say('c')).toBe('unreachable')
    expect(script.after(3001)).toEqual([])
    expect(say('d')).toBe('sent')
    expect(script.link.take()).toHaveLength(1)
    expect(reply(script).map(({ bytes }) => textOf(bytes))).toEqual(['d'])
  })

  it('is glad of an answer that comes late', () => {
    const { script, say } = speaker()
    say('a')
    script.after(4000)
    expect(say('b')).toBe('unreachable')
    reply(script)
    expect(say('c')).toBe('sent')
    expect(script.link.take().map(({ destination }) => destination)).toEqual([P_MAC])
  })

  it('ARP-06 learns nobody who was not asked for', () => {
    const { script, say } = speaker()
    script.receiveArp(2, P_MAC, '10.0.0.8', H4, H_MAC)
    script.receiveArp(2, P_MAC, '10.0.0.8', '10.0.0.8')
    expect(script.count('neighbor-claim-unasked')).toBe(2)
    say('hi', '10.0.0.8')
    expect(script.link.take()[0].etherType).toBe(0x806)
  })

  it('ARP-07 follows a known neighbour that moves, once the old place is silent, and makes sure of it later', () => {
    const { script, say } = speaker()
    say('a')
    reply(script)
    const [probe] = script.receiveArp(1, OTHER_MAC, P4, P4)
    expect(probe).toEqual({ destination: P_MAC, etherType: 0x806, bytes: arp(1, H_MAC, H4, P_MAC, P4) })
    expect(script.after(3001).map(({ destination }) => destination)).toEqual([P_MAC, P_MAC])
    say('b')
    expect(script.link.take().map(({ destination }) => destination)).toEqual([OTHER_MAC])
    const probes = script.after(5001)
    expect(probes).toEqual([{ destination: OTHER_MAC, etherType: 0x806, bytes: arp(1, H_MAC, H4, OTHER_MAC, P4) }])
  })

  it.each([
    ['a gratuitous request', 1, P4, BROADCAST_MAC],
    ['a gratuitous reply', 2, P4, BROADCAST_MAC],
    ['a reply that nobody asked for', 2, H4, H_MAC],
    ['a request for us', 1, H4, H_MAC],
  ])('%s does not divert what is for a neighbour that still answers', (_, operation, target, to) => {
    const { script, say } = speaker()
    say('a')
    reply(script)
    for (let i = 0; i < 10; i++) {
      script.receiveArp(operation, OTHER_MAC, P4, target, to)
      say('b')
      const sent = script.link.take().filter(({ etherType }) => etherType === 0x800)
      expect(sent.map(({ destination }) => destination)).toEqual([P_MAC])
      reply(script)
      script.after(1000)
    }
    say('c')
    expect(script.link.take().map(({ destination }) => destination)).toEqual([P_MAC])
    expect(script.count('neighbor-claim-contested')).toBe(10)
  })

  it('goes back to asking everybody when a probe is not answered', () => {
    const { script, say } = speaker()
    say('a')
    reply(script)
    script.clock.advance(30_001)
    script.link.take()
    say('b')
    expect(script.after(5001).map(({ destination }) => destination)).toEqual([P_MAC, P_MAC])
    expect(script.after(2000)).toHaveLength(2)
    script.after(1001)
    say('c')
    expect(script.link.take()[0].destination).toBe(BROADCAST_MAC)
  })

  it('an open flow finds its neighbour again after it was forgotten', () => {
    const { script } = speaker()
    const flow = script.stack.openFlow({ protocol: 200, remote: ip(P4) })
    flow.send(4)
    reply(script)
    script.clock.advance(30_001)
    flow.send(4)
    script.after(10_000)
    flow.send(4)
    expect(script.link.take()[0].destination).toBe(BROADCAST_MAC)
    expect(reply(script, OTHER_MAC).map(({ destination }) => destination)).toEqual([OTHER_MAC])
    flow.send(4)
    expect(script.link.take()[0].destination).toBe(OTHER_MAC)
  })

  it('ARP-08 drops what is malformed', () => {
    const { script } = speaker()
    const good = arp(1, P_MAC, P4, 0, H4)
    for (const [at, value] of [
      [1, 2],
      [3, 1],
      [4, 8],
      [5, 16],
      [7, 3],
      [7, 0],
    ]) {
      const bad = good.slice()
      bad[at] = value
      expect(script.receive(0x806, bad)).toEqual([])
    }
    expect(script.receive(0x806, good.subarray(0, 27))).toEqual([])
    expect(script.count('arp-malformed')).toBe(7)
    expect(script.receive(0x806, concat(good, new Uint8Array(18)))).toHaveLength(1)
  })

  it('ARP-09 notices somebody with our address, and believes nothing of it', () => {
    const { script } = speaker()
    expect(script.receiveArp(1, OTHER_MAC, H4, P4)).toEqual([])
    expect(script.conflicts).toEqual([`${H4} on eth0: 02:00:00:00:00:99`])
    for (let i = 0; i < 20; i++) script.receiveArp(2, OTHER_MAC, H4, P4)
    expect([script.conflicts.length, script.count('address-conflict')]).toEqual([5, 21])
  })

  it('ARP-10 drops groups as senders', () => {
    const { script } = speaker()
    const frame = concat(
      be([2, 1], [2, 0x800], [1, 6], [1, 4], [2, 1]),
      macBytes(BROADCAST_MAC),
      ip(P4).bytes,
      macBytes(0),
      ip(H4).bytes,
    )
    expect(script.receive(0x806, frame)).toEqual([])
    expect(script.count('arp-malformed')).toBe(1)
  })

  it('ARP-11 is not flooded: those in use stay', () => {
    const { script, say } = speaker({ neighbors: 64 })
    say('a')
    reply(script)
    for (let i = 0; i < 10_000; i++) script.receiveArp(1, 0x0200_0001_0000 + i, `10.0.${1 + (i >> 8)}.${i & 255}`, H4)
    say('b')
    expect(script.link.take().map(({ destination }) => destination)).toEqual([P_MAC])
  })

  it('ARP-12 needs no probes while answers come', () => {
    const { script } = speaker()
    const flow = script.stack.openFlow({ protocol: 200, remote: ip(P4) })
    flow.send(4)
    reply(script)
    for (let i = 0; i < 100; i++) {
      flow.send(4)
      flow.confirm()
      script.clock.advance(1000)
    }
    expect(script.link.take().every(({ etherType }) => etherType === 0x800)).toBe(true)
    expect(script.count('neighbor-unreachable')).toBe(0)
  })

  it('answers an address probe, which comes from nobody, and learns nobody', () => {
    const { script } = speaker()
    expect(script.receiveArp(1, P_MAC, '0.0.0.0', H4)).toHaveLength(1)
  })

  it('bounds what a scan leaves behind, and spares those that answered', () => {
    const { script, say } = speaker({ neighbors: 64, unresolvedNeighbors: 16 })
    say('a')
    reply(script)
    for (let i = 0; i < 200; i++) say('x', `10.0.0.${i < 100 ? 3 + i : 20 + (i % 50)}`)
    script.link.take()
    expect(script.count('neighbor-evicted')).toBeGreaterThan(80)
    say('b')
    expect(script.link.take().map(({ destination }) => destination)).toEqual([P_MAC])
  })

  it('joins the groups of its addresses on the link, and leaves them', () => {
    const script = new EtherScript()
    expect(script.link.groups.sort()).toEqual(['333300000001/0', '3333ff000001/0', 'ffffffffffff/a000001'])
    script.nic.removeAddress(ip(H4))
    script.nic.joinGroup(ip('239.255.1.2'))
    expect(script.link.groups.sort()).toEqual(['1005e7f0102/0', '333300000001/0', '3333ff000001/0'])
    script.nic.detach()
    expect(script.link.groups).toEqual([])
  })
})
