import { Endpoint, IpAddress } from '@zt/sansio'
import { describe, expect, test } from 'vitest'
import { Script, ack, syn, text } from '../script/script.js'
import { Watcher, bytesOf, connected, pair } from '../world/pair.js'
import type { TcpConnection } from '../../src/index.js'

const ip = (address: string): IpAddress => IpAddress.parse(address)
const ignore = (): void => {}

describe('listen', () => {
  test('one port, one listener', () => {
    const { a } = pair()
    a.tcp.listen({ port: 80, onConnection: ignore })
    expect(() => a.tcp.listen({ port: 80, onConnection: ignore })).toThrow(
      expect.objectContaining({ code: 'EADDRINUSE', port: 80 }),
    )
    expect(() => a.tcp.listen({ port: 80, ip: ip('0.0.0.0'), onConnection: ignore })).toThrow(
      expect.objectContaining({ code: 'EADDRINUSE' }),
    )
  })

  test('families and addresses keep out of each other’s way', () => {
    const { a } = pair()
    a.tcp.listen({ port: 80, ip: ip('0.0.0.0'), onConnection: ignore })
    a.tcp.listen({ port: 80, ip: ip('::'), ipv6Only: true, onConnection: ignore })
    a.tcp.listen({ port: 80, ip: ip('10.0.0.1'), onConnection: ignore })
    expect(() => a.tcp.listen({ port: 80, ip: ip('::'), onConnection: ignore })).toThrow()
  })

  test('an address of somebody else is refused', () => {
    const { a } = pair()
    expect(() => a.tcp.listen({ port: 80, ip: ip('10.0.0.9'), onConnection: ignore })).toThrow(
      expect.objectContaining({ code: 'EADDRNOTAVAIL' }),
    )
  })

  test('port 0 is any free one', () => {
    const { a } = pair()
    const ports = Array.from({ length: 20 }, () => a.tcp.listen({ port: 0, onConnection: ignore }).local.port)
    expect(new Set(ports).size).toBe(20)
  })

  test('a closed port can be listened on again', () => {
    const { a } = pair()
    a.tcp.listen({ port: 80, onConnection: ignore }).close()
    expect(() => a.tcp.listen({ port: 80, onConnection: ignore })).not.toThrow()
  })

  test.each([-1, 65_536, 1.5, Number.NaN])('port %d is refused at once', (port) => {
    const { a } = pair()
    expect(() => a.tcp.listen({ port, onConnection: ignore })).toThrow(
      expect.objectContaining({ code: 'ZT_ARG_INVALID' }),
    )
    expect(() => a.tcp.connect({ remote: new Endpoint(ip('10.0.0.2'), port) })).toThrow()
  })

  test('the more specific address wins', () => {
    const world = pair()
    const got: string[] = []
    world.b.tcp.listen({ port: 80, onConnection: () => void got.push('any') })
    world.b.tcp.listen({ port: 80, ip: world.b.ip, onConnection: () => void got.push('own') })
    world.a.tcp.connect({ remote: new Endpoint(world.b.ip, 80) })
    world.clock.advance(10)
    expect(got).toEqual(['own'])
  })

  test(':: takes IPv4 too, unless told otherwise', () => {
    for (const ipv6Only of [false, true]) {
      const world = pair()
      const watcher = new Watcher()
      world.b.tcp.listen({ port: 80, ip: ip('::'), ipv6Only, onConnection: ignore })
      world.a.tcp.connect({ remote: new Endpoint(world.b.ip, 80), handler: watcher })
      world.clock.advance(10)
      expect(watcher.events).toEqual([ipv6Only ? 'closed ECONNREFUSED' : 'connected'])
    }
  })
})

describe('a paused listener', () => {
  const handshake = (t: Script, port: number): void => {
    t.peerPort = port
    t.iss = undefined
    t.acked = 0
    t.receives(syn()).take()
    t.receives(ack(1))
  }

  test('keeps connections up to its backlog and does not complete more', () => {
    const t = new Script()
    const accepted: TcpConnection[] = []
    const listener = t.tcp.listen({
      port: 80,
      backlog: 2,
      onConnection: (connection) => void accepted.push(connection),
    })
    listener.pause()
    for (const port of [5000, 5001, 5002]) handshake(t, port)
    expect(t.tcp.sizes).toMatchObject({ connections: 2, halfOpen: 1 })
    t.receives(text(1, 'early', { ack: 1 })).silent()
    listener.resume()
    t.after(0)
    expect(accepted.length).toBe(2)
    t.after(1001).sends({ flags: 'SA' })
    t.receives(text(1, 'early', { ack: 1 }))
    expect(accepted.length).toBe(3)
    expect(new TextDecoder().decode(accepted[2]!.read())).toBe('early')
  })

  test('closing it resets what waits and forgets what is half open', () => {
    const t = new Script()
    const listener = t.tcp.listen({ port: 80, onConnection: ignore })
    listener.pause()
    handshake(t, 5000)
    t.peerPort = 5001
    t.receives(syn()).take()
    listener.close()
    listener.close()
    expect(t.take().map(({ flags }) => flags)).toEqual([])
    t.after(0).sends({ flags: 'RA' })
    expect(t.tcp.sizes).toMatchObject({ connections: 0, halfOpen: 0 })
  })

  test('accepted connections outlive it', () => {
    const world = pair()
    const { listener, c, server } = connected(world)
    listener.close()
    c.write(bytesOf('still here'))
    world.clock.advance(10)
    expect(server.text).toBe('still here')
  })
})

describe('handlers', () => {
  test('what they throw harms nobody and is thrown again outside', () => {
    const world = pair()
    world.b.tcp.listen({
      port: 80,
      onConnection(connection) {
        connection.handler = {
          readable() {
            throw new Error('of the application')
          },
        }
      },
    })
    const other = connected(world, 81)
    const c = world.a.tcp.connect({ remote: new Endpoint(world.b.ip, 80) })
    world.clock.advance(10)
    c.write(bytesOf('x'))
    other.c.write(bytesOf('y'))
    expect(() => world.clock.advance(10)).toThrow('of the application')
    world.clock.advance(1000)
    expect(other.server.text).toBe('y')
    expect(world.b.tcp.counters.get('handler-threw')).toBe(1)
  })

  test('may do anything: write, close, connect, listen', () => {
    const world = pair()
    const events: string[] = []
    world.b.tcp.listen({
      port: 80,
      onConnection(connection) {
        world.b.tcp.listen({ port: 81, onConnection: () => void events.push('81') })
        connection.handler = {
          readable() {
            connection.write(connection.read()!)
            connection.close()
          },
        }
      },
    })
    const c = world.a.tcp.connect({ remote: new Endpoint(world.b.ip, 80) })
    c.handler = {
      connected: () => void c.write(bytesOf('ping')),
      readable: () => void events.push(new TextDecoder().decode(c.read())),
      ended() {
        events.push('ended')
        world.a.tcp.connect({ remote: new Endpoint(world.b.ip, 81) })
        c.close()
      },
      closed: () => void events.push('closed'),
    }
    world.clock.advance(1000)
    expect(events).toEqual(['ping', 'ended', 'closed', '81'])
  })
})

describe('one host', () => {
  test('talks to itself', () => {
    const { a, clock } = pair()
    const server = new Watcher()
    a.tcp.listen({
      port: 80,
      onConnection(connection) {
        server.connection = connection
        connection.handler = server
      },
    })
    const client = new Watcher()
    client.connection = a.tcp.connect({ remote: new Endpoint(a.ip, 80), handler: client })
    clock.advance(10)
    client.connection.write(bytesOf('me'))
    client.connection.close()
    clock.advance(100)
    expect(server.text).toBe('me')
    expect(server.has('ended')).toBe(true)
  })

  test('connects a port to itself, or is refused, but does not loop', () => {
    const { a, clock } = pair()
    const watcher = new Watcher()
    watcher.connection = a.tcp.connect({ remote: new Endpoint(a.ip, 40_000), localPort: 40_000, handler: watcher })
    clock.advance(100)
    expect(watcher.events).toEqual(['connected'])
    watcher.connection.write(bytesOf('echo'))
    clock.advance(100)
    expect(watcher.text).toBe('echo')
  })

  test('whose address disappears loses its connections', () => {
    const world = pair()
    const { client } = connected(world)
    world.a.nic.removeAddress(world.a.ip)
    world.clock.advance(10)
    expect(client.error).toMatchObject({ code: 'EADDRNOTAVAIL' })
  })

  test('has no route to everywhere', () => {
    const { a } = pair()
    expect(() => a.tcp.connect({ remote: Endpoint.parse('8.8.8.8/80') })).toThrow(
      expect.objectContaining({ code: 'ENETUNREACH' }),
    )
    expect(() => a.tcp.connect({ remote: Endpoint.parse('10.0.0.2/80'), localIp: ip('10.0.0.7') })).toThrow(
      expect.objectContaining({ code: 'EADDRNOTAVAIL' }),
    )
  })

  test('does not connect the same ports twice', () => {
    const { a } = pair()
    const remote = Endpoint.parse('10.0.0.2/80')
    a.tcp.connect({ remote, localPort: 5000 })
    expect(() => a.tcp.connect({ remote, localPort: 5000 })).toThrow(expect.objectContaining({ code: 'EADDRINUSE' }))
  })
})
