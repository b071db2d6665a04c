import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { constants } from 'node:os'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { SeededRandom } from '@zt/testkit'
import { describe, expect, test } from 'vitest'
import { TcpServer, TcpSocket, type ConnectOptions, type ServerOptions } from '../src/index.js'
import { A4, B4, B6, type World, world } from './world.js'

interface Pair extends World {
  readonly client: TcpSocket
  readonly server: TcpSocket
  readonly listener: TcpServer
}

/** A connection from a to b. */
async function connected(
  options: Partial<ConnectOptions> = {},
  serverOptions: ServerOptions = {},
  base = world(),
): Promise<Pair> {
  const listener = await new TcpServer(base.b, serverOptions).listenAsync({ port: 80 })
  const accepted = once(listener, 'connection') as Promise<[TcpSocket]>
  const client = TcpSocket.connect(base.a, { host: B4, port: 80, ...options })
  const [[server]] = await base.until(Promise.all([accepted, once(client, 'connect')]))
  return { ...base, client, server, listener }
}

async function text(socket: Duplex): Promise<string> {
  let all = ''
  for await (const chunk of socket) all += String(chunk)
  return all
}

/** What 'close' says, whether or not there was an 'error' before. */
const closing = (socket: TcpSocket) => new Promise<boolean>((done) => socket.once('close', done))

const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

async function shaOf(socket: Duplex): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of socket) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

describe('connecting', () => {
  test('goes through the states of net.Socket', async () => {
    const w = world()
    await new TcpServer(w.b).listenAsync({ port: 80 })
    const socket = new TcpSocket(w.a)
    expect([socket.connecting, socket.pending, socket.readyState, socket.address()]).toEqual([false, true, 'open', {}])
    const events: string[] = []
    for (const name of ['lookup', 'connect', 'ready', 'end', 'finish', 'close'])
      socket.on(name, () => events.push(name))
    socket.connect(80, B4, () => events.push('callback'))
    expect([socket.connecting, socket.pending, socket.readyState]).toEqual([true, true, 'opening'])
    await w.until(once(socket, 'ready'))
    expect([socket.connecting, socket.pending, socket.readyState]).toEqual([false, false, 'open'])
    expect(socket.address()).toEqual({ address: A4, family: 'IPv4', port: socket.localPort })
    expect([socket.remoteAddress, socket.remotePort, socket.remoteFamily]).toEqual([B4, 80, 'IPv4'])
    expect([socket.localAddress, socket.localFamily]).toEqual([A4, 'IPv4'])
    socket.end()
    socket.resume()
    await w.until(once(socket, 'close'))
    expect(events).toEqual(['connect', 'callback', 'ready', 'finish', 'end', 'close'])
    expect(socket.readyState).toBe('closed')
    expect(socket.remoteAddress).toBe(B4)
  })

  test('works over IPv6, with brackets too', async () => {
    const w = world()
    const server = await new TcpServer(w.b).listenAsync({ port: 80, host: '::' })
    const accepted = once(server, 'connection') as Promise<[TcpSocket]>
    const client = TcpSocket.connect(w.a, { host: `[${B6}]`, port: '80' })
    const [socket] = await w.until(accepted)
    expect([client.remoteAddress, client.remoteFamily, socket.localFamily]).toEqual([B6, 'IPv6', 'IPv6'])
  })

  test('asks the resolver for names and takes an address that there is a route to', async () => {
    const asked: unknown[] = []
    const w = world(
      { delayMs: 1 },
      {
        lookup: (name, options, done) => {
          asked.push([name, options.family])
          process.nextTick(done, null, [
            { address: '203.0.113.5', family: 4 },
            { address: B4, family: 4 },
          ])
        },
      },
    )
    await new TcpServer(w.b).listenAsync({ port: 80 })
    const client = TcpSocket.connect(w.a, { host: 'b.example', port: 80, family: 4 })
    const lookups: unknown[] = []
    client.on('lookup', (...args) => lookups.push(args))
    client.write('early')
    await w.until(once(client, 'connect'))
    expect(asked).toEqual([['b.example', 4]])
    expect(lookups).toEqual([[null, '203.0.113.5', 4, 'b.example']])
    expect(client.remoteAddress).toBe(B4)
  })

  test('a name that does not resolve is the resolver’s error', async () => {
    const failure = Object.assign(new Error('getaddrinfo ENOTFOUND nowhere'), { code: 'ENOTFOUND' })
    const w = world({}, { lookup: (_name, _options, done) => process.nextTick(done, failure, []) })
    const client = TcpSocket.connect(w.a, { host: 'nowhere', port: 80 })
    await expect(once(client, 'connect')).rejects.toBe(failure)
  })

  test('refused is ECONNREFUSED, as Node says it', async () => {
    const w = world()
    const client = TcpSocket.connect(w.a, { host: B4, port: 81 })
    const closed = closing(client)
    await expect(w.until(once(client, 'connect'))).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      message: `connect ECONNREFUSED ${B4}:81`,
      syscall: 'connect',
      address: B4,
      port: 81,
      errno: -constants.errno.ECONNREFUSED,
    })
    expect(await closed).toBe(true)
    expect(client.destroyed).toBe(true)
  })

  test('no route is ENETUNREACH, not thrown but emitted', async () => {
    const w = world()
    const client = TcpSocket.connect(w.a, { host: '203.0.113.5', port: 80 })
    await expect(once(client, 'connect')).rejects.toMatchObject({
      code: 'ENETUNREACH',
      syscall: 'connect',
      address: '203.0.113.5',
    })
  })

  test('nobody at an address of the subnet is EHOSTUNREACH or ETIMEDOUT', async () => {
    const w = world()
    const client = TcpSocket.connect(w.a, { host: '10.0.0.99', port: 80 })
    const error = await w.until(
      once(client, 'connect').catch((reason: unknown) => reason),
      300_000,
    )
    expect((error as { code: string }).code).toMatch(/EHOSTUNREACH|ETIMEDOUT/)
  })

  test('from a given address and port', async () => {
    const { client } = await connected({ localAddress: A4, localPort: 40_000 })
    expect(client.address()).toEqual({ address: A4, family: 'IPv4', port: 40_000 })
    const w = world()
    const foreign = TcpSocket.connect(w.a, { host: B4, port: 80, localAddress: '10.9.9.9' })
    await expect(once(foreign, 'connect')).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
  })

  test('mistakes of the caller are thrown', () => {
    const w = world()
    expect(() => TcpSocket.connect(w.a, { host: B4, port: 65_536 })).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKET_BAD_PORT' }) as Error,
    )
    expect(() => TcpSocket.connect(w.a, { host: B4, port: 'http' })).toThrow('Port should be')
    expect(() => TcpSocket.connect(w.a, { path: '/run/x', port: 1 } as ConnectOptions)).toThrow('no pipes')
    expect(() => TcpSocket.connect(w.a, { host: B4, port: 1, localAddress: 'eth0' })).toThrow('Invalid IP address')
    expect(() => new TcpSocket(w.a).setTimeout(-1)).toThrow('expected a number of milliseconds')
  })

  test('without a host connects to the stack itself', async () => {
    const w = world()
    const server = await new TcpServer(w.a).listenAsync({ port: 80 })
    const accepted = once(server, 'connection') as Promise<[TcpSocket]>
    const client = TcpSocket.connect(w.a, { port: 80 })
    const [socket] = await w.until(accepted)
    expect([client.remoteAddress, socket.remoteAddress]).toEqual(['127.0.0.1', '127.0.0.1'])
    const heard = text(socket)
    client.end('to myself')
    expect(await w.until(heard)).toBe('to myself')
  })

  test('a signal aborts at any moment of the handshake and leaves nothing', async () => {
    for (let ms = 0; ms < 8; ms++) {
      const w = world({ delayMs: 2 })
      const server = await new TcpServer(w.b).listenAsync({ port: 80 })
      server.on('connection', (socket) => socket.on('error', () => {}))
      const abort = new AbortController()
      const client = TcpSocket.connect(w.a, { host: B4, port: 80, signal: abort.signal })
      const failed = new Promise((done) => client.once('error', done))
      const closed = closing(client)
      await w.pass(ms)
      abort.abort()
      expect(await failed).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' })
      await closed
      await w.until(w.a.drained())
      await w.pass(100)
      expect([w.a.openSockets, server.connections]).toEqual([0, 0])
    }
  })

  test('a signal that was aborted before', async () => {
    const w = world()
    const client = TcpSocket.connect(w.a, { host: B4, port: 80, signal: AbortSignal.abort() })
    await expect(once(client, 'connect')).rejects.toMatchObject({ name: 'AbortError' })
    expect(w.a.openSockets).toBe(0)
  })
})

describe('data', () => {
  test('written before the connection is made arrives', async () => {
    const w = world()
    const server = await new TcpServer(w.b).listenAsync({ port: 80 })
    const accepted = once(server, 'connection') as Promise<[TcpSocket]>
    const client = TcpSocket.connect(w.a, { host: B4, port: 80 })
    client.write('hello ')
    client.end('world')
    const [socket] = await w.until(accepted)
    expect(await w.until(text(socket))).toBe('hello world')
    expect([client.bytesWritten, socket.bytesRead]).toEqual([11, 11])
  })

  test('megabytes both ways at the same time, whole, through loss and reordering', async () => {
    const { client, server, until } = await connected(
      { allowHalfOpen: true },
      { allowHalfOpen: true },
      world({ delayMs: 2, jitterMs: 1, loss: 0.01, reorder: 0.01 }),
    )
    const random = new SeededRandom(1)
    const [there, back] = [Buffer.from(random.bytes(2_000_000)), Buffer.from(random.bytes(3_000_000))]
    const results = Promise.all([shaOf(server), shaOf(client)])
    client.end(there)
    for (let at = 0; at < back.length; at += 10_000) server.write(back.subarray(at, at + 10_000))
    server.end()
    expect(await until(results)).toEqual([sha(there), sha(back)])
    expect([client.bytesWritten, client.bytesRead]).toEqual([2_000_000, 3_000_000])
  }, 20_000)

  test('a write is called back when TCP has taken it, and bytes may be changed then', async () => {
    const { client, server, until } = await connected()
    const received = text(server)
    const bytes = Buffer.from('first')
    await until(new Promise<void>((done) => client.write(bytes, () => done())))
    bytes.fill('x')
    client.cork()
    client.write('-')
    client.write('second')
    client.uncork()
    client.end()
    expect(await until(received)).toBe('first-second')
  })

  test('a reader that does not read stops the writer, and nothing is lost when it goes on', async () => {
    const { client, server, until, pass } = await connected()
    const bytes = Buffer.from(new SeededRandom(2).bytes(8_000_000))
    let taken = false
    client.write(bytes, () => (taken = true))
    client.end()
    await pass(5000)
    expect(taken).toBe(false)
    expect(server.readableLength).toBeLessThanOrEqual(128 * 1024)
    const before = server.bytesRead
    await pass(5000)
    expect(server.bytesRead).toBe(before)
    expect(await until(shaOf(server))).toBe(sha(bytes))
    expect(taken).toBe(true)
  }, 20_000)

  test('pipeline echoes', async () => {
    const { client, server, until } = await connected({ allowHalfOpen: true }, { allowHalfOpen: true })
    const echoing = pipeline(server, server)
    const bytes = Buffer.from(new SeededRandom(3).bytes(500_000))
    const answer = shaOf(client)
    client.end(bytes)
    expect(await until(answer)).toBe(sha(bytes))
    await until(echoing)
  })

  test('text by encoding', async () => {
    const { client, server, until } = await connected()
    server.setEncoding('utf8')
    client.end('a2Vrc2U=', 'base64')
    expect(await until(once(server, 'data'))).toEqual(['kekse'])
  })
})

describe('async iteration', () => {
  test('leaves writing alone when it has come to the end', async () => {
    const { client, server, until } = await connected()
    const bytes = Buffer.from(new SeededRandom(4).bytes(1_000_000))
    const echoing = (async () => {
      for await (const chunk of server) server.write(chunk)
    })()
    const answer = shaOf(client)
    client.end(bytes)
    await until(echoing)
    expect(await until(answer)).toBe(sha(bytes))
  })

  test('destroys the socket when it is left before', async () => {
    const { client, server, until } = await connected()
    client.write('x')
    await until(
      (async () => {
        for await (const chunk of server) if (String(chunk) === 'x') break
      })(),
    )
    expect(server.destroyed).toBe(true)
  })
})

describe('ending', () => {
  test('without half-open both sides end, and close without error', async () => {
    const { client, server, until } = await connected()
    const closed = Promise.all([closing(client), closing(server)])
    server.resume()
    client.resume()
    client.end()
    expect(await until(closed)).toEqual([false, false])
  })

  test('the end is noticed by those who do not read when there is nothing to read', async () => {
    const { client, server, until } = await connected()
    client.end()
    await until(once(server, 'end'))
  })

  test('with half-open a side that has ended still hears the other', async () => {
    const { client, server, until, pass } = await connected({ allowHalfOpen: true }, { allowHalfOpen: true })
    const heard = text(client)
    client.end('question')
    expect(await until(text(server))).toBe('question')
    await pass(1000)
    expect([server.readyState, client.readyState]).toEqual(['writeOnly', 'readOnly'])
    server.end('answer')
    expect(await until(heard)).toBe('answer')
  })

  test('destroy before everything was read is a reset for the peer', async () => {
    const { client, server, until, pass } = await connected()
    server.write(Buffer.alloc(1_000_000))
    await pass(100)
    const failed = new Promise((done) => server.once('error', done))
    client.destroy()
    expect(await until(failed)).toMatchObject({ code: 'ECONNRESET', syscall: 'read', message: 'read ECONNRESET' })
    expect(server.destroyed).toBe(true)
  })

  test('resetAndDestroy is ECONNRESET for the peer, and no error here', async () => {
    const { client, server, until } = await connected()
    const [failed, closed] = [new Promise((done) => server.once('error', done)), closing(client)]
    client.resetAndDestroy()
    expect(await until(failed)).toMatchObject({ code: 'ECONNRESET' })
    expect(await until(closed)).toBe(false)
    const idle = new TcpSocket((await connected()).a)
    idle.resetAndDestroy()
    expect(await new Promise((done) => idle.once('error', done))).toMatchObject({ code: 'ERR_SOCKET_CLOSED' })
  })

  test('destroy with an error emits it and then close', async () => {
    const { client, until } = await connected()
    const events: unknown[] = []
    client.on('error', (error: Error) => events.push(error.message))
    client.on('close', (hadError: boolean) => events.push(hadError))
    client.destroy(new Error('mine'))
    client.destroy(new Error('again'))
    await until(closing(client))
    expect(events).toEqual(['mine', true])
  })

  test('destroySoon sends what was written first', async () => {
    const { client, server, until } = await connected()
    const heard = text(server)
    client.write(Buffer.alloc(1_000_000, 'x'))
    client.destroySoon()
    expect((await until(heard)).length).toBe(1_000_000)
    expect(client.destroyed).toBe(true)
  })

  test('await using ends, and waits for the close', async () => {
    const { client, server, until } = await connected()
    const heard = text(server)
    await until(
      (async () => {
        await using socket = client
        socket.write('bye')
      })(),
    )
    expect(client.closed).toBe(true)
    expect(await until(heard)).toBe('bye')
  })

  test('a write after the end or the close is an error, as in any stream', async () => {
    const { client, until } = await connected()
    client.on('error', () => {})
    client.end()
    await expect(until(new Promise((_, fail) => client.write('x', (error) => fail(error!))))).rejects.toMatchObject({
      code: 'ERR_STREAM_WRITE_AFTER_END',
    })
    const w = world()
    const idle = new TcpSocket(w.a)
    idle.on('error', () => {})
    await expect(new Promise((_, fail) => idle.write('x', (error) => fail(error!)))).rejects.toMatchObject({
      code: 'ERR_SOCKET_CLOSED',
    })
  })

  test('a write that waits is told when the socket is destroyed', async () => {
    const { client, pass } = await connected()
    const outcome = new Promise<Error | null | undefined>((done) => client.write(Buffer.alloc(20_000_000), done))
    await pass(100)
    client.destroy()
    expect(await outcome).toMatchObject({ code: 'ECANCELED' })
  })

  test('an exception in a data handler leaves the stack and other connections alone', async () => {
    const base = world()
    const { client, server, until } = await connected({}, {}, base)
    server.on('data', () => {
      throw new Error('on purpose')
    })
    client.write('boom')
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const caught: unknown[] = []
    const catcher = (error: unknown): void => void caught.push(error)
    process.on('uncaughtException', catcher)
    try {
      await base.pass(50).catch(catcher)
      await base.pass(50).catch(catcher)
    } finally {
      process.off('uncaughtException', catcher)
      for (const listener of others) process.on('uncaughtException', listener)
    }
    expect(caught).toMatchObject([{ message: 'on purpose' }])
    server.removeAllListeners('data')
    const heard = once(client, 'data')
    server.write('still here')
    expect(String((await until(heard))[0])).toBe('still here')
  })
})

describe('time-outs and options', () => {
  test('timeout comes after silence, and again only after something happened', async () => {
    const { client, server, clock, pass, until } = await connected()
    const at: number[] = []
    const start = clock.now()
    client.setTimeout(1000)
    client.on('timeout', () => at.push(Math.round(clock.now() - start)))
    client.resume()
    await pass(600)
    server.write('x')
    await pass(900)
    expect(at).toEqual([])
    await pass(5000)
    expect(at).toHaveLength(1)
    expect(at[0]).toBeGreaterThanOrEqual(1600)
    expect(at[0]).toBeLessThan(1620)
    expect(client.destroyed).toBe(false)
    client.setTimeout(0)
    server.write('x')
    await pass(5000)
    expect(at).toHaveLength(1)
    client.destroy()
    await until(once(client, 'close'))
  })

  test('connect takes a timeout, and noDelay and keepAlive before there is a connection', async () => {
    const w = world()
    const client = TcpSocket.connect(w.a, {
      host: '10.0.0.99',
      port: 80,
      timeout: 500,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: 1000,
    })
    client.on('error', () => {})
    await w.until(once(client, 'timeout'))
    expect(client.timeout).toBe(500)
    expect(client.setNoDelay().setKeepAlive(true, 10).ref().unref()).toBe(client)
    client.destroy()
  })
})
