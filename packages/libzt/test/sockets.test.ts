/** Two nodes of a world on loopback, and everything that goes between them. */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import { buffer, text } from 'node:stream/consumers'
import type { IpAddress } from '@zt/sansio'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EmbeddedWorld, ZeroTier, ZeroTierNetwork } from '../src/index.js'
import { errorOf, settings, startNode, startWorld } from './fixtures.js'

let world: EmbeddedWorld
let alice: ZeroTier
let bob: ZeroTier
/** The same network from both sides, and a second one. */
let near: ZeroTierNetwork
let far: ZeroTierNetwork
let otherNear: ZeroTierNetwork
let otherFar: ZeroTierNetwork

beforeAll(async () => {
  world = await startWorld()
  ;[alice, bob] = await Promise.all([startNode(world), startNode(world)])
  const [one, two] = [world.createNetwork(settings('10.1.0')), world.createNetwork(settings('10.2.0'))]
  ;[near, far, otherNear, otherFar] = await Promise.all([
    alice.join(one),
    bob.join(one),
    alice.join(two),
    bob.join(two),
  ])
})
afterAll(async () => {
  await Promise.all([alice, bob].map((node) => node.close()))
  await world.close()
})

type Kind = 'IPv4' | 'rfc4193' | '6plane'
const kinds: readonly Kind[] = ['IPv4', 'rfc4193', '6plane']

function addressOf(network: ZeroTierNetwork, kind: Kind): IpAddress {
  const first = { IPv4: 10, rfc4193: 0xfd, '6plane': 0xfc }[kind]
  return network.addresses.map(({ address }) => address).find(({ bytes }) => bytes[0] === first)!
}

function urlOf(address: IpAddress, port: number): string {
  return `http://${address.isV6 ? `[${address}]` : address}:${port}/`
}

function fetchPage(url: string, agent: ReturnType<ZeroTier['agent']>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => get(url, { agent }, resolve).on('error', reject))
}

describe.each(kinds)('over %s', (kind) => {
  test('TCP carries bytes both ways, and ends in order', async () => {
    await using server = await far.listen({ port: 0, allowHalfOpen: true })
    server.on('connection', (socket) => socket.pipe(socket))
    const port = server.address()!.port
    const socket = near.connect({ host: String(addressOf(far, kind)), port, allowHalfOpen: true })
    const sent = randomBytes(300_000)
    socket.end(sent)
    expect(
      createHash('sha256')
        .update(await buffer(socket))
        .digest('hex'),
    ).toBe(createHash('sha256').update(sent).digest('hex'))
    expect(socket.remoteAddress).toBe(String(addressOf(far, kind)))
    expect(near.addresses.map(({ address }) => String(address))).toContain(socket.localAddress)
  })

  test('nobody listens', async () => {
    const socket = near.connect({ host: String(addressOf(far, kind)), port: 9 })
    await expect(once(socket, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('HTTP between stock clients and servers', async () => {
    const server = createServer((request, response) =>
      response.end(`${request.method} from ${request.socket.remoteAddress}`),
    )
    await using tcp = await far.serveHttp(server, { port: 0 })
    const agent = near.agent({ keepAlive: true })
    for (let i = 0; i < 3; i++) {
      const page = await fetchPage(urlOf(addressOf(far, kind), tcp.address()!.port), agent)
      expect(await text(page)).toBe(`GET from ${addressOf(near, kind)}`)
    }
    agent.destroy()
    server.close()
  })

  test('UDP', async () => {
    const type = kind === 'IPv4' ? 'udp4' : 'udp6'
    const [server, client] = [far.createSocket(type), near.createSocket(type)]
    server.on('message', (bytes, from) => server.send(`pong ${bytes.toString()}`, from.port, from.address))
    server.bind(0)
    await once(server, 'listening')
    client.send('ping', server.address().port, String(addressOf(far, kind)))
    const [answer, from] = (await once(client, 'message')) as [Buffer, { address: string }]
    expect(answer.toString()).toBe('pong ping')
    expect(from.address).toBe(String(addressOf(far, kind)))
    client.close()
    server.close()
  })

  test('ping', async () => {
    const { from, bytes, milliseconds } = await near.ping(addressOf(far, kind), { bytes: 1000 })
    expect([String(from), bytes]).toEqual([String(addressOf(far, kind)), 1000])
    expect(milliseconds).toBeGreaterThan(0)
  })

  test('our own address answers', async () => {
    const own = addressOf(near, kind)
    await using server = await near.listen({ port: 0 })
    server.on('connection', (socket) => socket.end('from myself'))
    expect(await text(near.connect({ host: String(own), port: server.address()!.port }))).toBe('from myself')
    expect((await near.ping(own)).bytes).toBe(56)
  })
})

test('a path that is direct says so', async () => {
  const address = addressOf(far, 'IPv4')
  while (!near.pathTo(address).startsWith('direct')) await Promise.all([once(alice, 'change'), near.ping(address)])
  expect(near.pathTo(address)).toBe(`direct at 127.0.0.1/${bob.port}`)
  expect(alice.peers().find(({ id }) => id === bob.id)).toMatchObject({
    role: 'leaf',
    direct: true,
    via: undefined,
    paths: [{ preferred: true, endpoint: `127.0.0.1/${bob.port}` }],
  })
  expect(near.pathTo(addressOf(otherFar, 'IPv4'))).toBe('unknown')
})

describe('two networks at once', () => {
  test('are told apart by their routes', () => {
    for (const kind of kinds) {
      expect(alice.networkFor(addressOf(far, kind))).toBe(near)
      expect(alice.networkFor(String(addressOf(otherFar, kind)))).toBe(otherNear)
    }
  })

  test('an address of neither has no route', () => {
    expect(() => alice.networkFor('192.0.2.1')).toThrow(
      expect.objectContaining({ code: 'ENETUNREACH', hint: expect.stringContaining(near.id) as string }),
    )
    expect(() => alice.networkFor('host.example')).toThrow(expect.objectContaining({ code: 'ZT_ARG_INVALID' }))
    expect(() => alice.connect({ port: 80 })).toThrow(expect.objectContaining({ code: 'ZT_ARG_INVALID' }))
  })

  test('the node connects and fetches over the right one', async () => {
    const servers = await Promise.all(
      [far, otherFar].map((network) =>
        network.serveHttp(
          createServer((_request, response) => response.end(network.id)),
          { port: 80 },
        ),
      ),
    )
    const agent = alice.agent()
    for (const network of [far, otherFar]) {
      const address = addressOf(network, 'IPv4')
      expect(await text(await fetchPage(urlOf(address, 80), agent))).toBe(network.id)
      const socket = alice.connect({ host: String(address), port: 80 })
      await once(socket, 'connect')
      socket.destroy()
    }
    await expect(fetchPage('http://192.0.2.1/', agent)).rejects.toMatchObject({ code: 'ENETUNREACH' })
    agent.destroy()
    for (const server of servers) await server[Symbol.asyncDispose]()
  })

  test('have ports of their own', async () => {
    await using _one = await far.listen({ port: 8080 })
    await using _two = await otherFar.listen({ port: 8080 })
    await expect(far.listen({ port: 8080 })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})

describe('aborted', () => {
  const reason = new Error('enough')

  test('ping', async () => {
    const controller = new AbortController()
    const pinging = near.ping('10.1.0.250', { signal: controller.signal })
    controller.abort(reason)
    await expect(pinging).rejects.toBe(reason)
    await expect(near.ping('10.1.0.250', { signal: controller.signal })).rejects.toBe(reason)
  })

  test('connect', async () => {
    const controller = new AbortController()
    const socket = near.connect({ host: '10.1.0.250', port: 80, signal: controller.signal })
    controller.abort(reason)
    await expect(once(socket, 'connect')).rejects.toMatchObject({ code: 'ABORT_ERR', cause: reason })
  })

  test('listen', async () => {
    const controller = new AbortController()
    const server = await near.listen({ port: 0, signal: controller.signal })
    const closed = once(server, 'close')
    controller.abort(reason)
    await closed
    await expect(near.listen({ port: 0, signal: controller.signal })).rejects.toBe(reason)
  })
})

test('a ping to nobody is not answered in time', async () => {
  expect((await errorOf(near.ping('10.1.0.250', { timeoutMs: 50 }))).code).toBe('ETIMEDOUT')
  expect((await errorOf(near.ping('192.0.2.1'))).code).toBe('ENETUNREACH')
  expect((await errorOf(near.ping('nobody'))).code).toBe('ZT_ARG_INVALID')
})

test('what is counted has names', () => {
  const counters = alice.counters()
  expect(Object.keys(counters).length).toBeGreaterThan(0)
  for (const count of Object.values(counters)) expect(count).toBeGreaterThan(0)
})
