import { IpPrefix, isZtError } from '@zt/sansio'
import { describe, expect, it } from 'vitest'
import { type Flow, type IpError, type IpInput, type Transport, TRANSPORT_OFFSET, wordsOf } from '../../src/index.js'
import { H4, H6, IpScript, P4, P6, ScriptedIp } from '../lan.js'
import { concat, icmpv4, icmpv6, ip, ipv4, ipv6 } from '../reference/packets.js'

const PROTOCOL = 200

/** A transport that keeps what it is told. */
class Recorder implements Transport {
  readonly log: string[] = []
  believes = true
  readonly #script: IpScript
  constructor(script: IpScript) {
    this.#script = script
    script.stack.registerTransport(PROTOCOL, this)
  }
  handleSegment(input: IpInput, _bytes: Uint8Array, _offset: number, length: number): boolean {
    this.log.push(`${length} bytes from ${input.source} on ${input.nic.name}`)
    return true
  }
  handleError(error: IpError, bytes: Uint8Array, offset: number, length: number): void {
    this.log.push(`${error.kind} ${error.mtu} quoting ${length}, first ${bytes[offset]}`)
    if (error.kind === 'packet-too-big' && this.believes) this.#script.stack.reportPathMtu(error.remote, error.mtu)
  }
  flush(): void {
    this.log.push('flush')
  }
  handleDrain(): void {
    this.log.push('drain')
  }
  handlePathChange(): void {
    this.log.push('path')
  }
}

function setup() {
  const script = new IpScript()
  const transport = new Recorder(script)
  script.clock.advance(0)
  transport.log.length = 0
  return {
    script,
    transport,
    open: (to: string, local?: string) =>
      script.stack.openFlow({ protocol: PROTOCOL, remote: ip(to), local: local === undefined ? undefined : ip(local) }),
  }
}

function code(run: () => unknown): string | undefined {
  try {
    run()
  } catch (error) {
    return isZtError(error) ? error.code : `${error}`
  }
  return undefined
}

const fill = (script: IpScript, length: number): void => {
  script.stack.scratch.bytes.subarray(TRANSPORT_OFFSET, TRANSPORT_OFFSET + length).forEach((_, i, all) => (all[i] = i))
}

describe('Flow', () => {
  it.each([
    [H4, P4],
    [H6, P6],
  ])('puts the header before the segment, from %s', (here, there) => {
    const { script, open } = setup()
    const flow = open(there)
    fill(script, 100)
    flow.dscp = 46
    flow.hopLimit = 7
    expect(flow.send(100, 2)).toBe('sent')
    const [raw] = script.link.sent
    expect(raw[0] >> 4 === 4 ? raw[1] : ((raw[0] & 15) << 4) | (raw[1] >> 4)).toBe((46 << 2) | 2)
    const [packet] = script.link.take()
    expect(packet).toMatchObject({ src: here, dst: there, protocol: PROTOCOL, hopLimit: 7, dontFragment: true })
    expect(packet.payload).toEqual(Uint8Array.from({ length: 100 }, (_, i) => i))
  })

  it('IP4-30 numbers what may be fragmented without repeating itself', () => {
    const { script, open } = setup()
    const flow = open(P4)
    flow.dontFragment = false
    for (let i = 0; i < 1000; i++) flow.send(8)
    expect(new Set(script.link.take().map(({ id }) => id)).size).toBe(1000)
    const [a, b] = ['10.0.0.3', '10.0.0.4'].map((to) => {
      const other = open(to)
      other.dontFragment = false
      other.send(8)
      return script.link.take()[0].id
    })
    expect(a).not.toBe(b)
  })

  it('says too-big instead of fragmenting, unless it may', () => {
    const { script, open } = setup()
    const flow = open(P6)
    expect(flow.maxSegment).toBe(1460)
    expect(flow.send(1461)).toBe('too-big')
    flow.dontFragment = false
    expect(flow.send(1461)).toBe('sent')
    expect(script.link.take()).toHaveLength(2)
    expect(flow.send(65_536)).toBe('too-big')
  })

  it('hands on that the link is full, and that it no longer is', () => {
    const { script, transport, open } = setup()
    const flow = open(P4)
    script.link.isFull = true
    expect(flow.send(8)).toBe('full')
    script.link.isFull = false
    script.link.onDrain()
    script.clock.advance(0)
    expect(transport.log).toEqual(['drain', 'flush'])
  })

  it('IP4-32 IP6-29 speaks from the address of the subnet, scope and prefix that fit', () => {
    const { script, open } = setup()
    const { nic } = script
    for (const text of ['192.168.1.1/24', 'fe80::1/64', '2001:db8::1/32', '2001:db8:7::1/64'])
      nic.addAddress(IpPrefix.parse(text))
    const from = (to: string): string => open(to).localAddress.toString()
    expect(from('192.168.1.9')).toBe('192.168.1.1')
    expect(from('10.0.0.9')).toBe(H4)
    expect(from('fe80::9')).toBe('fe80::1')
    expect(from('fd00::9')).toBe(H6)
    expect(from('2001:db8::9')).toBe('2001:db8::1')
    expect(from('2001:db8:7::9')).toBe('2001:db8:7::1')
    expect(from('ff02::1')).toBe('fe80::1')
    expect(script.stack.selectSource(ip('192.168.1.9')).toString()).toBe('192.168.1.1')
  })

  it('IP6-30 avoids deprecated addresses for what is new', () => {
    const { script, open } = setup()
    const old = open('fd00::9')
    script.nic.addAddress(IpPrefix.parse(`${H6}/64`), { deprecated: true })
    expect(open('fd00::9').localAddress.toString()).toBe(H6)
    script.nic.addAddress(IpPrefix.parse('fd00::5/64'))
    expect(open('fd00::9').localAddress.toString()).toBe('fd00::5')
    expect(old.problem).toBeUndefined()
    expect(old.send(8)).toBe('sent')
  })

  it('IP4-33 has no flow without a route, nor from an address of others', () => {
    const { open } = setup()
    expect(code(() => open('8.8.8.8'))).toBe('ENETUNREACH')
    expect(code(() => open('2001:db8::1'))).toBe('ENETUNREACH')
    expect(code(() => open(P4, '10.0.0.77'))).toBe('EADDRNOTAVAIL')
  })

  it('IP4-34 ends with its address', () => {
    const { script, transport, open } = setup()
    const flow = open(P4)
    script.nic.removeAddress(ip(H4))
    script.clock.advance(0)
    expect(transport.log).toEqual(['path', 'flush'])
    expect(flow.problem).toBe('EADDRNOTAVAIL')
    expect(flow.send(8)).toBe('unreachable')
    expect(script.receive(ipv4({ src: P4, dst: H4, protocol: PROTOCOL, payload: new Uint8Array(8) }))).toEqual([])
  })

  it('IP4-35 stays at home when it is for ourselves, after the burst and without the link', () => {
    const { script, transport, open } = setup()
    for (const to of [H4, H6, '127.0.0.1', '::1']) {
      const flow = open(to)
      expect(flow.isLoopback).toBe(true)
      expect(flow.localAddress.toString()).toBe(to)
      expect(flow.send(40)).toBe('sent')
    }
    expect(transport.log).toEqual([])
    script.clock.advance(0)
    expect(transport.log.filter((line) => line !== 'flush')).toEqual(
      [H4, H6, '127.0.0.1', '::1'].map((from) => `40 bytes from ${from} on lo`),
    )
    expect(script.link.take()).toEqual([])
  })

  it('tells when the way home is full, and drains', () => {
    const { script, transport, open } = setup()
    const flow = open(H4)
    let sent = 0
    while (flow.send(60_000) === 'sent') sent++
    expect(sent).toBe(17)
    script.clock.advance(0)
    expect(transport.log.filter((line) => line.startsWith('60000'))).toHaveLength(17)
    expect(transport.log).toContain('drain')
    expect(flow.send(60_000)).toBe('sent')
  })
})

describe('routes', () => {
  it('prefers the longest prefix, then the lowest metric, and goes through gateways', () => {
    const { script, open } = setup()
    const other = new ScriptedIp()
    const second = script.stack.attachIp(other, { name: 'tun1' })
    second.addAddress(IpPrefix.parse('172.16.0.1/16'))
    const add = (prefix: string, nic = script.nic, metric = 0) =>
      script.stack.addRoute({
        prefix: IpPrefix.parse(prefix),
        nic,
        metric,
        via: ip(nic === second ? '172.16.0.2' : P4),
      })
    add('0.0.0.0/0', script.nic, 10)
    add('0.0.0.0/0', second, 5)
    add('8.8.0.0/16', script.nic, 20)
    const through = (to: string): string => open(to).nic.name
    expect([through('8.8.8.8'), through('9.9.9.9'), through('172.16.5.5'), through(P4)]).toEqual([
      'tun0',
      'tun1',
      'tun1',
      'tun0',
    ])
    expect(open('9.9.9.9').localAddress.toString()).toBe('172.16.0.1')
    // Who speaks from an address speaks through its interface.
    expect(open('9.9.9.9', H4).nic.name).toBe('tun0')
    expect(script.stack.openFlow({ protocol: PROTOCOL, remote: ip('9.9.9.9'), nic: script.nic }).nic.name).toBe('tun0')
  })

  it('moves open flows when routes change, and stops them when none is left', () => {
    const { script, open } = setup()
    const route = { prefix: IpPrefix.parse('8.0.0.0/8'), nic: script.nic, via: ip(P4) }
    script.stack.addRoute(route)
    const flow = open('8.8.8.8')
    expect(flow.send(8)).toBe('sent')
    expect(script.stack.removeRoute(route)).toBe(true)
    expect(script.stack.removeRoute(route)).toBe(false)
    expect([flow.problem, flow.send(8)]).toEqual(['ENETUNREACH', 'unreachable'])
    script.stack.addRoute(route)
    expect([flow.problem, flow.send(8)]).toEqual([undefined, 'sent'])
  })

  it('keeps the route of a subnet while one of its addresses is left', () => {
    const { script, open } = setup()
    script.nic.addAddress(IpPrefix.parse('10.0.0.7/24'))
    script.nic.removeAddress(ip(H4))
    expect(open('10.0.0.9').localAddress.toString()).toBe('10.0.0.7')
    expect(script.stack.routes.filter(({ prefix }) => prefix.toString() === '10.0.0.0/24')).toHaveLength(1)
  })

  it('refuses what makes no sense', () => {
    const { script } = setup()
    const nic = new IpScript().nic
    expect(code(() => script.stack.addRoute({ prefix: IpPrefix.parse('::/0'), nic: script.nic, via: ip(P4) }))).toBe(
      'ZT_ARG_INVALID',
    )
    expect(code(() => script.stack.addRoute({ prefix: IpPrefix.parse('::/0'), nic }))).toBe('ZT_ARG_INVALID')
    for (const bad of ['0.0.0.0/8', '224.0.0.1/4', '255.255.255.255/32', 'ff02::1/16', '::/0']) {
      expect(code(() => script.nic.addAddress(IpPrefix.parse(bad)))).toBe('ZT_ARG_INVALID')
    }
    script.nic.detach()
    expect(code(() => script.nic.addAddress(IpPrefix.parse(`${H4}/24`)))).toBe('ZT_CLOSED')
    expect(script.stack.interfaces.map(({ name }) => name)).toEqual(['lo'])
    script.stack.close()
    expect(code(() => script.stack.attachIp(new ScriptedIp()))).toBe('ZT_CLOSED')
  })
})

describe('path MTU', () => {
  /** A router's word that the last packet was too big. */
  function tooBig(script: IpScript, flow: Flow, mtu: number, length = 1400): void {
    flow.send(length)
    const [packet] = script.link.sent.splice(0)
    const isV4 = flow.family === 4
    const router = isV4 ? '10.0.0.254' : 'fd00::fe'
    script.receive(
      isV4
        ? ipv4({ src: router, dst: H4, protocol: 1, payload: icmpv4(3, 4, mtu, packet.subarray(0, 28)) })
        : ipv6({ src: router, dst: H6, next: 58, payload: icmpv6(router, H6, 2, 0, mtu, packet.subarray(0, 1232)) }),
    )
  }

  it.each([P4, P6])('MTU-01 MTU-05 MTU-07 is shared by flows to %s and forgotten after ten minutes', (to) => {
    const { script, transport, open } = setup()
    const [one, two, other] = [open(to), open(to), open(to === P4 ? '10.0.0.3' : 'fd00::3')]
    tooBig(script, one, 1400)
    expect([one.mtu, two.mtu, other.mtu]).toEqual([1400, 1400, 1500])
    expect(transport.log).toContain('path')
    transport.log.length = 0
    script.clock.advance(599_000)
    expect(one.mtu).toBe(1400)
    script.clock.advance(1001)
    expect(transport.log).toContain('path')
    expect([one.mtu, two.mtu]).toEqual([1500, 1500])
  })

  it('MTU-02 steps down by plateaus when a router does not say', () => {
    const { script, open } = setup()
    const flow = open(P4)
    tooBig(script, flow, 0, 1480)
    expect(flow.mtu).toBe(1492)
    tooBig(script, flow, 0, 1472)
    expect(flow.mtu).toBe(1006)
  })

  it('MTU-03 does not go below the floor, and IP6-27 not below what IPv6 guarantees', () => {
    const { script, open } = setup()
    const [four, six] = [open(P4), open(P6)]
    tooBig(script, four, 68)
    tooBig(script, six, 600)
    expect([four.mtu, six.mtu]).toEqual([576, 1500])
    expect(script.count('icmpv6-implausible-mtu')).toBe(1)
  })

  it('IP6-28 does not go up on a say-so', () => {
    const { script, transport, open } = setup()
    const flow = open(P6)
    transport.log.length = 0
    tooBig(script, flow, 9000)
    expect(flow.mtu).toBe(1500)
    expect(transport.log).not.toContain('path')
    tooBig(script, flow, 1300)
    tooBig(script, flow, 1400, 1200)
    expect(flow.mtu).toBe(1300)
  })

  it('MTU-04 is for the transport to believe', () => {
    const { script, transport, open } = setup()
    transport.believes = false
    const flow = open(P4)
    tooBig(script, flow, 1400)
    expect(transport.log).toContain('packet-too-big 1400 quoting 8, first 0')
    expect(flow.mtu).toBe(1500)
  })

  it('MTU-09 follows the link at run time', () => {
    const { script, transport, open } = setup()
    const flow = open(P4)
    script.link.mtu = 1300
    script.link.onChange()
    script.clock.advance(0)
    expect(flow.mtu).toBe(1300)
    expect(transport.log).toEqual(['path', 'drain', 'flush'])
    expect(flow.send(1281)).toBe('too-big')
  })

  it('remembers a bounded number of paths', () => {
    const { script } = setup()
    for (let i = 0; i < 5000; i++) script.stack.reportPathMtu(wordsOf(ip(`10.0.0.${2 + (i % 200)}`)), 1400 - i / 10)
    expect(script.stack.openFlow({ protocol: PROTOCOL, remote: ip(P4) }).mtu).toBeLessThan(1000)
  })
})

describe('errors from the network', () => {
  it.each([
    [3, 0, 'network-unreachable'],
    [3, 1, 'host-unreachable'],
    [3, 2, 'protocol-unreachable'],
    [3, 3, 'port-unreachable'],
    [3, 13, 'prohibited'],
    [11, 0, 'time-exceeded'],
    [12, 0, 'parameter-problem'],
  ])('ICMPv4 %i/%i is %s to the transport', (type, subtype, kind) => {
    const { script, transport, open } = setup()
    open(P4).send(40)
    const [packet] = script.link.sent.splice(0)
    script.receive(ipv4({ src: '10.0.0.254', dst: H4, protocol: 1, payload: icmpv4(type, subtype, 0, packet) }))
    expect(transport.log).toContain(`${kind} 0 quoting 40, first 0`)
  })

  it.each([
    [1, 0, 'network-unreachable'],
    [1, 1, 'prohibited'],
    [1, 3, 'host-unreachable'],
    [1, 4, 'port-unreachable'],
    [3, 0, 'time-exceeded'],
    [4, 1, 'protocol-unreachable'],
  ])('ICMPv6 %i/%i is %s to the transport', (type, subtype, kind) => {
    const { script, transport, open } = setup()
    open(P6).send(40)
    const [packet] = script.link.sent.splice(0)
    const payload = icmpv6('fd00::fe', H6, type, subtype, 0, packet)
    script.receive(ipv6({ src: 'fd00::fe', dst: H6, next: 58, payload }))
    expect(transport.log).toContain(`${kind} 0 quoting 40, first 0`)
  })

  it('finds the transport behind extension headers, and ignores later fragments', () => {
    const { script, transport } = setup()
    const quote = ipv6({
      src: H6,
      dst: P6,
      next: 44,
      payload: concat(Uint8Array.of(PROTOCOL, 0, 0, 1, 0, 0, 0, 9), new Uint8Array(16)),
    })
    const error = (body: Uint8Array): Uint8Array =>
      ipv6({ src: P6, dst: H6, next: 58, payload: icmpv6(P6, H6, 1, 4, 0, body) })
    script.receive(error(quote))
    expect(transport.log).toContain('port-unreachable 0 quoting 16, first 0')
    transport.log.length = 0
    quote[43] = 0x08
    script.receive(error(quote))
    expect(transport.log.filter((line) => line !== 'flush')).toEqual([])
  })
})

describe('IpStack', () => {
  it('has one transport for each protocol', () => {
    const { script } = setup()
    expect(code(() => new Recorder(script))).toBe('EADDRINUSE')
  })

  it('flushes once after a burst, and not without one', () => {
    const { script, transport } = setup()
    const packet = ipv4({ src: P4, dst: H4, protocol: PROTOCOL, payload: new Uint8Array(4) })
    script.receive(packet, packet, packet)
    expect(transport.log).toEqual([...Array.from({ length: 3 }, () => `4 bytes from ${P4} on tun0`), 'flush'])
    transport.log.length = 0
    script.clock.advance(100_000)
    expect(transport.log).toEqual([])
  })

  it('gives one time to a whole burst', () => {
    const { script } = setup()
    const before = script.stack.touch()
    expect(before).toBe(script.clock.now())
    script.clock.advance(50)
    expect(script.stack.touch()).toBe(before + 50)
  })

  it('is silent after close', () => {
    const { script, transport, open } = setup()
    const flow = open(P4)
    const { onReceive } = script.link
    script.stack.close()
    script.stack.close()
    script.clock.advance(10_000)
    onReceive(ipv4({ src: P4, dst: H4, protocol: PROTOCOL, payload: new Uint8Array(4) }), 0, 24)
    script.link.onReceive(ipv4({ src: P4, dst: H4, protocol: PROTOCOL, payload: new Uint8Array(4) }), 0, 24)
    script.clock.advance(10_000)
    expect(transport.log).toEqual([])
    expect(flow.send(8)).toBe('unreachable')
    expect(script.link.take()).toEqual([])
  })
})
