/** Nodes of a world on loopback: coming online, joining, being refused, leaving. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type EmbeddedWorld, ZeroTier } from '../src/index.js'
import { deadPlanet, errorOf, identityOf, settings, startNode, startWorld } from './fixtures.js'

let world: EmbeddedWorld
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

/** Signals abort with this. */
const reason = new Error('enough')

describe('online', () => {
  test('a node comes online, and says so', async () => {
    await using node = await startNode(world)
    const [event] = await Promise.all([once(node, 'online'), node.whenOnline()])
    expect(event).toEqual([])
    expect(node.isOnline).toBe(true)
    expect(node.id).toMatch(/^[0-9a-f]{10}$/)
    expect(node.port).toBeGreaterThan(0)
    expect(node.roots()).toMatchObject([{ address: world.root.identity.address, isReachable: true }])
    expect(node.peers()).toMatchObject([{ id: world.root.id, role: 'planet', direct: true }])
    await node.whenOnline() // at once, now
  })

  test('a root is online by itself', async () => {
    await world.root.whenOnline()
    expect(world.root.roots()).toEqual([])
  })

  test('without a root that answers there is an error with the reason for each root, in time', async () => {
    const silent = createSocket('udp4') // takes what comes and says nothing
    silent.bind(0, '127.0.0.1')
    await once(silent, 'listening')
    try {
      await using node = await ZeroTier.start({
        planet: deadPlanet(silent.address().port),
        identity: identityOf(2),
        bind: ['127.0.0.1'],
      })
      const error = await errorOf(node.whenOnline({ timeoutMs: 50 }))
      expect(error).toMatchObject({ code: 'ZT_NODE_OFFLINE', roots: [{ isReachable: false, trouble: 'no-reply' }] })
      expect(error.message).toContain('within 0.05 s')
      expect(error.message).toMatch(/[0-9a-f]{10} at 127\.0\.0\.1\/\d+: no reply to HELLO/)
      const joining = await errorOf(node.join('8056c2e21c000001', { timeoutMs: 50 }))
      expect(joining.code).toBe('ZT_NODE_OFFLINE')
      expect(node.networks).toEqual([])
    } finally {
      silent.close()
    }
  })

  test('a root that no socket can reach is told apart', async () => {
    await using node = await ZeroTier.start({
      planet: deadPlanet(1),
      identity: identityOf(2),
      bind: ['127.0.0.1'],
      allowLoopback: false,
    })
    expect((await errorOf(node.whenOnline({ timeoutMs: 50 }))).message).toContain(
      'none of our sockets can reach its endpoints',
    )
  })

  test('waiting can be aborted', async () => {
    await using node = await ZeroTier.start({ planet: deadPlanet(1), identity: identityOf(2), bind: ['127.0.0.1'] })
    const controller = new AbortController()
    const waiting = node.whenOnline({ signal: controller.signal })
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
    await expect(node.whenOnline({ signal: controller.signal })).rejects.toBe(reason)
  })

  test('mistakes are told at once', async () => {
    await using node = await startNode(world)
    expect((await errorOf(node.whenOnline({ timeoutMs: 0 }))).code).toBe('ZT_ARG_INVALID')
    expect((await errorOf(node.join('8056c2e21c000001', { timeoutMs: -1 }))).code).toBe('ZT_ARG_INVALID')
    for (const id of ['', '8056c2e21c00000', '8056c2e21c00000g', '0000000000000000']) {
      expect((await errorOf(node.join(id))).code).toBe('ZT_ARG_INVALID')
    }
    expect(node.networks).toEqual([])
  })
})

describe('joining', () => {
  test('gives the network as its controller describes it', async () => {
    const id = world.createNetwork(
      settings('10.2.0', {
        name: 'described',
        mtu: 1400,
        routes: [
          { target: '10.2.0.0/24', via: null },
          { target: '192.168.0.0/16', via: '10.2.0.254' },
        ],
      }),
    )
    await using node = await startNode(world)
    const network = await node.join(id)
    expect(network).toMatchObject({
      id,
      name: 'described',
      type: 'public',
      status: 'ready',
      mtu: 1400,
      isClosed: false,
      authenticationUrl: undefined,
    })
    expect(network.addresses.map(String)).toEqual([
      expect.stringMatching(/^10\.2\.0\.\d+\/24$/),
      expect.stringMatching(/^fd.*\/88$/),
      expect.stringMatching(/^fc.*\/40$/),
    ])
    expect(network.routes.map(({ target, via }) => `${target} ${via}`)).toEqual([
      '10.2.0.0/24 undefined',
      '192.168.0.0/16 10.2.0.254',
    ])
    expect(network.mac).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/)
    expect(node.networks).toEqual([network])
    expect(await node.join(id)).toBe(network)
    expect(await node.join(BigInt(`0x${id}`))).toBe(network)
  })

  test('a private network refuses with what to do, and lets in who was authorised', async () => {
    const id = world.createNetwork(settings('10.3.0', { private: true }))
    await using node = await startNode(world)
    const error = await errorOf(node.join(id))
    expect(error).toMatchObject({
      code: 'ZT_NETWORK_DENIED',
      networkId: id,
      node: node.id,
      hint: expect.stringContaining(`node ${node.id}`) as string,
    })
    expect(error.hint).toContain(world.host.id)
    expect(node.networks).toEqual([])
    world.authorize(id, node.id)
    expect((await node.join(id)).type).toBe('private')
  })

  test('a node can wait to be authorised', async () => {
    const id = world.createNetwork(settings('10.3.1', { private: true }))
    await using node = await startNode(world)
    const denied = once(node, 'network')
    const joining = node.join(id, { waitForAccess: true })
    expect(await denied).toEqual([{ id, what: 'network-denied' }])
    world.authorize(id, node.id)
    expect((await joining).status).toBe('ready')
  })

  test('waiting to be authorised ends in time, and says what it waited for', async () => {
    const id = world.createNetwork(settings('10.3.2', { private: true }))
    await using node = await startNode(world)
    await node.whenOnline()
    const denied = once(node, 'network')
    const joining = errorOf(node.join(id, { waitForAccess: true, timeoutMs: 200 }))
    await denied
    expect(await joining).toMatchObject({
      code: 'ZT_TIMEOUT',
      networkId: id,
      hint: expect.stringContaining(`node ${node.id} authorised`) as string,
    })
  })

  test('a network that its controller does not know is not found', async () => {
    await using node = await startNode(world)
    const id = `${world.host.id}ffffff`
    expect(await errorOf(node.join(id))).toMatchObject({
      code: 'ZT_NETWORK_NOT_FOUND',
      networkId: id,
      hint: expect.stringContaining(world.host.id) as string,
    })
    expect(node.networks).toEqual([])
  })

  test('a node that is no controller has no networks', async () => {
    await using node = await startNode(world)
    expect((await errorOf(node.join(`${world.root.id}000001`))).code).toBe('ZT_NETWORK_NOT_FOUND')
  })

  test('a controller that is not there does not answer in time', async () => {
    await using node = await startNode(world)
    await node.whenOnline()
    const error = await errorOf(node.join(`${'1a2440d163'}000001`, { timeoutMs: 100 }))
    expect(error).toMatchObject({
      code: 'ZT_TIMEOUT',
      hint: expect.stringContaining('controller 1a2440d163') as string,
    })
  })

  test('can be aborted before and while waiting, and the network is left again', async () => {
    await using node = await startNode(world)
    const id = `${'1a2440d163'}000001`
    await expect(node.join(id, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const joining = node.join(id, { signal: controller.signal })
    controller.abort(reason)
    await expect(joining).rejects.toBe(reason)
    expect(node.networks).toEqual([])
  })

  test('who gives up does not take the network away from who still waits', async () => {
    const id = world.createNetwork(settings('10.3.3', { private: true }))
    await using node = await startNode(world)
    const controller = new AbortController()
    const denied = once(node, 'network')
    const impatient = node.join(id, { signal: controller.signal, waitForAccess: true })
    const patient = node.join(id, { waitForAccess: true })
    await denied
    controller.abort(reason)
    await expect(impatient).rejects.toBe(reason)
    world.authorize(id, node.id)
    expect((await patient).status).toBe('ready')
    expect(node.networks).toHaveLength(1)
  })
})

describe('leaving', () => {
  test('closes the network, and it can be joined again', async () => {
    const id = world.createNetwork(settings('10.4.0'))
    await using node = await startNode(world)
    const first = await node.join(id)
    const addresses = first.addresses.map(String)
    const server = await first.listen({ port: 80 })
    const closed = Promise.all([once(first, 'close'), once(server, 'close')])
    const leaving = first.leave()
    const again = node.join(id) // waits for the leaving
    await leaving
    await closed
    expect(first.isClosed).toBe(true)
    for (const use of [
      () => first.connect({ port: 80 }),
      () => first.createServer(),
      () => first.createSocket('udp4'),
    ]) {
      expect(use).toThrow(expect.objectContaining({ code: 'ZT_NETWORK_LEFT' }))
    }
    expect((await errorOf(first.ping('10.4.0.1'))).code).toBe('ZT_NETWORK_LEFT')
    expect((await errorOf(first.listen({ port: 80 }))).code).toBe('ZT_NETWORK_LEFT')

    const second = await again
    expect(second).not.toBe(first)
    expect(second.addresses.map(String)).toEqual(addresses)
    await second.listen({ port: 80 })
    expect(node.networks).toEqual([second])
  })

  test('what was not joined can be left', async () => {
    await using node = await startNode(world)
    await node.leave('8056c2e21c000001')
    await node.leave(0x8056c2e21c000001n)
    expect((await errorOf(node.leave('8056'))).code).toBe('ZT_ARG_INVALID')
  })

  test('ends a wait for the network', async () => {
    await using node = await startNode(world)
    const id = '1a2440d163000001'
    const joining = errorOf(node.join(id))
    await node.whenOnline()
    await node.leave(id)
    expect(await joining).toMatchObject({ code: 'ZT_NETWORK_LEFT', networkId: id })
  })

  test('ends a ping that waits', async () => {
    await using node = await startNode(world)
    const network = await node.join(world.createNetwork(settings('10.4.1')))
    const pinging = errorOf(network.ping('10.4.1.200'))
    await network.leave()
    expect((await pinging).code).toBe('ECANCELED')
  })
})

describe('what a controller changes', () => {
  test('reaches its members at once, with an event', async () => {
    const id = world.createNetwork(settings('10.5.0'))
    await using node = await startNode(world)
    const network = await node.join(id)
    const updated = async (change: () => void) => {
      const update = once(network, 'update')
      change()
      await update
    }
    const networkId = BigInt(`0x${id}`)
    const update = (more: object) => world.controller.updateNetwork(Date.now(), networkId, more)

    await updated(() => update({ name: 'renamed' }))
    expect(network.name).toBe('renamed')

    await updated(() =>
      update({
        routes: [
          { target: '10.5.0.0/24', via: null },
          { target: '10.99.0.0/16', via: '10.5.0.254' },
        ],
      }),
    )
    expect(network.routes.map(({ target }) => String(target))).toContain('10.99.0.0/16')
    expect(node.networkFor('10.99.1.1')).toBe(network)

    await updated(() =>
      world.controller.updateMember(Date.now(), networkId, node.identity.address, {
        ipAssignments: ['10.5.0.77'],
        noAutoAssignIps: true,
      }),
    )
    expect(network.addresses.map(String)).toContain('10.5.0.77/24')
    expect((await network.ping('10.5.0.77')).bytes).toBe(56)
  })
})

test('the node of a controller can be a member of its networks', async () => {
  const id = world.createNetwork(settings('10.6.0'))
  const network = await world.host.join(id)
  expect(network.status).toBe('ready')
  await network.leave()
})
