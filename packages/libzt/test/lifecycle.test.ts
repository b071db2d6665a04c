/** Closing, and coming back: what is kept. */
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Controller } from '@zt/controller'
import { SystemRandom } from '@zt/io-node'
import { makePlanet } from '@zt/root'
import { Endpoint, IpAddress, MemoryStateStore, ZtError } from '@zt/sansio'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { EmbeddedWorld, ZeroTier } from '../src/index.js'
import { errorOf, identityOf, secretText, settings, startNode, startWorld } from './fixtures.js'

let world: EmbeddedWorld
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'zt-libzt-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

describe('close', () => {
  test('is idempotent, and ends everything', async () => {
    const node = await startNode(world)
    const network = await node.join(world.createNetwork(settings()))
    const server = await network.listen({ port: 80 })
    const udp = network.createSocket('udp4').bind(9)
    await once(udp, 'listening')
    const ended = Promise.all([once(node, 'close'), once(network, 'close'), once(server, 'close'), once(udp, 'close')])
    const closing = node.close()
    expect(node.close()).toBe(closing)
    await closing
    await ended
    expect(network.isClosed).toBe(true)
    expect(node.networks).toEqual([])
    await node.close()
    for (const use of [node.join(network.id), node.whenOnline()])
      expect((await errorOf(use)).code).toBe('ZT_NODE_CLOSED')
    await node.leave(network.id)
  })

  test('wakes whoever waits', async () => {
    const node = await startNode(world)
    const waits = [node.whenOnline(), node.join('1a2440d163000001'), node.join('1a2440d163000001')].map(errorOf)
    await node.close()
    for (const wait of waits) expect((await wait).code).toBe('ZT_NODE_CLOSED')
  })

  test('wakes a ping and a connection that wait', async () => {
    const node = await startNode(world)
    const network = await node.join(world.createNetwork(settings('10.7.0')))
    const pinging = errorOf(network.ping('10.7.0.250'))
    const socket = network.connect({ host: '10.7.0.250', port: 80 })
    const closed = once(socket, 'close')
    await node.close()
    expect((await pinging).code).toBe('ECANCELED')
    await closed
  })

  test('waits for what is being left', async () => {
    const node = await startNode(world)
    const network = await node.join(world.createNetwork(settings('10.7.1')))
    const leaving = network.leave()
    await node.close()
    await leaving
  })

  test('comes by itself at the end of a block', async () => {
    let node: ZeroTier
    {
      await using inside = await startNode(world)
      node = inside
    }
    expect((await errorOf(node.whenOnline())).code).toBe('ZT_NODE_CLOSED')
  })

  test('is bounded, although a peer has gone without a word', async () => {
    const [node, other] = await Promise.all([startNode(world), startNode(world)])
    const id = world.createNetwork(settings('10.7.2'))
    const [near, far] = await Promise.all([node.join(id), other.join(id)])
    const server = await far.listen({ port: 80 })
    const socket = near.connect({ host: String(far.addresses[0]!.address), port: 80 })
    socket.on('error', () => {})
    await Promise.all([once(socket, 'connect'), once(server, 'connection')])
    await other.close()
    socket.write('nobody reads this')
    const begin = performance.now()
    await node.close()
    expect(performance.now() - begin).toBeLessThan(3000)
  })
})

describe('coming back', () => {
  test('the same state is the same node, on the same port, with its network', async () => {
    await writeFile(join(directory, 'identity.secret'), secretText(34))
    const id = world.createNetwork(settings('10.8.0'))
    const start = () => ZeroTier.start({ state: directory, planet: world.planet, bind: ['127.0.0.1'] })
    const run = async () => {
      await using node = await start()
      const network = await node.join(id)
      return [node.id, node.port, ...network.addresses.map(String)]
    }
    const first = await run()
    expect(first[0]).toBe(secretText(34).slice(0, 10))
    expect(await run()).toEqual(first)
    const kept = await readdir(directory, { recursive: true })
    expect(kept).toEqual(expect.arrayContaining(['identity.public', 'identity.secret', `networks.d/${id}.conf`]))
    expect(await readFile(join(directory, 'networks.d', `${id}.conf`), 'utf8')).toContain(`nwid=${id}`)
  })

  test('what was given before is there at once, and survives a world that is gone', async () => {
    const small = await EmbeddedWorld.start({ identities: { root: identityOf(35), controller: identityOf(36) } })
    const id = small.createNetwork(settings('10.8.1', { name: 'kept' }))
    const state = new MemoryStateStore()
    const key = `networks.d/${id}.conf`
    const start = () => ZeroTier.start({ state, identity: identityOf(37), planet: small.planet, bind: ['127.0.0.1'] })
    {
      await using node = await start()
      await node.join(id)
    }
    await small.close()
    const before = await state.read(key)
    {
      await using node = await start()
      const joining = errorOf(node.join(id, { timeoutMs: 100 }))
      await new Promise((resolve) => setImmediate(resolve))
      expect(node.networks.map(({ name, status, addresses }) => [name, status, addresses.length])).toEqual([
        ['kept', 'requesting', 3],
      ])
      expect((await joining).code).toBe('ZT_NODE_OFFLINE')
    }
    expect(await state.read(key)).toEqual(before) // failing to join is not leaving
    {
      await using node = await start()
      const joining = errorOf(node.join(id))
      await new Promise((resolve) => setImmediate(resolve))
      await node.leave(id)
      expect((await joining).code).toBe('ZT_NETWORK_LEFT')
    }
    expect(await state.read(key)).toBeUndefined()
  })

  test('a root and its controller come back with their planet, networks and members', async () => {
    await writeFile(join(directory, 'identity.secret'), secretText(38))
    let controller: Controller | undefined
    const start = () =>
      ZeroTier.start({
        state: directory,
        bind: ['127.0.0.1'],
        planet: (identity, port) =>
          makePlanet({
            id: 7n,
            timestamp: Date.now(),
            roots: [{ identity, endpoints: [new Endpoint(IpAddress.parse('127.0.0.1'), port)] }],
          }),
        controller: (identity) => (controller = new Controller({ identity, random: new SystemRandom() })),
      })
    let id: string
    let addresses: string[]
    const state = new MemoryStateStore()
    const member = (planet: ZeroTier['planet']) =>
      ZeroTier.start({ identity: identityOf(29), planet, state, bind: ['127.0.0.1'] })
    let planet: ZeroTier['planet']
    {
      await using root = await start()
      planet = root.planet
      id = controller!.createNetwork(Date.now(), settings('10.8.2', { private: true })).id
      controller!.authorize(Date.now(), BigInt(`0x${id}`), identityOf(29).address)
      await using node = await member(root.planet)
      addresses = (await node.join(id)).addresses.map(String)
    }
    await using root = await start()
    expect(root.planet).toEqual(planet)
    expect(controller!.networks().map((network) => network.id)).toEqual([id])
    await using node = await member(root.planet)
    expect((await node.join(id)).addresses.map(String)).toEqual(addresses)
  })

  test('what cannot be written any more is a warning', async () => {
    const state = new MemoryStateStore()
    await using node = await startNode(world, { state })
    const failure = new ZtError('ZT_STATE_IO', 'the disk is full')
    state.write = () => Promise.reject(failure)
    const warned = once(node, 'warning')
    await node.join(world.createNetwork(settings('10.8.3')))
    expect(await warned).toEqual([failure])
  })
})
