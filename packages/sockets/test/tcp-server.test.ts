import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { TcpServer, TcpSocket } from '../src/index.js'
import { B4, world } from './world.js'

describe('TcpServer', () => {
  test.each([
    ['a port', [8080], 8080],
    ['a port and a host', [8080, B4], 8080],
    ['a port, a host and a backlog', [8080, '::', 5], 8080],
    ['a port and a backlog', [8080, 5], 8080],
    ['options', [{ port: 8080, host: B4 }], 8080],
    ['nothing', [], undefined],
  ] as const)('listens on %s', async (_, args, port) => {
    const w = world()
    const server = new TcpServer(w.b)
    const listening = new Promise<void>((done) => (server.listen as (...all: unknown[]) => TcpServer)(...args, done))
    await listening
    expect(server.listening).toBe(true)
    const address = server.address()!
    if (port) expect(address.port).toBe(port)
    else expect(address.port).toBeGreaterThan(1024)
    expect(address.address).toBe(args.includes(B4 as never) || typeof args[0] === 'object' ? B4 : '::')
  })

  test('gives connections and counts them', async () => {
    const w = world()
    const server = new TcpServer(w.b, {}, (socket) => socket.end('hi'))
    await server.listenAsync({ port: 80 })
    const client = TcpSocket.connect(w.a, { host: B4, port: 80 })
    const closed = once(client, 'close')
    expect(String((await w.until(once(client, 'data')))[0])).toBe('hi')
    expect(server.connections).toBe(1)
    expect(await new Promise((done) => server.getConnections((_error, count) => done(count)))).toBe(1)
    client.resume()
    await w.until(closed)
    await w.pass(100)
    expect(server.connections).toBe(0)
  })

  test('closes when its last connection has closed', async () => {
    const w = world()
    const server = await new TcpServer(w.b).listenAsync({ port: 80 })
    const accepted = once(server, 'connection') as Promise<[TcpSocket]>
    const client = TcpSocket.connect(w.a, { host: B4, port: 80 })
    const [socket] = await w.until(accepted)
    let closed = false
    server.close(() => (closed = true))
    expect([server.listening, server.address()]).toEqual([false, null])
    const late = TcpSocket.connect(w.a, { host: B4, port: 80 })
    await expect(w.until(once(late, 'connect'))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(closed).toBe(false)
    client.destroy()
    socket.resume()
    await w.until(once(server, 'close'))
    expect(closed).toBe(true)
    const again = await new TcpServer(w.b).listenAsync({ port: 80 })
    expect(again.listening).toBe(true)
  })

  test('says what it cannot', async () => {
    const w = world()
    const server = await new TcpServer(w.b).listenAsync({ port: 80 })
    expect(() => server.listen(81)).toThrow('called more than once')
    await expect(new TcpServer(w.b).listenAsync({ port: 80 })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      syscall: 'listen',
    })
    await expect(new TcpServer(w.b).listenAsync({ port: 80, host: '10.9.9.9' })).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
    })
    expect(() => new TcpServer(w.b).listen(70_000)).toThrow('Port should be')
    expect(() => new TcpServer(w.b).listen({ path: '/run/x' } as object)).toThrow('no pipes')
    const idle = new TcpServer(w.b)
    expect(await new Promise((done) => idle.close(done))).toMatchObject({ code: 'ERR_SERVER_NOT_RUNNING' })
  })

  test('resets what is over maxConnections', async () => {
    const w = world()
    const server = await new TcpServer(w.b).listenAsync({ port: 80 })
    server.maxConnections = 1
    const first = TcpSocket.connect(w.a, { host: B4, port: 80 })
    await w.until(once(first, 'connect'))
    const dropped = once(server, 'drop')
    const second = TcpSocket.connect(w.a, { host: B4, port: 80 })
    const failed = new Promise((done) => second.once('error', done))
    expect((await w.until(dropped))[0]).toMatchObject({ localPort: 80, remoteFamily: 'IPv4' })
    expect(await w.until(failed)).toMatchObject({ code: 'ECONNRESET' })
  })

  test('a signal closes it, also one that was aborted before', async () => {
    const w = world()
    const abort = new AbortController()
    const server = await new TcpServer(w.b).listenAsync({ port: 80, signal: abort.signal })
    const closed = once(server, 'close')
    abort.abort()
    await closed
    expect(server.listening).toBe(false)
    await expect(new TcpServer(w.b).listenAsync({ port: 80, signal: abort.signal })).rejects.toMatchObject({
      name: 'AbortError',
    })
    const late = new TcpServer(w.b).listen({ port: 80, signal: abort.signal })
    await once(late, 'close')
  })

  test('is an async iterable and can be disposed of', async () => {
    const w = world()
    const seen: number[] = []
    await w.until(
      (async () => {
        await using server = await new TcpServer(w.b).listenAsync({ port: 80 })
        const clients = [1, 2].map(() => TcpSocket.connect(w.a, { host: B4, port: 80 }))
        for await (const socket of server) {
          seen.push(socket.remotePort!)
          socket.resume()
          if (seen.length === 2) break
        }
        for (const client of clients) client.resume().end()
      })(),
    )
    expect(seen).toHaveLength(2)
  })

  test('pauses connections at the start if asked to', async () => {
    const w = world()
    const server = await new TcpServer(w.b, { pauseOnConnect: true }).listenAsync({ port: 80 })
    const accepted = once(server, 'connection') as Promise<[TcpSocket]>
    TcpSocket.connect(w.a, { host: B4, port: 80 }).write('x')
    const [socket] = await w.until(accepted)
    expect(socket.isPaused()).toBe(true)
  })
})

describe('StackHost', () => {
  test('close ends sockets and servers and waits for their peers', async () => {
    const w = world()
    const server = await new TcpServer(w.b).listenAsync({ port: 80 })
    const accepted = once(server, 'connection') as Promise<[TcpSocket]>
    const client = TcpSocket.connect(w.a, { host: B4, port: 80 })
    const [socket] = await w.until(accepted)
    const closed = Promise.all([once(client, 'close'), once(server, 'close'), once(socket, 'close')])
    await w.until(Promise.all([w.a.close(), w.b.close()]))
    await w.until(closed)
    expect([w.a.openSockets, w.b.openSockets]).toEqual([0, 0])
  })

  test('close is not held up by peers that do not answer', async () => {
    const w = world()
    const client = TcpSocket.connect(w.a, { host: '10.0.0.99', port: 80 })
    client.on('error', () => {})
    client.write('x')
    const start = w.clock.now()
    await w.until(w.a.close(500))
    expect(w.clock.now() - start).toBeLessThan(600)
    expect(w.a.openSockets).toBe(0)
  })
})
