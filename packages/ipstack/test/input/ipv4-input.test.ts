import { IpPrefix } from '@zt/sansio'
import { describe, expect, it } from 'vitest'
import { type IpInput, PROTOCOL_UDP, type Settings, type Transport } from '../../src/index.js'
import { H4, H_MAC, IpScript, EtherScript, P4, P_MAC } from '../lan.js'
import { be, bytesOf, concat, decode, icmpv4, ip, ipv4, type Ipv4Fields, udpPacket } from '../reference/packets.js'

/** A transport that keeps what it is given. */
class Catcher implements Transport {
  readonly payloads: string[] = []
  readonly unicast: boolean[] = []
  handleSegment(input: IpInput, bytes: Uint8Array, offset: number, length: number): boolean {
    this.payloads.push(String.fromCharCode(...bytes.subarray(offset, offset + length)))
    this.unicast.push(input.isUnicast)
    return true
  }
  handleError(): void {}
  flush(): void {}
}

function caught(settings: Partial<Settings> = {}): {
  script: IpScript
  catcher: Catcher
  receive: (fields: Partial<Ipv4Fields>) => void
} {
  const script = new IpScript(settings)
  const catcher = new Catcher()
  script.stack.registerTransport(PROTOCOL_UDP, catcher)
  const receive = (fields: Partial<Ipv4Fields>): void => {
    expect(script.receive(ipv4({ src: P4, dst: H4, protocol: 17, payload: bytesOf('hello'), ...fields }))).toEqual([])
  }
  return { script, catcher, receive }
}

/** Pieces of a payload as fragments of one datagram. */
function fragments(payload: Uint8Array, size: number, id = 7, fields: Partial<Ipv4Fields> = {}): Uint8Array[] {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < payload.length; at += size) {
    const more = at + size < payload.length ? 0x2000 : 0
    pieces.push(
      ipv4({
        src: P4,
        dst: H4,
        protocol: 17,
        id,
        fragment: more | (at / 8),
        payload: payload.subarray(at, at + size),
        ...fields,
      }),
    )
  }
  return pieces
}

const text = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => 65 + (i % 26))

describe('IPv4 header checks', () => {
  it('IP4-01 delivers a good packet once', () => {
    const { catcher, receive } = caught()
    receive({})
    expect(catcher.payloads).toEqual(['hello'])
  })

  it('IP4-02 drops a wrong header checksum', () => {
    const { script, catcher } = caught()
    const packet = ipv4({ src: P4, dst: H4, protocol: 17, payload: bytesOf('hello') })
    packet[8] ^= 1
    expect(script.receive(packet)).toEqual([])
    expect(catcher.payloads).toEqual([])
    expect(script.count('ipv4-bad-checksum')).toBe(1)
  })

  it.each([
    ['IP4-03 version 5', { version: 5 }],
    ['IP4-04 header length 4', { headerWords: 4 }],
    ['IP4-05 header length past the end', { headerWords: 15, payload: bytesOf('four') }],
    ['IP4-06 total length past the end', { totalLength: 33 }],
    ['IP4-08 total length below the header', { totalLength: 10 }],
  ] as const)('%s is malformed', (_, fields) => {
    const { script, catcher, receive } = caught()
    receive(fields)
    expect(catcher.payloads).toEqual([])
    expect(script.count('ipv4-malformed')).toBe(1)
  })

  it('IP4-07 ignores padding of the link', () => {
    const { script, catcher } = caught()
    script.receive(concat(ipv4({ src: P4, dst: H4, protocol: 17, payload: bytesOf('hello') }), new Uint8Array(16)))
    expect(catcher.payloads).toEqual(['hello'])
  })

  it('IP4-09 takes any TTL, being no router', () => {
    const { catcher, receive } = caught()
    receive({ ttl: 0 })
    receive({ ttl: 1 })
    expect(catcher.payloads).toHaveLength(2)
  })

  it('IP4-10 drops what is for others', () => {
    const { script, catcher, receive } = caught()
    receive({ dst: '10.0.0.77' })
    expect(catcher.payloads).toEqual([])
    expect(script.count('ipv4-not-ours')).toBe(1)
  })

  it('IP4-11 takes broadcasts, marked as such', () => {
    const { catcher, receive } = caught()
    receive({ dst: '10.0.0.255' })
    receive({ dst: '255.255.255.255' })
    expect(catcher.unicast).toEqual([false, false])
  })

  it.each(['127.0.0.1', '224.0.0.1', '255.255.255.255', '10.0.0.255', H4, '0.0.0.0', '240.0.0.1'])(
    'IP4-12 drops source %s',
    (src) => {
      const { script, catcher, receive } = caught()
      receive({ src })
      expect(catcher.payloads).toEqual([])
      expect(script.count('ipv4-martian-source')).toBe(1)
    },
  )

  it('IP4-13 drops the loopback network on a wire', () => {
    const { script, catcher, receive } = caught()
    receive({ dst: '127.0.0.1' })
    expect(catcher.payloads).toEqual([])
    expect(script.count('ipv4-not-ours')).toBe(1)
  })

  it('IP4-14 steps over options', () => {
    const { catcher, receive } = caught()
    receive({ options: be([1, 1], [1, 1], [1, 7], [1, 3], [1, 4], [1, 0], [1, 0], [1, 0]) })
    expect(catcher.payloads).toEqual(['hello'])
  })

  it.each([
    ['of length 0', be([1, 7], [1, 0], [2, 0])],
    ['of length 1', be([1, 7], [1, 1], [2, 0])],
    ['past the header', be([1, 7], [1, 9], [2, 0])],
    ['cut before its length', be([1, 1], [1, 1], [1, 1], [1, 7])],
  ])('IP4-15 drops an option %s', (_, options) => {
    const { script, catcher, receive } = caught()
    receive({ options })
    expect(catcher.payloads).toEqual([])
    expect(script.count('ipv4-options-malformed')).toBe(1)
  })

  it('IP4-16 refuses source routes', () => {
    const { script, catcher, receive } = caught()
    receive({ options: be([1, 131], [1, 7], [1, 4], [4, 0x0a00_0009], [1, 0]) })
    expect(catcher.payloads).toEqual([])
    expect(script.count('ipv4-options-source-route')).toBe(1)
  })

  it('takes unicast in a broadcast frame for the mistake that it is', () => {
    const script = new EtherScript()
    const catcher = new Catcher()
    script.stack.registerTransport(PROTOCOL_UDP, catcher)
    const packet = ipv4({ src: P4, dst: H4, protocol: 17, payload: bytesOf('hello') })
    script.receive(0x800, packet, P_MAC, 0xffff_ffff_ffff)
    expect(catcher.payloads).toEqual([])
    script.receive(0x800, packet, P_MAC, H_MAC)
    expect(catcher.payloads).toEqual(['hello'])
  })

  it('does not speak for an address of another interface', () => {
    const { script, catcher } = caught()
    const other = new IpScript().link
    script.stack.attachIp(other).addAddress(IpPrefix.parse('192.168.1.1/24'))
    script.receive(ipv4({ src: P4, dst: '192.168.1.1', protocol: 17, payload: bytesOf('hello') }))
    expect(catcher.payloads).toEqual([])
  })
})

describe('IPv4 reassembly', () => {
  it('IP4-17 delivers fragments in order, once', () => {
    const { script, catcher } = caught()
    script.receive(...fragments(text(3000), 1480))
    expect(catcher.payloads).toEqual([String.fromCharCode(...text(3000))])
  })

  it('IP4-18 delivers two interleaved datagrams that arrive backwards', () => {
    const { script, catcher } = caught()
    const one = fragments(text(3000), 1480, 1).reverse()
    const two = fragments(text(2500), 1000, 2).reverse()
    script.receive(one[0], two[0], one[1], two[1], two[2], one[2])
    expect(catcher.payloads.map((payload) => payload.length)).toEqual([2500, 3000])
  })

  it('IP4-19 never mixes sources or protocols', () => {
    const { script, catcher } = caught()
    const [first] = fragments(text(2000), 1480)
    const [, second] = fragments(text(2000), 1480, 7, { src: '10.0.0.3' })
    const [, third] = fragments(text(2000), 1480, 7, { protocol: 253 })
    script.receive(first, second, third)
    expect(catcher.payloads).toEqual([])
  })

  it('IP4-20 lets a duplicate pass', () => {
    const { script, catcher } = caught()
    const [a, b, c] = fragments(text(3000), 1480)
    script.receive(a, b, b, a, c)
    expect(catcher.payloads).toHaveLength(1)
    expect(script.count('fragment-duplicate')).toBe(2)
  })

  it('IP4-21 discards a datagram whose fragments overlap, and what follows of it', () => {
    const { script, catcher } = caught()
    const [a, b, c] = fragments(text(3000), 1480)
    const overlapping = ipv4({
      src: P4,
      dst: H4,
      protocol: 17,
      id: 7,
      fragment: 0x2000 | (1472 / 8),
      payload: new Uint8Array(16),
    })
    script.receive(a, overlapping, b, c)
    expect(catcher.payloads).toEqual([])
    const changed = b.slice()
    changed[25] ^= 1
    script.clock.advance(31_000)
    script.receive(a, b, changed, c)
    expect(catcher.payloads).toEqual([])
    expect(script.count('fragment-overlap')).toBe(2)
  })

  it.each([
    ['the one after it', 1488, 1480],
    ['the one before it', 1472, 1480],
    ['all of a smaller one', 1480, 1496],
    ['a part of a larger one', 1488, 8],
  ])('IP4-21 discards a fragment that overlaps %s', (_, start, length) => {
    const { script, catcher } = caught()
    const [a, b, c] = fragments(text(4440), 1480)
    script.receive(start < 1480 ? a : c, b)
    script.receive(
      ipv4({ src: P4, dst: H4, protocol: 17, id: 7, fragment: 0x2000 | (start / 8), payload: new Uint8Array(length) }),
    )
    expect(script.count('fragment-overlap')).toBe(1)
    script.receive(a, b, c)
    expect(catcher.payloads).toEqual([])
  })

  it('IP4-22 gives up after 30 s and says so to the sender, quoting the first fragment', () => {
    const { script } = caught()
    const [first] = fragments(text(3000), 1480)
    script.receive(first)
    script.clock.advance(29_990)
    expect(script.link.take()).toEqual([])
    script.clock.advance(20)
    const [error] = script.link.take()
    expect([...error.payload.subarray(0, 2)]).toEqual([11, 1])
    expect(error.payload.subarray(8, 48)).toEqual(first.subarray(0, 40))
  })

  it('IP4-23 gives up silently without the first fragment', () => {
    const { script } = caught()
    script.receive(fragments(text(3000), 1480)[2])
    script.clock.advance(31_000)
    expect(script.link.take()).toEqual([])
    expect(script.count('reassembly-timeout')).toBe(1)
  })

  it('IP4-24 drops a middle fragment that is not a multiple of 8', () => {
    const { script } = caught()
    for (const length of [13, 12, 0])
      script.receive(ipv4({ src: P4, dst: H4, protocol: 17, fragment: 0x2000, payload: new Uint8Array(length) }))
    expect(script.count('fragment-malformed')).toBe(3)
  })

  it('IP4-25 drops what would be longer than any packet', () => {
    const { script, catcher } = caught()
    script.receive(ipv4({ src: P4, dst: H4, protocol: 17, fragment: 8189, payload: new Uint8Array(200) }))
    expect(script.count('fragment-too-long')).toBe(1)
    // 65,520 bytes of payload fit the offset field, but not with a header.
    script.receive(...fragments(text(65_520), 1480, 9))
    expect(catcher.payloads).toEqual([])
    expect(script.count('fragment-too-long')).toBe(2)
  })

  it('IP4-26 discards a datagram with two ends', () => {
    const { script, catcher } = caught()
    const [, second] = fragments(text(2960), 1480)
    script.receive(second, ipv4({ src: P4, dst: H4, protocol: 17, id: 7, fragment: 370, payload: new Uint8Array(8) }))
    script.receive(fragments(text(2960), 1480)[0])
    expect(catcher.payloads).toEqual([])
    expect(script.count('fragment-overlap')).toBe(1)
  })

  it('IP4-26 discards a datagram that goes on after its end, whichever comes first', () => {
    const { script } = caught()
    const last = (id: number) =>
      ipv4({ src: P4, dst: H4, protocol: 17, id, fragment: 100, payload: new Uint8Array(80) })
    const beyond = (id: number) =>
      ipv4({ src: P4, dst: H4, protocol: 17, id, fragment: 0x2000 | 200, payload: new Uint8Array(80) })
    script.receive(last(1), beyond(1), beyond(2), last(2))
    expect(script.count('fragment-overlap')).toBe(2)
  })

  it('IP4-27 stays within its memory and still serves the newest', () => {
    const { script, catcher } = caught({ reassemblyBytes: 65_536 })
    for (let id = 1; id <= 500; id++) {
      const source = `10.0.${id >> 8}.${id & 255}`
      if (source === '10.0.0.1' || source === '10.0.0.255') continue
      script.receive(fragments(text(3000), 1480, id, { src: source })[0])
    }
    script.receive(...fragments(text(3000), 1480, 4242))
    expect(catcher.payloads).toHaveLength(1)
    expect(script.stack.reassemblyBytes).toBeLessThanOrEqual(65_536)
    expect(script.count('reassembly-evicted')).toBeGreaterThan(400)
  })

  it('gives back what it holds, however a datagram ends', () => {
    const { script } = caught()
    const [a, b, c] = fragments(text(4440), 1480)
    script.receive(a, b, c)
    expect(script.stack.reassemblyBytes).toBe(0)
    script.receive(
      a,
      c,
      ipv4({ src: P4, dst: H4, protocol: 17, id: 7, fragment: 0x2000 | 1, payload: new Uint8Array(80) }),
    )
    script.receive(...fragments(text(4440), 1480, 8).slice(1))
    expect(script.stack.reassemblyBytes).toBeGreaterThan(2960)
    script.clock.advance(30_001)
    expect(script.stack.reassemblyBytes).toBe(0)
    expect(script.clock.nextDeadline()).toBe(Number.POSITIVE_INFINITY)
  })

  it('bounds the unfinished datagrams of one source', () => {
    const { script } = caught({ reassemblyPerSource: 4 })
    for (let id = 0; id < 10; id++) script.receive(fragments(text(3000), 1480, id)[0])
    expect(script.count('fragment-refused')).toBe(6)
  })
})

describe('ICMPv4', () => {
  const echo = (body: Uint8Array, fields: Partial<Ipv4Fields> = {}): Uint8Array =>
    ipv4({ src: P4, dst: H4, protocol: 1, payload: icmpv4(8, 0, 0x1234_0001, body), ...fields })

  it.each([0, 33, 1400])('IC4-01 IC4-04 answers an echo of %i bytes', (length) => {
    const [reply] = new IpScript().receive(echo(text(length)))
    expect(reply).toMatchObject({ src: H4, dst: P4, protocol: 1 })
    expect(reply.payload[0]).toBe(0)
    expect(reply.payload.subarray(4)).toEqual(concat(be([4, 0x1234_0001]), text(length)))
  })

  it('IC4-02 does not answer a corrupted one', () => {
    const script = new IpScript()
    const message = icmpv4(8, 0, 1, text(20))
    message[12] ^= 4
    expect(script.receive(ipv4({ src: P4, dst: H4, protocol: 1, payload: message }))).toEqual([])
    expect(script.count('icmpv4-bad-checksum')).toBe(1)
  })

  it.each(['10.0.0.255', '255.255.255.255', '224.0.0.1'])('IC4-03 does not answer an echo to %s', (dst) => {
    const script = new IpScript()
    expect(script.receive(echo(text(8), { dst }))).toEqual([])
    expect(script.count('echo-to-group')).toBe(1)
  })

  it('IC4-05 answers a fragmented echo in fragments', () => {
    const script = new IpScript()
    const whole = icmpv4(8, 0, 1, text(4000))
    const replies = script.receive(...fragments(whole, 1480, 3, { protocol: 1 }))
    expect(replies.map(({ fragmentOffset, moreFragments }) => [fragmentOffset, moreFragments])).toEqual([
      [0, true],
      [1480, true],
      [2960, false],
    ])
    expect(new Set(replies.map(({ id }) => id)).size).toBe(1)
    expect(concat(...replies.map(({ payload }) => payload)).subarray(8)).toEqual(text(4000))
  })

  it('IC4-07 says protocol unreachable, quoting the packet', () => {
    const packet = ipv4({ src: P4, dst: H4, protocol: 253, payload: text(600) })
    const [error] = new IpScript().receive(packet)
    expect([...error.payload.subarray(0, 2)]).toEqual([3, 2])
    expect(error.payload.subarray(8)).toEqual(packet.subarray(0, 576 - 28))
  })

  it('IC4-08 never answers an error with an error', () => {
    const script = new IpScript()
    const inner = ipv4({ src: H4, dst: P4, protocol: 253, payload: text(20) })
    for (const type of [3, 4, 5, 11, 12]) {
      expect(script.receive(ipv4({ src: P4, dst: H4, protocol: 1, payload: icmpv4(type, 1, 0, inner) }))).toEqual([])
    }
  })

  it('IC4-08 nor one that was never whole', () => {
    const script = new IpScript()
    const error = icmpv4(3, 1, 0, ipv4({ src: H4, dst: P4, protocol: 17, payload: text(100) }))
    script.receive(ipv4({ src: P4, dst: H4, protocol: 1, fragment: 0x2000, payload: error.subarray(0, 80) }))
    script.clock.advance(31_000)
    expect(script.count('reassembly-timeout')).toBe(1)
    expect(script.link.take()).toEqual([])
    script.receive(ipv4({ src: P4, dst: H4, protocol: 1, fragment: 0x2000, payload: icmpv4(8, 0, 0, text(72)) }))
    script.clock.advance(31_000)
    expect(script.link.take()).toHaveLength(1)
  })

  it('IC4-09 never answers groups, later fragments or sources that are none', () => {
    const script = new IpScript()
    const later = ipv4({ src: P4, dst: H4, protocol: 253, fragment: 100, payload: text(8) })
    expect(script.receive(later)).toEqual([])
    for (const dst of ['10.0.0.255', '255.255.255.255', '224.0.0.1']) {
      expect(script.receive(ipv4({ src: P4, dst, protocol: 253, payload: text(8) }))).toEqual([])
    }
    expect(script.receive(ipv4({ src: '0.0.0.0', dst: H4, protocol: 253, payload: text(8) }))).toEqual([])
  })

  it('IC4-10 limits how many it sends, and counts the rest', () => {
    const script = new IpScript({ errorBurst: 50, errorInterval: 1 })
    let sent = 0
    for (let i = 0; i < 2000; i++) {
      sent += script.receive(ipv4({ src: P4, dst: H4, protocol: 253, payload: text(8) })).length
      if (i % 10 === 9) script.clock.advance(1)
    }
    expect(sent).toBeGreaterThanOrEqual(200)
    expect(sent).toBeLessThanOrEqual(251)
    expect(script.count('icmp-error-suppressed')).toBe(2000 - sent)
  })

  it('IC4-13 IC4-14 ignores quotes that are cut short or not of ours', () => {
    const script = new IpScript()
    const short = ipv4({ src: H4, dst: P4, protocol: 17, payload: text(4) })
    const foreign = udpPacket('10.0.0.9', P4, 1, 2, text(4))
    for (const quote of [short, foreign, short.subarray(0, 10), new Uint8Array(0)]) {
      expect(script.receive(ipv4({ src: P4, dst: H4, protocol: 1, payload: icmpv4(3, 3, 0, quote) }))).toEqual([])
    }
    expect(script.count('icmpv4-bad-quote')).toBe(3)
    expect(script.count('icmpv4-foreign-quote')).toBe(1)
  })

  it('IC4-19 IC4-20 ignores quench, redirects, timestamps, masks', () => {
    const script = new IpScript()
    for (const type of [4, 5, 9, 10, 13, 15, 17, 200]) {
      expect(script.receive(ipv4({ src: P4, dst: H4, protocol: 1, payload: icmpv4(type, 0, 0, text(20)) }))).toEqual([])
    }
    expect(script.count('icmpv4-ignored')).toBe(8)
  })

  it('limits echo replies', () => {
    const script = new IpScript({ echoBurst: 5, echoInterval: 10 })
    expect(script.receive(...Array.from({ length: 9 }, () => echo(text(8))))).toHaveLength(5)
    expect(script.count('echo-suppressed')).toBe(4)
    expect(new IpScript({ answerEcho: false }).receive(echo(text(8)))).toEqual([])
  })

  it('decodes what it sends with the reference', () => {
    expect(decode(echo(text(3))).payload[0]).toBe(8)
    expect(ip(H4).isV4).toBe(true)
  })
})
