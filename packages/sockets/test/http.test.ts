import { createHash } from 'node:crypto'
import { once } from 'node:events'
import http, { type IncomingMessage } from 'node:http'
import tls from 'node:tls'
import { SeededRandom } from '@zt/testkit'
import { describe, expect, test } from 'vitest'
import { HttpAgent, httpConnection, serveHttp, TcpServer, TcpSocket } from '../src/index.js'
import { B4, B6, type World, world } from './world.js'

interface Site extends World {
  readonly web: http.Server
  readonly tcp: TcpServer
  readonly agent: HttpAgent
}

async function site(
  handler: http.RequestListener,
  agentOptions: http.AgentOptions = {},
  base = world(),
): Promise<Site> {
  const web = http.createServer(handler)
  const tcp = await new TcpServer(base.b).listenAsync({ port: 80 })
  serveHttp(web, tcp)
  const agent = new HttpAgent((options) => TcpSocket.connect(base.a, options), agentOptions)
  return { ...base, web, tcp, agent }
}

interface Answer {
  readonly status: number | undefined
  readonly body: Buffer
  readonly reused: boolean
}

function fetchOnce(
  { agent }: Site,
  path: string,
  options: http.RequestOptions = {},
  body?: Uint8Array,
): Promise<Answer> {
  return new Promise((done, fail) => {
    const request = http.request({ host: B4, path, agent, ...options }, (response: IncomingMessage) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        done({ status: response.statusCode, body: Buffer.concat(chunks), reused: request.reusedSocket }),
      )
      response.on('error', fail)
    })
    request.on('error', fail)
    request.end(body)
  })
}

const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe('node:http over two stacks', () => {
  test('a stock client and a stock server, over IPv4 and IPv6', async () => {
    const s = await site((request, response) => response.end(`${request.url} from ${request.socket.remoteAddress}`))
    expect(String((await s.until(fetchOnce(s, '/four'))).body)).toBe('/four from 10.0.0.1')
    expect(String((await s.until(fetchOnce(s, '/six', { host: B6 }))).body)).toBe('/six from fd00::1')
  })

  test('large bodies both ways, whole, through loss', async () => {
    const [up, down] = [new SeededRandom(1).bytes(2_000_000), new SeededRandom(2).bytes(2_500_000)]
    const s = await site(
      (request, response) => {
        const hash = createHash('sha256')
        request.on('data', (chunk: Buffer) => hash.update(chunk))
        request.on('end', () => response.setHeader('x-sha', hash.digest('hex')).end(down))
      },
      {},
      world({ delayMs: 1, loss: 0.01 }),
    )
    const request = http.request({ host: B4, method: 'POST', agent: s.agent })
    const answered = once(request, 'response') as Promise<[IncomingMessage]>
    request.end(up)
    const [response] = await s.until(answered)
    expect(response.headers['x-sha']).toBe(sha(up))
    const hash = createHash('sha256')
    response.on('data', (chunk: Buffer) => hash.update(chunk))
    await s.until(once(response, 'end'))
    expect(hash.digest('hex')).toBe(sha(down))
  }, 20_000)

  test('keep-alive uses one connection again and again', async () => {
    const s = await site((_request, response) => response.end('ok'), { keepAlive: true, maxSockets: 1 })
    let connections = 0
    s.tcp.on('connection', () => connections++)
    const reused: boolean[] = []
    await s.until(
      (async () => {
        for (let i = 0; i < 50; i++) reused.push((await fetchOnce(s, `/${i}`)).reused)
      })(),
    )
    expect(connections).toBe(1)
    expect(reused.filter(Boolean)).toHaveLength(49)
    s.agent.destroy()
  })

  test('many requests at once', async () => {
    const s = await site((request, response) => response.end(request.url))
    const answers = await s.until(Promise.all(Array.from({ length: 100 }, (_, i) => fetchOnce(s, `/${i}`))))
    expect(answers.map(({ body }) => String(body))).toEqual(Array.from({ length: 100 }, (_, i) => `/${i}`))
  })

  test('createConnection of one request', async () => {
    const s = await site((_request, response) => response.end('ok'))
    const createConnection = httpConnection((options) => TcpSocket.connect(s.a, options))
    const answer = await s.until(fetchOnce(s, '/', { createConnection, agent: undefined }))
    expect(answer.status).toBe(200)
  })

  test('refused is an error of the request', async () => {
    const s = await site(() => {})
    await expect(s.until(fetchOnce(s, '/', { port: 81 }))).rejects.toMatchObject({ code: 'ECONNREFUSED', port: 81 })
  })

  test('so is what the connect function throws', async () => {
    const agent = new HttpAgent(() => {
      throw new Error('no such network')
    })
    const request = http.get({ host: B4, agent })
    expect(await new Promise((done) => request.on('error', done))).toMatchObject({ message: 'no such network' })
  })

  test('a connection that is reset in the middle is ECONNRESET', async () => {
    const s = await site((request, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('half')
      setImmediate(() => (request.socket as unknown as TcpSocket).resetAndDestroy())
    })
    await expect(s.until(fetchOnce(s, '/'))).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('an aborted request closes its connection', async () => {
    const s = await site(() => {})
    const abort = new AbortController()
    const request = http.get({ host: B4, agent: s.agent, signal: abort.signal })
    const failed = new Promise((done) => request.on('error', done))
    await s.until(once(s.tcp, 'connection'))
    await s.pass(20)
    abort.abort()
    expect(await s.until(failed)).toMatchObject({ name: 'AbortError' })
    await s.pass(100)
    expect([s.a.openSockets, s.tcp.connections]).toEqual([0, 0])
  })

  test('a socket time-out is the request’s', async () => {
    const s = await site(() => {})
    const request = http.get({ host: B4, agent: s.agent, timeout: 200 })
    request.on('error', () => {})
    await s.until(once(request, 'timeout'))
    request.destroy()
  })

  test('upgrades hand out the socket', async () => {
    const s = await site(() => {})
    s.web.on('upgrade', (_request, socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n')
      socket.pipe(socket)
    })
    const request = http.get({ host: B4, agent: s.agent, headers: { connection: 'upgrade', upgrade: 'echo' } })
    const [, socket] = (await s.until(once(request, 'upgrade'))) as [IncomingMessage, TcpSocket]
    expect(socket).toBeInstanceOf(TcpSocket)
    const heard = once(socket, 'data')
    socket.write('ping')
    expect(String((await s.until(heard))[0])).toBe('ping')
    socket.destroy()
  })
})

describe('serveHttp', () => {
  test('makes close, address and listening of the HTTP server about its connections', async () => {
    const s = await site((_request, response) => response.end('ok'), { keepAlive: true })
    expect([s.web.listening, s.web.address()]).toEqual([true, s.tcp.address()])
    await s.until(fetchOnce(s, '/'))
    let called = 0
    s.web.close(() => called++)
    s.web.close(() => called++)
    await s.until(once(s.web, 'close')) // the idle connection does not hold it up
    expect([called, s.web.listening, s.web.address(), s.tcp.connections]).toEqual([2, false, null, 0])
    s.agent.destroy()
  })

  test('waits for requests that are being answered', async () => {
    let answer = (): void => {}
    const s = await site((_request, response) => {
      answer = () => void response.end('late')
    })
    const asked = once(s.web, 'request')
    const answered = fetchOnce(s, '/')
    await s.until(asked)
    const closed = once(s.web, 'close')
    s.web.close()
    await s.pass(100)
    answer()
    expect(String((await s.until(answered)).body)).toBe('late')
    await s.until(closed)
  })

  test('serves several TCP servers, before or after they listen', async () => {
    const s = await site((request, response) => response.end(`${request.socket.localPort}`))
    const other = new TcpServer(s.b)
    serveHttp(s.web, other)
    await other.listenAsync({ port: 8080 })
    expect(String((await s.until(fetchOnce(s, '/'))).body)).toBe('80')
    expect(String((await s.until(fetchOnce(s, '/', { port: 8080 }))).body)).toBe('8080')
    const closed = once(s.web, 'close')
    s.web.close()
    await s.until(closed)
    expect([s.tcp.listening, other.listening]).toEqual([false, false])
  })

  test('leaves a server that also listens on the system’s network in peace', async () => {
    const s = await site((_request, response) => response.end('ok'))
    const own = http.createServer((_request, response) => response.end('both'))
    await new Promise<void>((done) => own.listen(0, '127.0.0.1', done))
    const tcp = await new TcpServer(s.b).listenAsync({ port: 8080 })
    const { port } = own.address() as { port: number }
    serveHttp(own, tcp)
    expect((own.address() as { port: number }).port).toBe(port)
    expect(String((await s.until(fetchOnce(s, '/', { port: 8080 }))).body)).toBe('both')
    const closed = once(own, 'close')
    own.close()
    await s.until(closed)
    expect([own.listening, tcp.listening]).toEqual([false, false])
  })
})

test('TLS runs over a socket', async () => {
  const w = world()
  const context = {
    pskCallback: () => ({ psk: Buffer.alloc(32, 7), identity: 'x' }),
    ciphers: 'PSK',
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
  } as const
  const tcp = await new TcpServer(w.b).listenAsync({ port: 443 })
  const secure = tls.createServer({ ...context, pskCallback: () => Buffer.alloc(32, 7) })
  tcp.on('connection', (socket) => secure.emit('connection', socket))
  secure.on('secureConnection', (socket) => socket.end('secret'))
  const client = tls.connect({
    ...context,
    socket: TcpSocket.connect(w.a, { host: B4, port: 443 }),
    checkServerIdentity: () => undefined,
  })
  expect(String((await w.until(once(client, 'data')))[0])).toBe('secret')
})
