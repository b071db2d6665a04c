import { SeededRandom } from '@zt/testkit'
import { describe, expect, test } from 'vitest'
import { SmallWorld } from './small-world.js'

/** Members try again this often, as an application over a bad network would. */
const RETRY_MS = 1000

/** Nodes join over bad ways, and every one asks every other until it has answered. Who heard whom when. */
function joinAndTalk(
  seed: string,
  count: number,
): { readonly story: string; readonly elapsedMs: number; readonly lost: number } {
  const random = new SeededRandom(seed)
  const world = new SmallWorld(seed, {
    delayMs: 15,
    jitterMs: 10,
    loss: 0.05,
    duplicate: 0.02,
    reorder: 0.05,
    reorderMs: 30,
  })
  const { clock, timeline } = world
  const networkId = world.createNetwork({
    v4AssignMode: { zt: true },
    v6AssignMode: { zt: false, rfc4193: true, '6plane': true },
    routes: [{ target: '10.7.0.0/16', via: null }],
    ipAssignmentPools: [{ ipRangeStart: '10.7.0.1', ipRangeEnd: '10.7.255.254' }],
  })
  const start = clock.now()
  const members = Array.from({ length: count }, (_, i) => {
    const station = world.member(`node ${i}`)
    world.controller.authorize(clock.now(), networkId, station.address)
    const network = station.join(networkId)
    const answered = new Set<number>()
    network.link.onReceive = (source, destination, _etherType, bytes, offset, length) => {
      const text = String.fromCharCode(...bytes.subarray(offset, offset + length))
      expect(destination).toBe(network.mac)
      if (text === 'are you there?') station.send(network, source, 'yes')
      else if (!answered.has(source)) {
        answered.add(source)
        timeline.note(`node ${i}`, `heard ${source.toString(16)}`)
      }
    }
    return { station, network, answered }
  })
  for (const { station, network, answered } of members) {
    const ask = (): void => {
      if (answered.size === count - 1) return
      const others = members.filter((other) => other.network !== network && !answered.has(other.network.mac))
      if (network.status === 'ready')
        for (const other of others) station.send(network, other.network.mac, 'are you there?')
      clock.at(clock.now() + RETRY_MS, ask)
    }
    clock.at(clock.now() + random.below(RETRY_MS), ask)
  }
  const isDone = world.until(() => members.every(({ answered }) => answered.size === count - 1), 60_000)
  expect(isDone, `after a minute:\n${timeline}`).toBe(true)
  const addresses = members.map(({ network }) => network.addresses.map(String))
  expect(addresses.map((each) => each.length)).toEqual(Array.from({ length: count }, () => 3))
  expect(new Set(addresses.flat()).size).toBe(3 * count)
  return { story: timeline.toString(), elapsedMs: clock.now() - start, lost: world.net.counters.get('lost') }
}

describe('a simulation', () => {
  test('of ten nodes: they join and talk through loss, duplicates and reordering', () => {
    const { lost, elapsedMs } = joinAndTalk('ten nodes', 10)
    expect(lost).toBeGreaterThan(10)
    expect(elapsedMs).toBeLessThan(20_000)
  })

  test('tells the same story for the same seed, and another for another', () => {
    const first = joinAndTalk('four nodes', 4)
    expect(joinAndTalk('four nodes', 4)).toEqual(first)
    expect(joinAndTalk('four other nodes', 4).story).not.toEqual(first.story)
  })
})
