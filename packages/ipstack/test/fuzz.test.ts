import { SeededRandom } from '@zt/testkit'
import { describe, expect, it } from 'vitest'
import { PROTOCOL_TCP, PROTOCOL_UDP } from '../src/index.js'
import { checkIpv4, checkIpv6, inspectIpv4Options, parseArp, parseNdp, skipIpv6Extensions } from '../src/wire/index.js'
import { EtherScript, H4, H6, H_MAC, P4, P6, P_MAC } from './lan.js'
import { arp, concat, icmpv4, icmpv6, ip, ipv4, ipv6, macBytes, udpPacket } from './reference/packets.js'

/** One good frame of every kind that the stack knows, to be spoilt. */
function samples(): [etherType: number, bytes: Uint8Array][] {
  const body = new Uint8Array(64).fill(7)
  const target = concat(ip(H6).bytes, Uint8Array.of(1, 1), macBytes(P_MAC))
  const chain = concat(
    Uint8Array.of(60, 0, 5, 2, 0, 0, 1, 0),
    Uint8Array.of(44, 1, 1, 12, ...new Uint8Array(12)),
    Uint8Array.of(17, 0, 0, 1, 0, 0, 0, 9),
    body,
  )
  const quote4 = udpPacket(H4, P4, 1, 2, body)
  const quote6 = udpPacket(H6, P6, 1, 2, body)
  return [
    [0x806, arp(1, P_MAC, P4, 0, H4)],
    [0x806, arp(2, P_MAC, P4, H_MAC, H4)],
    [0x800, udpPacket(P4, H4, 1, 2, body)],
    [0x800, ipv4({ src: P4, dst: H4, protocol: 6, payload: body, options: Uint8Array.of(7, 7, 4, 1, 2, 3, 4, 0) })],
    [0x800, ipv4({ src: P4, dst: H4, protocol: 17, payload: body, fragment: 0x2001 })],
    [0x800, ipv4({ src: P4, dst: H4, protocol: 1, payload: icmpv4(8, 0, 1, body) })],
    [0x800, ipv4({ src: P4, dst: H4, protocol: 1, payload: icmpv4(3, 4, 1000, quote4) })],
    [0x86dd, udpPacket(P6, H6, 1, 2, body)],
    [0x86dd, ipv6({ src: P6, dst: H6, next: 0, payload: chain })],
    [0x86dd, ipv6({ src: P6, dst: H6, next: 43, payload: concat(Uint8Array.of(59, 2, 0, 0), body) })],
    [0x86dd, ipv6({ src: P6, dst: H6, next: 58, payload: icmpv6(P6, H6, 2, 0, 1300, quote6) })],
    [
      0x86dd,
      ipv6({ src: P6, dst: 'ff02::1', next: 58, hopLimit: 255, payload: icmpv6(P6, 'ff02::1', 135, 0, 0, target) }),
    ],
    [0x86dd, ipv6({ src: P6, dst: H6, next: 58, hopLimit: 255, payload: icmpv6(P6, H6, 136, 0, 0x6000_0000, target) })],
  ]
}

function spoil(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const spoilt = bytes.slice(0, random.chance(0.3) ? random.below(bytes.length + 1) : bytes.length)
  for (let flips = random.below(4); flips > 0 && spoilt.length > 0; flips--)
    spoilt[random.below(spoilt.length)] ^= 1 << random.below(8)
  // Half of the time the header checksum is made right again, so that more than the first check is reached.
  return random.chance(0.5) && spoilt.length >= 20 && spoilt[0] >> 4 === 4 ? rehash(spoilt) : spoilt
}

function rehash(packet: Uint8Array): Uint8Array {
  const header = Math.min((packet[0] & 15) * 4, packet.length)
  packet[10] = packet[11] = 0
  let sum = 0
  for (let i = 0; i + 1 < header; i += 2) sum += packet[i] * 256 + packet[i + 1]
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  packet[10] = ~sum >>> 8
  packet[11] = ~sum
  return packet
}

describe('bad input', () => {
  it('never throws, is always counted or served, and leaves bounded memory', () => {
    const random = new SeededRandom('fuzz')
    const script = new EtherScript({ reassemblyBytes: 65_536 })
    let served = 0
    let held = 0
    for (const protocol of [PROTOCOL_TCP, PROTOCOL_UDP]) {
      script.stack.registerTransport(protocol, {
        handleSegment: (_input, bytes, offset, length) => {
          served++
          // Whatever was checked must hold.
          if (offset < 0 || length < 0 || offset + length > bytes.length)
            expect.fail(`a segment of ${length} at ${offset} of ${bytes.length}`)
          return random.chance(0.5)
        },
        handleError: (_error, bytes, offset, length) => {
          served++
          if (length < 8 || offset + length > bytes.length)
            expect.fail(`a quote of ${length} at ${offset} of ${bytes.length}`)
        },
        flush: () => {},
      })
    }
    const kinds = samples()
    for (let i = 0; i < 12_000; i++) {
      const [etherType, good] = random.pick(kinds)
      const frame = random.chance(0.05) ? random.bytes(random.below(200)) : spoil(good, random)
      const padded = concat(new Uint8Array(i & 3), frame, new Uint8Array(5))
      script.link.onReceive(
        P_MAC,
        random.chance(0.8) ? H_MAC : 0x3333_0000_0001,
        etherType,
        padded,
        i & 3,
        frame.length,
      )
      if (i % 16 === 0) script.clock.advance(random.below(500))
      if (i % 64 === 0) script.link.take()
      held = Math.max(held, script.stack.reassemblyBytes)
    }
    expect(held).toBeGreaterThan(0)
    expect(held).toBeLessThanOrEqual(2 * 65_536)
    const counts = script.stack.counters.snapshot()
    expect(served).toBeGreaterThan(1000)
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(4000)
    // The fuzz is only worth something if it gets far: these lie behind many checks.
    for (const name of [
      'arp-malformed',
      'ipv4-malformed',
      'ipv4-bad-checksum',
      'ipv4-options-malformed',
      'ipv6-malformed',
      'ipv6-malformed-extension',
      'ndp-malformed',
      'icmpv4-bad-checksum',
      'icmpv6-bad-checksum',
      'fragment-overlap',
    ]) {
      expect.soft(counts[name], name).toBeGreaterThan(0)
    }
  })

  it('parsers of @zt/ipstack/wire stay within what they are given', () => {
    const random = new SeededRandom('wire')
    const kinds = samples()
    for (let i = 0; i < 10_000; i++) {
      const [, good] = random.pick(kinds)
      const bytes = random.chance(0.1) ? random.bytes(random.below(100)) : spoil(good, random)
      const total = checkIpv4(bytes, 0, bytes.length)
      if (total >= 0) {
        expect(total).toBeLessThanOrEqual(bytes.length)
        inspectIpv4Options(bytes, 0)
      }
      if (checkIpv6(bytes, 0, bytes.length) >= 0)
        expect(skipIpv6Extensions(bytes, 0, bytes.length).offset).toBeGreaterThanOrEqual(40)
      parseArp(bytes, 0, bytes.length)
      parseNdp(bytes, 0, bytes.length)
      parseNdp(bytes, Math.min(40, bytes.length), Math.max(0, bytes.length - 40))
    }
  })
})
