import { macOf, type World } from '@zt/protocol'
import { BROADCAST_MAC } from '@zt/sansio'
import { describe, expect, test } from 'vitest'
import { updateWorld } from '../src/index.js'
import { identities } from './identities.js'
import { SmallWorld, type Station } from './small-world.js'

const lan = {
  v4AssignMode: { zt: true },
  routes: [{ target: '10.7.0.0/24', via: null }],
  ipAssignmentPools: [{ ipRangeStart: '10.7.0.1', ipRangeEnd: '10.7.0.254' }],
}

/** Frames that a member receives, as text. */
function inbox(station: Station, networkId: bigint): string[] {
  const frames: string[] = []
  station.node.network(networkId)!.link.onReceive = (source, destination, etherType, bytes, offset, length) => {
    const text = String.fromCharCode(...bytes.subarray(offset, offset + length))
    frames.push(`${source.toString(16)} > ${destination.toString(16)} ${etherType.toString(16)} ${text}`)
  }
  return frames
}

describe('two leaves and a root that is their controller, too', () => {
  test('meet, are let in, talk through the root and then to each other', () => {
    const world = new SmallWorld(1)
    const networkId = world.createNetwork(lan)
    const [alice, bob] = [world.member('alice'), world.member('bob')]
    expect(world.until(() => alice.node.isOnline && bob.node.isOnline)).toBe(true)

    const [a, b] = [alice.join(networkId), bob.join(networkId)]
    expect(world.until(() => a.status === 'denied' && b.status === 'denied')).toBe(true)
    expect(alice.events).toContainEqual({ type: 'network-denied', networkId, controller: world.root.address })
    expect(world.controller.members(networkId).map(({ authorized }) => authorized)).toEqual([false, false])

    // Authorised, they are told at once.
    const before = world.now
    for (const { address } of [alice, bob]) world.controller.authorize(world.now, networkId, address)
    expect(world.until(() => a.status === 'ready' && b.status === 'ready')).toBe(true)
    expect(world.now - before).toBeLessThan(100)
    expect(a.addresses.map(String)).toEqual([
      `${world.controller.member(networkId, alice.address)!.ipAssignments[0]}/24`,
    ])
    expect(a.mtu).toBe(2800)
    expect(a.mac).toBe(macOf(alice.address, networkId))

    const received = inbox(bob, networkId)
    expect(alice.send(a, b.mac, 'one')).toBe(true)
    expect(world.until(() => received.length > 0, 2000)).toBe(true)
    expect(received).toEqual([`${a.mac.toString(16)} > ${b.mac.toString(16)} 88b5 one`])

    const isDirect = (from: Station, to: Station): boolean =>
      from.events.some((event) => event.type === 'peer-direct' && event.address === to.address)
    expect(world.until(() => isDirect(alice, bob) && isDirect(bob, alice), 10_000)).toBe(true)
    let relayed = 0
    world.net.onDatagram = ({ toHost }) => (relayed += toHost === 'root' ? 1 : 0)
    alice.send(a, b.mac, 'two')
    expect(world.until(() => received.length > 1, 100)).toBe(true)
    expect(relayed).toBe(0)
  })

  test('hear broadcasts of each other', () => {
    const world = new SmallWorld(2)
    const networkId = world.createNetwork({ ...lan, private: false })
    const stations = ['alice', 'bob', 'carol'].map((name) => world.member(name))
    const networks = stations.map((station) => station.join(networkId))
    for (const network of networks) network.link.joinGroup(BROADCAST_MAC)
    expect(world.until(() => networks.every(({ status }) => status === 'ready'))).toBe(true)
    const inboxes = stations.map((station) => inbox(station, networkId))
    world.clock.advance(6000) // groups are announced every 5 s
    stations[0].send(networks[0], BROADCAST_MAC, 'everybody')
    const expected = [`${networks[0].mac.toString(16)} > ffffffffffff 88b5 everybody`]
    expect(world.until(() => inboxes[1].length > 0 && inboxes[2].length > 0, 5000)).toBe(true)
    world.clock.advance(1000)
    expect(inboxes).toEqual([[], expected, expected])
  })

  test('stop listening to a member that is sent away', () => {
    const world = new SmallWorld(3)
    const networkId = world.createNetwork(lan)
    const [alice, bob] = [world.member('alice'), world.member('bob')]
    for (const { address } of [alice, bob]) world.controller.authorize(world.now, networkId, address)
    const [a, b] = [alice.join(networkId), bob.join(networkId)]
    expect(world.until(() => a.status === 'ready' && b.status === 'ready')).toBe(true)
    const received = inbox(alice, networkId)
    bob.send(b, a.mac, 'before')
    expect(world.until(() => received.length > 0)).toBe(true)

    world.controller.deauthorize(world.now, networkId, bob.address)
    world.clock.advance(1000)
    bob.send(b, a.mac, 'after')
    world.clock.advance(5000)
    expect(received).toHaveLength(1)

    // It learns why at its next request, and comes back when it is let in again.
    expect(world.until(() => b.status === 'denied', 70_000)).toBe(true)
    world.controller.authorize(world.now, networkId, bob.address)
    expect(world.until(() => b.status === 'ready')).toBe(true)
    bob.send(b, a.mac, 'again')
    expect(world.until(() => received.length > 1, 5000)).toBe(true)
  })

  test('learn what the owner changes, and that a network is gone', () => {
    const world = new SmallWorld(4)
    const networkId = world.createNetwork({ ...lan, private: false })
    const alice = world.member('alice')
    const network = alice.join(networkId)
    expect(world.until(() => network.status === 'ready')).toBe(true)
    world.controller.updateNetwork(world.now, networkId, { name: 'new name', mtu: 1400 })
    expect(world.until(() => network.name === 'new name' && network.mtu === 1400, 1000)).toBe(true)
    world.controller.deleteNetwork(world.now, networkId)
    expect(world.until(() => network.status === 'not-found', 70_000)).toBe(true)
  })

  test('behind NATs they punch through', () => {
    const world = new SmallWorld(5)
    const networkId = world.createNetwork({ ...lan, private: false })
    const home = world.net.nat('home', '203.0.113.101', { kind: 'port-restricted' })
    const office = world.net.nat('office', '203.0.113.102', { kind: 'port-restricted' })
    const alice = world.member('alice', home.host('alice', '192.168.1.2'))
    const bob = world.member('bob', office.host('bob', '192.168.1.2'))
    const [a, b] = [alice.join(networkId), bob.join(networkId)]
    expect(world.until(() => a.status === 'ready' && b.status === 'ready')).toBe(true)
    const received = inbox(bob, networkId)
    const talk = (): boolean => {
      alice.send(a, b.mac, 'x')
      world.clock.advance(1000)
      return alice.events.some((event) => event.type === 'peer-direct' && event.address === bob.address)
    }
    let isDirect = false
    for (let i = 0; i < 30 && !isDirect; i++) isDirect = talk()
    expect(isDirect).toBe(true)
    expect(received.length).toBeGreaterThan(0)
  })
})

test('a root hands out the newest version of its planet', () => {
  const world = new SmallWorld(6)
  const old: World = world.planet
  const place = { identity: identities[0], endpoints: old.roots[0].endpoints }
  const newer = updateWorld(old, { roots: [place], timestamp: old.timestamp + 1000 }, identities[0])
  const later = new SmallWorld(7, { delayMs: 10 }, newer)
  const alice = later.member('alice', undefined, old)
  expect(later.until(() => alice.seen.has('world-updated'))).toBe(true)
  expect(alice.events.find((event) => event.type === 'world-updated')).toMatchObject({
    world: { timestamp: newer.timestamp },
  })
  expect(alice.node.isOnline).toBe(true)
})
