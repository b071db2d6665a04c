import { Endpoint } from '@zt/sansio'
import { describe, expect, test } from 'vitest'
import {
  datagramPortCases,
  type DatagramEvent,
  type NatKind,
  type SimDatagramPort,
  SeededRandom,
  SimNetwork,
  VirtualClock,
} from '../../src/index.js'

const at = (text: string) => Endpoint.parse(text)
const payload = Uint8Array.of(1, 2, 3)

function send(port: SimDatagramPort, to: string | Endpoint, ttl?: number): boolean {
  return port.send(1, typeof to === 'string' ? at(to) : to, payload, 0, payload.length, ttl)
}

/** Where the datagrams came from that reached this port. */
function heard(port: SimDatagramPort): string[] {
  const from: string[] = []
  port.receiver = { handleDatagram: (_socket, sender) => void from.push(`${sender}`) }
  return from
}

function world() {
  const clock = new VirtualClock(0)
  const net = new SimNetwork({ clock })
  const events: DatagramEvent[] = []
  net.onDatagram = (event) => events.push({ ...event })
  return { clock, net, fates: () => events.map(({ fate }) => fate), events }
}

describe('a port of the simulated network complies', () => {
  const cases = datagramPortCases(async () => {
    const { clock, net } = world()
    const a = net.host('a', '198.51.100.1').open()
    const b = net.host('b', '198.51.100.2').open({ port: 9993 })
    return {
      a,
      b,
      toB: at('198.51.100.2/9993'),
      until: async (predicate) => expect(clock.runUntil(predicate)).toBe(true),
      close: async () => {
        a.close()
        b.close()
      },
    }
  })
  for (const { name, run } of cases) test(name, run)
})

describe('SimNetwork', () => {
  test('carries datagrams between hosts, after the delay of the internet', () => {
    const { clock, net, events } = world()
    const a = net.host('a', '198.51.100.1').open({ port: 1 })
    const b = net.host('b', '198.51.100.2').open({ port: 2 })
    const from = heard(b)
    send(a, '198.51.100.2/2')
    clock.advance(9.9)
    expect(from).toEqual([])
    clock.advance(0.1)
    expect(from).toEqual(['198.51.100.1/1'])
    expect(events).toMatchObject([{ fromHost: 'a', toHost: 'b', fate: 'delivered' }])
  })

  test('says why a datagram did not arrive', () => {
    const { clock, net, fates } = world()
    const host = net.host('a', '198.51.100.1')
    const a = host.open({ port: 1 })
    const b = net.host('b', '198.51.100.2')
    net.link(host, b, { mtu: 2 })
    send(a, '198.51.100.2/2')
    net.link(host, b, {})
    send(a, '198.51.100.2/2')
    clock.advance(0)
    send(a, '198.51.100.3/2')
    send(a, '198.51.100.1/1', 1)
    const unblock = net.block(host, b)
    send(a, '198.51.100.2/2')
    unblock()
    unblock()
    b.open({ port: 2 })
    send(a, '198.51.100.2/2')
    clock.advance(100)
    expect(fates().sort()).toEqual(['blocked', 'delivered', 'no-route', 'no-socket', 'too-big', 'ttl-exceeded'])
    expect(net.counters.snapshot()).toMatchObject({ blocked: 1, delivered: 1 })
  })

  test('ways of their own can differ by direction', () => {
    const { clock, net } = world()
    const [a, b] = [net.host('a', '198.51.100.1'), net.host('b', '198.51.100.2')]
    const [pa, pb] = [a.open({ port: 1 }), b.open({ port: 1 })]
    net.link(a, b, { delayMs: 50 }, { oneWay: true })
    net.block(b, a, { oneWay: true })
    const [toA, toB] = [heard(pa), heard(pb)]
    send(pa, '198.51.100.2/1')
    send(pb, '198.51.100.1/1')
    clock.advance(49)
    expect(toB).toEqual([])
    clock.advance(1)
    expect([toA.length, toB.length]).toEqual([0, 1])
  })

  test('sends from an address of the right family, the near one first', () => {
    const { clock, net } = world()
    const home = net.nat('home', '203.0.113.1')
    const multi = home.host('multi', '192.168.0.2')
    net.attach(multi, '198.51.100.9')
    net.attach(multi, '2001:db8::9')
    const port = multi.open({ port: 7 })
    const [four, six] = [
      net.host('four', '198.51.100.1').open({ port: 1 }),
      net.host('six', '2001:db8::1').open({ port: 1 }),
    ]
    const [atFour, atSix] = [heard(four), heard(six)]
    send(port, '198.51.100.1/1')
    port.send(2, at('2001:db8::1/1'), payload, 0, 3)
    clock.advance(100)
    expect([atFour, atSix]).toEqual([['198.51.100.9/7'], ['2001:db8::9/7']])
    multi.detach('198.51.100.9')
    send(port, '198.51.100.1/1')
    clock.advance(100)
    expect(atFour[1]).toBe('203.0.113.1/7')
    expect(multi.addresses.map(String)).toEqual(['192.168.0.2', '2001:db8::9'])
  })

  test('binds like a system', () => {
    const { net } = world()
    const host = net.host('a', '198.51.100.1', '198.51.100.2')
    host.open({ port: 5, bind: ['198.51.100.1'] })
    host.open({ port: 5, bind: ['198.51.100.2'] })
    expect(() => host.open({ port: 5, bind: ['198.51.100.2'] })).toThrow('EADDRINUSE')
    expect(() => host.open({ bind: ['198.51.100.3'] })).toThrow('EADDRNOTAVAIL')
    expect(() => net.host('b', '198.51.100.1')).toThrow('is taken')
    expect(() => net.nat('a', '203.0.113.1')).toThrow('is taken')
    expect(host.open().sockets[0].local.port).not.toBe(host.open().sockets[0].local.port)
  })

  test('a firewall lets in only answers, for a while', () => {
    const { clock, net } = world()
    const host = net.host('a', '198.51.100.1')
    host.enableFirewall(1000)
    const a = host.open({ port: 1 })
    const b = net.host('b', '198.51.100.2').open({ port: 2 })
    const from = heard(a)
    send(b, '198.51.100.1/1')
    clock.advance(100)
    expect(from).toEqual([])
    send(a, '198.51.100.2/2')
    send(b, '198.51.100.1/1')
    clock.advance(900)
    expect(from).toHaveLength(1)
    clock.advance(200)
    send(b, '198.51.100.1/1')
    clock.advance(100)
    expect(from).toHaveLength(1)
  })

  test('a narrow uplink refuses and says so beforehand', () => {
    const { clock, net } = world()
    const a = net.host('a', '198.51.100.1').open({ bytesPerSecond: 1000, queueBytes: 6 })
    expect(a.writable).toBe(true)
    expect([send(a, '198.51.100.2/1'), send(a, '198.51.100.2/1'), send(a, '198.51.100.2/1')]).toEqual([
      true,
      true,
      false,
    ])
    expect(a.writable).toBe(false)
    clock.advance(3)
    expect(a.writable).toBe(true)
  })

  test('is repeatable by seed', () => {
    const run = (seed: number) => {
      const clock = new VirtualClock(0)
      const net = new SimNetwork({
        clock,
        random: new SeededRandom(seed),
        link: { delayMs: 5, jitterMs: 20, loss: 0.3 },
      })
      const trace: string[] = []
      net.onDatagram = ({ from, to, fate }) => trace.push(`${clock.now()} ${from} ${to} ${fate}`)
      const a = net.host('a', '198.51.100.1').open({ port: 1 })
      net.host('b', '198.51.100.2').open({ port: 1 })
      for (let i = 0; i < 50; i++) clock.at(i, () => send(a, '198.51.100.2/1'))
      clock.advance(1000)
      return trace
    }
    expect(run(1)).toEqual(run(1))
    expect(run(1)).not.toEqual(run(2))
  })
})

describe('NATs', () => {
  /** A host behind a NAT, and two ports on each of two hosts outside. */
  function behind(kind: NatKind, options: { hairpin?: boolean; mappingTimeoutMs?: number } = {}) {
    const base = world()
    const nat = base.net.nat('nat', '203.0.113.1', { kind, ...options })
    const inside = nat.host('inside', '192.168.0.2').open({ port: 5000 })
    const x = base.net.host('x', '198.51.100.1')
    const y = base.net.host('y', '198.51.100.2')
    const outside = { x1: x.open({ port: 1 }), x2: x.open({ port: 2 }), y1: y.open({ port: 1 }) }
    return {
      ...base,
      nat,
      inside,
      ...outside,
      seen: { x1: heard(outside.x1), x2: heard(outside.x2), y1: heard(outside.y1) },
    }
  }

  test.each([
    // who may answer through the mapping that a datagram to x1 made
    ['full-cone', ['198.51.100.1/1', '198.51.100.1/2', '198.51.100.2/1']],
    ['restricted', ['198.51.100.1/1', '198.51.100.1/2']],
    ['port-restricted', ['198.51.100.1/1']],
    ['symmetric', ['198.51.100.1/1']],
  ] as [NatKind, string[]][])('%s: who gets in', (kind, allowed) => {
    const { clock, inside, x1, x2, y1, seen } = behind(kind)
    const from = heard(inside)
    send(inside, '198.51.100.1/1')
    clock.advance(100)
    const mapped = seen.x1[0]
    expect(mapped).toMatch(kind === 'symmetric' ? /^203\.0\.113\.1\/\d+$/ : /^203\.0\.113\.1\/5000$/)
    for (const port of [x1, x2, y1]) send(port, mapped)
    clock.advance(100)
    expect(from).toEqual(allowed)
  })

  test('only a symmetric NAT shows different faces to different hosts', () => {
    for (const kind of ['full-cone', 'restricted', 'port-restricted', 'symmetric'] as const) {
      const { clock, inside, seen } = behind(kind)
      for (const to of ['198.51.100.1/1', '198.51.100.1/2', '198.51.100.2/1']) send(inside, to)
      clock.advance(100)
      expect(new Set([...seen.x1, ...seen.x2, ...seen.y1]).size).toBe(kind === 'symmetric' ? 3 : 1)
    }
  })

  test('mappings end when nothing goes out, and only what goes out renews them', () => {
    const { clock, nat, inside, x1, seen } = behind('full-cone', { mappingTimeoutMs: 1000 })
    const from = heard(inside)
    send(inside, '198.51.100.1/1')
    clock.advance(900)
    send(x1, seen.x1[0])
    clock.advance(90)
    expect(from).toHaveLength(1)
    clock.advance(100)
    send(x1, seen.x1[0])
    clock.advance(100)
    expect(from).toHaveLength(1)
    expect(nat.table.size).toBe(0)
  })

  test('a restarted NAT has forgotten everything', () => {
    const { clock, nat, inside, x1, seen, fates } = behind('full-cone')
    send(inside, '198.51.100.1/1')
    clock.advance(100)
    nat.table.restart()
    send(x1, seen.x1[0])
    clock.advance(100)
    expect(fates().at(-1)).toBe('filtered')
  })

  test('two hosts that want the same outside port get different ones', () => {
    const { clock, nat, inside, seen } = behind('port-restricted')
    const other = nat.host('other', '192.168.0.3').open({ port: 5000 })
    send(inside, '198.51.100.1/1')
    send(other, '198.51.100.1/1')
    clock.advance(100)
    expect(new Set(seen.x1).size).toBe(2)
  })

  test('hosts behind one NAT reach each other inside, and by the outside address only with hairpin', () => {
    for (const hairpin of [false, true]) {
      const { clock, nat, inside, seen, fates } = behind('full-cone', { hairpin })
      const other = nat.host('other', '192.168.0.3').open({ port: 6000 })
      const from = heard(inside)
      send(other, '192.168.0.2/5000')
      send(inside, '198.51.100.1/1')
      clock.advance(100)
      expect(from).toEqual(['192.168.0.3/6000'])
      send(other, seen.x1[0])
      clock.advance(100)
      expect(from.slice(1)).toEqual(hairpin ? ['203.0.113.1/6000'] : [])
      expect(fates().at(-1)).toBe(hairpin ? 'delivered' : 'no-hairpin')
    }
  })

  test('two port-restricted NATs are punched through by sending both ways, and a short time to live is enough', () => {
    const { clock, net } = world()
    const a = net.nat('na', '203.0.113.1').host('a', '192.168.0.2').open({ port: 1000 })
    const b = net.nat('nb', '203.0.113.2').host('b', '192.168.0.2').open({ port: 2000 })
    const [toA, toB] = [heard(a), heard(b)]
    send(a, '203.0.113.2/2000', 2)
    clock.advance(100)
    expect(toB).toEqual([])
    send(b, '203.0.113.1/1000')
    clock.advance(100)
    send(a, '203.0.113.2/2000')
    clock.advance(100)
    expect([toA, toB]).toEqual([['203.0.113.2/2000'], ['203.0.113.1/1000']])
  })

  test('NATs behind NATs', () => {
    const { clock, net } = world()
    const provider = net.nat('provider', '203.0.113.1')
    const home = provider.nat('home', '100.64.0.2')
    const inside = home.host('inside', '192.168.0.2').open({ port: 5000 })
    const outside = net.host('outside', '198.51.100.1').open({ port: 1 })
    const [toInside, toOutside] = [heard(inside), heard(outside)]
    send(inside, '198.51.100.1/1')
    clock.advance(100)
    expect(toOutside).toEqual(['203.0.113.1/5000'])
    send(outside, toOutside[0])
    clock.advance(100)
    expect(toInside).toEqual(['198.51.100.1/1'])
  })

  test('ports run out', () => {
    const { nat, inside, fates } = behind('symmetric')
    const from = at('192.168.0.2/5000')
    const faces = new Set<number>()
    for (let port = 1; port <= 64_512; port++) faces.add(nat.table.outbound(from, new Endpoint(from.ip, port))!.port)
    expect(faces.size).toBe(64_512)
    send(inside, '198.51.100.1/1')
    expect(fates()).toEqual(['nat-full'])
  })
})
