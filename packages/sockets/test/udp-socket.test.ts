import type { RemoteInfo } from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { UdpSocket } from '../src/index.js'
import { A4, A6, B4, B6, type World, world } from './world.js'

type Message = [Buffer, RemoteInfo]

async function bound(w: World, type: 'udp4' | 'udp6' = 'udp4', port = 9000): Promise<UdpSocket> {
  const socket = new UdpSocket(w.b, type).bind(port)
  await once(socket, 'listening')
  return socket
}

describe('UdpSocket', () => {
  test('ping and pong, with the sender’s address', async () => {
    const w = world()
    const server = await bound(w)
    server.on('message', (bytes, from) => server.send(`re: ${bytes}`, from.port, from.address))
    const client = new UdpSocket(w.a, 'udp4')
    const answered = once(client, 'message') as Promise<Message>
    client.send('ping', 9000, B4)
    const [bytes, from] = await w.until(answered)
    expect(String(bytes)).toBe('re: ping')
    expect(from).toEqual({ address: B4, family: 'IPv4', port: 9000, size: 8 })
    expect(client.address()).toMatchObject({ address: '0.0.0.0', family: 'IPv4' })
    expect(client.address().port).toBeGreaterThan(1024)
  })

  test('takes all the forms of send', async () => {
    const w = world()
    const server = await bound(w)
    const got: string[] = []
    server.on('message', (bytes) => got.push(String(bytes)))
    const client = new UdpSocket(w.a, { type: 'udp4' })
    const bytes = Buffer.from('0123456789')
    const sent: [Error | null, number][] = []
    const done = (error: Error | null, count: number): void => void sent.push([error, count])
    client.send(bytes, 9000, B4)
    client.send(bytes, 9000, B4, done)
    client.send(bytes, 2, 3, 9000, B4)
    client.send(bytes, 2, 4, 9000, B4, done)
    client.send(['a', Buffer.from('b'), new Uint8Array([99])], 9000, B4)
    client.send(new DataView(bytes.buffer, bytes.byteOffset, 2), 9000, B4)
    client.send('', 9000, B4, done)
    bytes.fill('x')
    await w.pass(100)
    expect(got).toEqual(['0123456789', '0123456789', '234', '2345', 'abc', '01', ''])
    expect(sent).toEqual([
      [null, 10],
      [null, 4],
      [null, 0],
    ])
  })

  test('connects: sends without a destination, hears only its peer, and hears of refusals', async () => {
    const w = world()
    const server = await bound(w)
    const other = await bound(w, 'udp4', 9001)
    const client = new UdpSocket(w.a, 'udp4')
    expect(() => client.remoteAddress()).toThrow('Not connected')
    const connected = once(client, 'connect')
    client.connect(9000, B4)
    client.send('early')
    expect(String(((await w.until(once(server, 'message'))) as Message)[0])).toBe('early')
    await connected
    expect(client.remoteAddress()).toEqual({ address: B4, family: 'IPv4', port: 9000 })
    expect(() => client.connect(9000, B4)).toThrow('Already connected')
    expect(() => client.send('x', 9000, B4)).toThrow('Already connected')
    const got: string[] = []
    client.on('message', (bytes) => got.push(String(bytes)))
    const { port } = client.address()
    other.send('stranger', port, A4)
    server.send('peer', port, A4)
    await w.pass(100)
    expect(got).toEqual(['peer'])
    client.send(Buffer.from('012345'), 1, 2)
    expect(String(((await w.until(once(server, 'message'))) as Message)[0])).toBe('12')
    server.close()
    const failed = new Promise((done) => client.once('error', done))
    client.send('anybody?')
    expect(await w.until(failed)).toMatchObject({ code: 'ECONNREFUSED', syscall: 'send', address: B4, port: 9000 })
    client.disconnect()
    expect(() => client.disconnect()).toThrow('Not connected')
  })

  test('speaks IPv6, and IPv4 as mapped addresses', async () => {
    const w = world()
    const server = await bound(w, 'udp6')
    expect(server.address()).toEqual({ address: '::', family: 'IPv6', port: 9000 })
    const heard = once(server, 'message') as Promise<Message>
    new UdpSocket(w.a, 'udp6').send('six', 9000, B6)
    expect((await w.until(heard))[1]).toMatchObject({ address: A6, family: 'IPv6' })
    const mapped = once(server, 'message') as Promise<Message>
    new UdpSocket(w.a, 'udp4').send('four', 9000, B4)
    const [, from] = await w.until(mapped)
    expect(from).toMatchObject({ address: `::ffff:${A4}`, family: 'IPv6' })
  })

  test('binds as it is told', async () => {
    const w = world()
    const server = new UdpSocket(w.b, 'udp4')
    expect(() => server.address()).toThrow('EBADF')
    server.bind({ port: 9000, address: B4 })
    expect(() => server.bind(1)).toThrow('already bound')
    await once(server, 'listening')
    expect(server.address()).toEqual({ address: B4, family: 'IPv4', port: 9000 })
    const second = new UdpSocket(w.b, 'udp4').bind(9000)
    expect(await new Promise((done) => second.once('error', done))).toMatchObject({
      code: 'EADDRINUSE',
      syscall: 'bind',
      port: 9000,
    })
    const foreign = new UdpSocket(w.b, 'udp4').bind(9001, '10.9.9.9')
    expect(await new Promise((done) => foreign.once('error', done))).toMatchObject({ code: 'EADDRNOTAVAIL' })
    for (let i = 0; i < 2; i++) {
      const shared = new UdpSocket(w.b, { type: 'udp4', reuseAddr: true }).bind(9100)
      await once(shared, 'listening')
    }
    expect(() => new UdpSocket(w.b, 'udp4').bind(-1)).toThrow('Port should be')
  })

  test('says what it cannot send', async () => {
    const w = world()
    const client = new UdpSocket(w.a, 'udp4')
    const sending = (...args: [string | Uint8Array, number, string]) =>
      w.until(new Promise<Error | null>((done) => client.send(...args, (error) => done(error))))
    expect(await sending(new Uint8Array(70_000), 9000, B4)).toMatchObject({ code: 'EMSGSIZE' })
    expect(await sending('x', 9000, '203.0.113.1')).toMatchObject({
      code: 'ENETUNREACH',
      address: '203.0.113.1',
      port: 9000,
    })
    expect(await sending('x', 9000, B6)).toMatchObject({ code: 'EINVAL' })
    expect(await sending('x', 9000, '10.0.0.255')).toMatchObject({ code: 'EACCES' })
    client.setBroadcast(true)
    expect(await sending('x', 9000, '10.0.0.255')).toBeNull()
    expect(() => client.send('x', 0, B4)).toThrow('Port should be > 0'.replace('> 0', '>= 1'))
    expect(() => client.send(Buffer.alloc(3), 2, 2, 9000, B4)).toThrow('outside buffer bounds')
    expect(() => new UdpSocket(w.a, 'udp5' as 'udp4')).toThrow('Bad socket type')
  })

  test('asks the resolver for names', async () => {
    const w = world(
      { delayMs: 1 },
      {
        lookup: (name, _options, done) => {
          if (name === 'b.example') process.nextTick(done, null, [{ address: B4, family: 4 }])
          else process.nextTick(done, Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }), [])
        },
      },
    )
    const server = await bound(w)
    const heard = once(server, 'message')
    const client = new UdpSocket(w.a, 'udp4')
    client.send('named', 9000, 'b.example')
    await w.until(heard)
    expect(await new Promise((done) => client.send('x', 9000, 'nowhere', done))).toMatchObject({ code: 'ENOTFOUND' })
    client.send('x', 9000, 'nowhere')
    expect(await new Promise((done) => client.once('error', done))).toMatchObject({ code: 'ENOTFOUND' })
  })

  test('hears groups that it joined', async () => {
    const w = world()
    const server = await bound(w)
    server.addMembership('239.1.2.3', B4)
    const client = new UdpSocket(w.a, 'udp4')
    client.setMulticastInterface(A4)
    client.setMulticastTTL(2)
    client.setMulticastLoopback(false)
    const heard = once(server, 'message') as Promise<Message>
    client.send('all', 9000, '239.1.2.3')
    expect((await w.until(heard))[1].address).toBe(A4)
    server.dropMembership('239.1.2.3')
    let more = 0
    server.on('message', () => more++)
    client.send('all', 9000, '239.1.2.3')
    await w.pass(100)
    expect(more).toBe(0)
    expect(() => client.setMulticastInterface('10.9.9.9')).toThrow('EADDRNOTAVAIL')
  })

  test('closes once, by hand, by signal or by disposal', async () => {
    const w = world()
    const socket = await bound(w)
    const closed = once(socket, 'close')
    socket.close()
    expect(() => socket.close()).toThrow('Not running')
    expect(() => socket.send('x', 1, B4)).toThrow('Not running')
    await closed
    const abort = new AbortController()
    const second = new UdpSocket(w.b, { type: 'udp4', signal: abort.signal }).bind(9000)
    await once(second, 'listening')
    const aborted = once(second, 'close')
    abort.abort()
    await aborted
    {
      await using third = await bound(w)
      expect(third.address().port).toBe(9000)
    }
    expect(w.b.openSockets).toBe(0)
    expect(() => new UdpSocket(w.b, { type: 'udp4', signal: abort.signal }).bind(1)).toThrow('Not running')
  })

  test('keeps what it was told before it is bound', async () => {
    const w = world()
    const socket = new UdpSocket(w.a, { type: 'udp4', recvBufferSize: 10_000 })
    expect(socket.setTTL(3)).toBe(3)
    expect(() => socket.setTTL(300)).toThrow('EINVAL')
    expect(socket.getRecvBufferSize()).toBe(10_000)
    expect([socket.getSendQueueSize(), socket.getSendQueueCount()]).toEqual([0, 0])
    socket.bind()
    await once(socket, 'listening')
    expect(socket.ref().unref()).toBe(socket)
  })
})
