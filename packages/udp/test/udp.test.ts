import { IpStack } from '@zt/ipstack'
import { type Endpoint, equalBytes, IpAddress, IpPrefix, isZtError } from '@zt/sansio'
import { EtherSegment, SeededRandom, VirtualClock, type LinkProfile, ipPair } from '@zt/testkit'
import { describe, expect, it } from 'vitest'
import { type Datagram, Udp, type UdpEndpoint, type UdpSettings } from '../src/index.js'
import { endpoint, ip, textOf, bytesOf } from './text.js'
import { udpPacket } from './packet.js'

interface Host {
  readonly stack: IpStack
  readonly udp: Udp
  readonly nic: IpStack['interfaces'][number]
}

/** Hosts 10.0.0.1, fd00::1 and up, on one Ethernet segment. */
function lan(
  count: number,
  profile: LinkProfile = {},
  settings: Partial<UdpSettings> = {},
): { clock: VirtualClock; hosts: Host[] } {
  const clock = new VirtualClock()
  const segment = new EtherSegment({ clock, ...profile })
  const hosts = Array.from({ length: count }, (_, i) => {
    const stack = new IpStack({ clock, random: new SeededRandom(100 + i) })
    const nic = stack.attachEther(segment.attach(0x0200_0000_0001 + i))
    nic.addAddress(IpPrefix.parse(`10.0.0.${i + 1}/24`))
    nic.addAddress(IpPrefix.parse(`fd00::${i + 1}/64`))
    return { stack, udp: new Udp(stack, settings), nic }
  })
  return { clock, hosts }
}

/** Everything an endpoint hears, as text. */
function heard(on: UdpEndpoint): { texts: string[]; all: Datagram[] } {
  const log = { texts: [] as string[], all: [] as Datagram[] }
  on.onDatagram = (datagram) => {
    log.texts.push(textOf(datagram.bytes))
    log.all.push(datagram)
  }
  return log
}

function code(run: () => unknown): string | undefined {
  try {
    run()
  } catch (error) {
    return isZtError(error) ? error.code : `not a ZtError: ${error}`
  }
  return undefined
}

/** A stack whose link is the test itself. */
function scripted(settings: Partial<UdpSettings> = {}) {
  const clock = new VirtualClock()
  const sent: Uint8Array[] = []
  const [link, other] = ipPair({ clock })
  other.onReceive = (bytes, offset, length) => sent.push(bytes.slice(offset, offset + length))
  const stack = new IpStack({ clock, random: new SeededRandom(5) })
  const nic = stack.attachIp(link)
  nic.addAddress(IpPrefix.parse('10.0.0.1/24'))
  nic.addAddress(IpPrefix.parse('fd00::1/64'))
  const udp = new Udp(stack, settings)
  const receive = (...packets: Uint8Array[]) => {
    for (const packet of packets) link.onReceive(packet, 0, packet.length)
    clock.advance(0)
    return sent.splice(0)
  }
  return { clock, stack, nic, udp, receive, sent, link }
}

const FAMILIES = [
  ['10.0.0.1', '10.0.0.2'],
  ['fd00::1', 'fd00::2'],
] as const

describe.each(FAMILIES)('UDP from %s to %s', (here, there) => {
  it('carries datagrams both ways, empty ones too', () => {
    const { clock, hosts } = lan(2, { delayMs: 3 })
    const server = hosts[1].udp.bind({ port: 53 })
    server.onDatagram = ({ from, bytes }) => server.send(from, bytesOf(`${textOf(bytes)}!`))
    const client = hosts[0].udp.bind()
    const answers = heard(client)
    client.send(endpoint(there, 53), bytesOf('hello'))
    client.send(endpoint(there, 53), new Uint8Array(0))
    clock.advance(100)
    expect(answers.texts).toEqual(['hello!', '!'])
    expect(answers.all[0].from.toString()).toBe(`${there}/53`)
    expect(answers.all[0].to.toString()).toBe(here)
  })

  it('UDP-16 sends up to 65,507 bytes in fragments, and refuses more', () => {
    const { clock, hosts } = lan(2)
    const server = heard(hosts[1].udp.bind({ port: 9 }))
    const client = hosts[0].udp.bind()
    const payload = Uint8Array.from({ length: 65_507 }, (_, i) => i * 11)
    client.send(endpoint(there, 9), bytesOf('first, to be resolved'))
    clock.advance(10)
    client.send(endpoint(there, 9), payload)
    clock.advance(10)
    expect(equalBytes(server.all[1].bytes, payload)).toBe(true)
    expect(code(() => client.send(endpoint(there, 9), new Uint8Array(65_508)))).toBe('EMSGSIZE')
  })

  it('IP4-28 IP4-29 P33 any size goes through any MTU, or is refused with "don\'t fragment"', () => {
    const random = new SeededRandom(3)
    for (let i = 0; i < 30; i++) {
      const { clock, hosts } = lan(2, { mtu: 1280 + random.below(1500) })
      const server = heard(hosts[1].udp.bind({ port: 9 }))
      const client = hosts[0].udp.bind()
      const payload = random.bytes(random.below(9000))
      client.send(endpoint(there, 9), payload)
      clock.advance(10)
      expect(server.all).toHaveLength(1)
      expect(equalBytes(server.all[0].bytes, payload)).toBe(true)
      client.dontFragment = true
      const fits = payload.length + 8 + (here.includes(':') ? 40 : 20) <= hosts[0].nic.mtu
      expect(code(() => client.send(endpoint(there, 9), payload))).toBe(fits ? undefined : 'EMSGSIZE')
    }
  })

  it('IC4-06 IC4-11 IC4-12 tells a connected endpoint, and only that, that nobody listens', () => {
    const { clock, hosts } = lan(2)
    const codes: string[] = []
    const connected = hosts[0].udp.bind()
    connected.onError = (error) => codes.push(`${error.code} ${error.message}`)
    connected.connect(endpoint(there, 9))
    const loose = hosts[0].udp.bind()
    loose.onError = () => codes.push('not for me')
    connected.send(undefined, bytesOf('anybody?'))
    loose.send(endpoint(there, 9), bytesOf('anybody?'))
    clock.advance(100)
    expect(codes).toEqual([`ECONNREFUSED send ECONNREFUSED ${there}/9: nobody listens on that port`])
    expect(hosts[1].stack.counters.get('udp-no-port')).toBe(2)
  })

  it('reports EHOSTUNREACH to a connected endpoint whose neighbour does not answer, later at once', () => {
    const { clock, hosts } = lan(1)
    const codes: string[] = []
    const connected = hosts[0].udp.bind()
    connected.onError = (error) => codes.push(error.code)
    connected.connect(endpoint(there, 9))
    connected.send(undefined, bytesOf('anybody?'))
    clock.advance(3500)
    expect(codes).toEqual(['EHOSTUNREACH'])
    expect(code(() => connected.send(undefined, bytesOf('?')))).toBe('EHOSTUNREACH')
  })

  it('UDP-07 UDP-08 gives a datagram to the most specific endpoint', () => {
    const { clock, hosts } = lan(3)
    const any = hosts[1].udp.bind({ port: 7, reuse: true })
    const bound = hosts[1].udp.bind({ ip: ip(there), port: 7, reuse: true })
    const connected = hosts[1].udp.bind({ port: 7, reuse: true })
    const logs = [any, bound, connected].map((each) => heard(each))
    const client = hosts[0].udp.bind()
    connected.connect(endpoint(here, client.port))
    const send = (text: string) => {
      client.send(endpoint(there, 7), bytesOf(text))
      clock.advance(10)
    }
    send('for the connected')
    connected.close()
    send('for the bound')
    bound.close()
    send('for any')
    expect(logs.map(({ texts }) => texts)).toEqual([['for any'], ['for the bound'], ['for the connected']])
  })

  it('talks to itself without the link', () => {
    const { clock, hosts } = lan(1)
    const server = heard(hosts[0].udp.bind({ ip: ip(here), port: 7 }))
    const client = hosts[0].udp.bind()
    client.send(endpoint(here, 7), bytesOf('hello, me'))
    client.send(endpoint(here, 7), new Uint8Array(60_000))
    clock.advance(0)
    expect(server.all.map(({ bytes }) => bytes.length)).toEqual([9, 60_000])
    expect(hosts[0].nic.outPackets).toBe(0)
  })
})

describe('checksums and lengths', () => {
  const [src, dst] = ['10.0.0.2', '10.0.0.1']

  it('UDP-01 drops a wrong checksum without a word', () => {
    const { udp, receive, stack } = scripted()
    const log = heard(udp.bind({ port: 9 }))
    const packet = udpPacket(src, dst, 5, 9, bytesOf('hello'))
    packet[packet.length - 1] ^= 1
    expect(receive(packet)).toEqual([])
    expect(log.texts).toEqual([])
    expect(stack.counters.get('udp-bad-checksum')).toBe(1)
  })

  it('UDP-02 IP6-31 takes no checksum for an answer over IPv4, not over IPv6', () => {
    const { udp, receive } = scripted()
    const log = heard(udp.bind({ port: 9 }))
    receive(
      udpPacket(src, dst, 5, 9, bytesOf('four'), { checksum: 0 }),
      udpPacket('fd00::2', 'fd00::1', 5, 9, bytesOf('six'), { checksum: 0 }),
    )
    expect(log.texts).toEqual(['four'])
  })

  it('UDP-03 sends a sum of zero as 0xffff', () => {
    const { clock, udp, sent } = scripted()
    const client = udp.bind({ port: 1000 })
    client.send(endpoint(src, 9), Uint8Array.of(0, 0))
    clock.advance(0)
    const [packet] = sent.splice(0)
    // Put the checksum that came out in the payload: now all the rest adds up to zero.
    client.send(endpoint(src, 9), packet.subarray(26, 28))
    clock.advance(0)
    expect([...sent[0].subarray(26, 28)]).toEqual([0xff, 0xff])
  })

  it('UDP-04 UDP-05 UDP-06 goes by the length field, if it fits', () => {
    const { udp, receive, stack } = scripted()
    const log = heard(udp.bind({ port: 9 }))
    const packets = [7, 14, 12, 8].map((length) => udpPacket(src, dst, 5, 9, bytesOf('hello'), { length }))
    receive(...packets)
    expect(log.texts).toEqual(['hell', ''])
    expect(stack.counters.get('udp-malformed')).toBe(2)
  })

  it('UDP-15 drops port zero', () => {
    const { receive, stack } = scripted()
    expect(receive(udpPacket(src, dst, 5, 0, bytesOf('hello')))).toEqual([])
    expect(stack.counters.get('udp-port-zero')).toBe(1)
  })
})

describe('queues', () => {
  it('UDP-09 holds what its limit allows, drops the newest visibly, and goes on', () => {
    const { udp, receive, stack, clock } = scripted({ receiveBufferBytes: 65_536 })
    const slow = udp.bind({ port: 9 })
    for (let i = 0; i < 200; i++) receive(udpPacket('10.0.0.2', '10.0.0.1', 5, 9, new Uint8Array(1000).fill(i)))
    expect(slow.queuedBytes).toBeLessThanOrEqual(65_536)
    expect(slow.dropped).toBe(200 - Math.floor(65_536 / 1128))
    expect(stack.counters.get('udp-queue-full')).toBe(slow.dropped)
    expect(slow.receive()?.bytes[0]).toBe(0)
    const log = heard(slow)
    clock.advance(0)
    expect(log.all).toHaveLength(57)
    expect(slow.queuedBytes).toBe(0)
    receive(udpPacket('10.0.0.2', '10.0.0.1', 5, 9, bytesOf('again')))
    expect(log.texts.at(-1)).toBe('again')
  })

  it('UDP-10 drops and counts when the link is full, and says so', () => {
    const { clock, hosts } = lan(2, { bytesPerSecond: 1000, queueBytes: 2000 })
    const client = hosts[0].udp.bind()
    client.send(endpoint('10.0.0.2', 9), bytesOf('resolve'))
    clock.advance(5000)
    const results = Array.from({ length: 10 }, () => client.send(endpoint('10.0.0.2', 9), new Uint8Array(500)))
    expect(results.slice(0, 3)).toEqual([true, true, true])
    expect(results.at(-1)).toBe(false)
    expect(hosts[0].stack.counters.get('udp-link-full')).toBeGreaterThan(0)
  })

  it('survives a handler that throws: the rest is delivered in the next burst', () => {
    const { udp, receive, clock } = scripted()
    const log: string[] = []
    const endpointOf9 = udp.bind({ port: 9 })
    endpointOf9.onDatagram = ({ bytes }) => {
      log.push(textOf(bytes))
      if (log.length === 1) throw new Error('application bug')
    }
    const packets = ['one', 'two', 'three'].map((text) => udpPacket('10.0.0.2', '10.0.0.1', 5, 9, bytesOf(text)))
    expect(() => receive(...packets)).toThrow('application bug')
    clock.advance(0)
    expect(log).toEqual(['one', 'two', 'three'])
  })

  it('keeps no borrowed bytes', () => {
    const { udp, link, clock } = scripted()
    const log = heard(udp.bind({ port: 9 }))
    const packet = udpPacket('10.0.0.2', '10.0.0.1', 5, 9, bytesOf('mine'))
    link.onReceive(packet, 0, packet.length)
    packet.fill(0)
    clock.advance(0)
    expect(log.texts).toEqual(['mine'])
  })
})

describe('ports and addresses', () => {
  it('UDP-14 refuses a port that is taken, unless both share it', () => {
    const { udp } = scripted()
    udp.bind({ port: 9 })
    expect(code(() => udp.bind({ port: 9 }))).toBe('EADDRINUSE')
    expect(code(() => udp.bind({ ip: ip('10.0.0.1'), port: 9, reuse: true }))).toBe('EADDRINUSE')
    expect(code(() => udp.bind({ ip: ip('10.0.0.1'), port: 10 }))).toBeUndefined()
    expect(code(() => udp.bind({ ip: ip('fd00::1'), port: 10 }))).toBeUndefined()
    expect(code(() => udp.bind({ ip: ip('0.0.0.0'), port: 11 }))).toBeUndefined()
    expect(code(() => udp.bind({ ip: ip('::'), port: 11, v6Only: true }))).toBeUndefined()
    expect(code(() => udp.bind({ ip: ip('::'), port: 11 }))).toBe('EADDRINUSE')
    const shared = udp.bind({ port: 12, reuse: true })
    expect(code(() => udp.bind({ port: 12, reuse: true }))).toBeUndefined()
    shared.close()
    shared.close()
    expect(code(() => udp.bind({ port: 12 }))).toBe('EADDRINUSE')
  })

  it('frees a port when it is closed', () => {
    const { udp, receive } = scripted()
    udp.bind({ port: 9 }).close()
    expect(receive(udpPacket('10.0.0.2', '10.0.0.1', 5, 9, bytesOf('hello')))).toHaveLength(1)
    expect(udp.endpoints).toEqual([])
    expect(code(() => udp.bind({ port: 9 }))).toBeUndefined()
  })

  it('UDP-13 picks ephemeral ports that nobody can guess', () => {
    const { udp } = scripted()
    const ports = Array.from({ length: 1000 }, () => udp.bind().port)
    expect(new Set(ports).size).toBe(1000)
    expect(ports.every((port) => port >= 49_152 && port <= 65_535)).toBe(true)
    expect(ports.slice(1).filter((port, i) => port === ports[i] + 1).length).toBeLessThan(10)
  })

  it('says when none is left', () => {
    const { udp } = scripted({ firstEphemeralPort: 50_000, lastEphemeralPort: 50_003 })
    for (let i = 0; i < 4; i++) udp.bind()
    expect(code(() => udp.bind())).toBe('EADDRINUSE')
  })

  it('refuses addresses that are not ours and ports that are none, with the facts', () => {
    const { udp } = scripted()
    try {
      udp.bind({ ip: ip('10.0.0.77'), port: 9 })
      expect.fail('bound')
    } catch (error) {
      expect(error).toMatchObject({ code: 'EADDRNOTAVAIL', address: '10.0.0.77', port: 9, syscall: 'bind' })
    }
    expect(code(() => udp.bind({ port: 65_536 }))).toBe('EINVAL')
    expect(code(() => udp.bind({ port: -1 }))).toBe('EINVAL')
    expect(code(() => udp.bind({ port: 1.5 }))).toBe('EINVAL')
  })

  it('explains every send that cannot be', () => {
    const { udp, nic } = scripted()
    const client = udp.bind()
    expect(code(() => client.send(undefined, bytesOf('x')))).toBe('EDESTADDRREQ')
    expect(code(() => client.send(endpoint('8.8.8.8', 53), bytesOf('x')))).toBe('ENETUNREACH')
    expect(code(() => client.send(endpoint('10.0.0.2', 0), bytesOf('x')))).toBe('EINVAL')
    expect(code(() => client.send(endpoint('10.0.0.255', 9), bytesOf('x')))).toBe('EACCES')
    client.connect(endpoint('10.0.0.2', 9))
    expect(code(() => client.send(endpoint('10.0.0.3', 9), bytesOf('x')))).toBe('EISCONN')
    expect(code(() => client.send(endpoint('10.0.0.2', 9), bytesOf('x')))).toBeUndefined()
    nic.removeAddress(ip('10.0.0.1'))
    expect(code(() => client.send(undefined, bytesOf('x')))).toBe('EADDRNOTAVAIL')
    client.close()
    expect(code(() => client.send(undefined, bytesOf('x')))).toBe('ENOTCONN')
  })

  it('an unconnected endpoint finds its way anew when addresses change', () => {
    const { clock, udp, nic, sent } = scripted()
    const client = udp.bind()
    client.send(endpoint('10.0.0.2', 9), bytesOf('x'))
    nic.removeAddress(ip('10.0.0.1'))
    nic.addAddress(IpPrefix.parse('10.0.0.5/24'))
    clock.advance(0)
    client.send(endpoint('10.0.0.2', 9), bytesOf('x'))
    clock.advance(0)
    expect(sent.map((packet) => IpAddress.of(packet.subarray(12, 16))?.toString())).toEqual(['10.0.0.1', '10.0.0.5'])
  })
})

describe('groups', () => {
  const everyone: [string, string, Endpoint][] = [
    ['broadcast to the subnet', '10.0.0.255', endpoint('10.0.0.255', 7)],
    ['broadcast to all', '255.255.255.255', endpoint('255.255.255.255', 7)],
  ]
  it.each(everyone)('%s reaches all endpoints of all hosts, the sender included', (_, __, to) => {
    const { clock, hosts } = lan(3)
    const logs = hosts.map(({ udp }) => heard(udp.bind({ port: 7, reuse: true })))
    const second = heard(hosts[1].udp.bind({ port: 7, reuse: true }))
    const client = hosts[0].udp.bind()
    client.broadcast = true
    client.send(to, bytesOf('all'))
    clock.advance(10)
    expect([...logs, second].map(({ texts }) => texts)).toEqual([['all'], ['all'], ['all'], ['all']])
  })

  it.each(['239.1.2.3', 'ff02::1234'])('UDP-11 UDP-12 multicast to %s reaches those that joined', (group) => {
    const { clock, hosts } = lan(3)
    const members = [0, 1].map((i) => hosts[i].udp.bind({ port: 7 }))
    const logs = members.map((member) => heard(member))
    const stranger = heard(hosts[2].udp.bind({ port: 7 }))
    const deaf = heard(hosts[1].udp.bind({ port: 8 }))
    for (const [i, member] of members.entries()) member.joinGroup(ip(group), hosts[i].nic)
    expect(code(() => members[0].joinGroup(ip(group), hosts[0].nic))).toBe('EADDRINUSE')
    const sender = hosts[0].udp.bind()
    sender.send(endpoint(group, 7), bytesOf('one'))
    clock.advance(10)
    sender.multicastLoop = false
    sender.send(endpoint(group, 7), bytesOf('two'))
    clock.advance(10)
    members[1].leaveGroup(ip(group))
    sender.send(endpoint(group, 7), bytesOf('three'))
    clock.advance(10)
    expect(logs.map(({ texts }) => texts)).toEqual([['one'], ['one', 'two']])
    expect([...stranger.texts, ...deaf.texts]).toEqual([])
    expect(code(() => members[1].leaveGroup(ip(group)))).toBe('EADDRNOTAVAIL')
    expect(code(() => members[1].joinGroup(ip('10.0.0.1'), hosts[1].nic))).toBe('ZT_ARG_INVALID')
  })

  it('sends multicast with a TTL of 1 unless told otherwise', () => {
    const { clock, udp, sent } = scripted()
    const sender = udp.bind()
    sender.send(endpoint('239.1.2.3', 7), bytesOf('near'))
    sender.multicastHopLimit = 9
    sender.send(endpoint('239.1.2.3', 7), bytesOf('far'))
    sender.hopLimit = 33
    sender.send(endpoint('10.0.0.2', 7), bytesOf('host'))
    clock.advance(0)
    expect(sent.map((packet) => packet[8])).toEqual([1, 9, 33])
  })

  it('IC4-09 nobody complains about a group', () => {
    const { clock, hosts } = lan(2)
    const client = hosts[0].udp.bind()
    client.broadcast = true
    client.send(endpoint('10.0.0.255', 7), bytesOf('anybody?'))
    clock.advance(10)
    expect(hosts[1].nic.outPackets).toBe(0)
  })
})

describe('path MTU', () => {
  it('MTU-08 a datagram that was too large makes the next one EMSGSIZE, and the size readable', () => {
    const { udp, receive, stack, sent, clock } = scripted()
    const client = udp.bind()
    client.dontFragment = true
    const codes: string[] = []
    client.onError = (error) => codes.push(error.code)
    client.connect(endpoint('10.0.0.2', 9))
    client.send(undefined, new Uint8Array(1400))
    clock.advance(0)
    const [packet] = sent.splice(0)
    receive(udpPacket.tooBig('10.0.0.2', '10.0.0.1', packet.subarray(0, 28), 1300))
    expect(codes).toEqual(['EMSGSIZE'])
    expect(code(() => client.send(undefined, new Uint8Array(1273)))).toBe('EMSGSIZE')
    expect(client.send(undefined, new Uint8Array(1272))).toBe(true)
    expect(stack.openFlow({ protocol: 17, remote: ip('10.0.0.2') }).mtu).toBe(1300)
    // Ten minutes later it is tried again.
    clock.advance(600_001)
    expect(client.send(undefined, new Uint8Array(1400))).toBe(true)
  })

  it('believes only what answers something that was sent', () => {
    const { udp, receive, stack } = scripted()
    const client = udp.bind({ port: 4000 })
    client.send(endpoint('10.0.0.3', 9), bytesOf('x'))
    const forged = udpPacket('10.0.0.1', '10.0.0.2', 4000, 9, bytesOf('x'))
    receive(udpPacket.tooBig('10.0.0.66', '10.0.0.1', forged, 600))
    expect(stack.openFlow({ protocol: 17, remote: ip('10.0.0.2') }).mtu).toBe(1500)
    expect(stack.counters.get('udp-error-unexpected')).toBe(1)
  })
})
