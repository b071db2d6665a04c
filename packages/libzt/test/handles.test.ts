/** Nothing keeps the process alive that is not there for a purpose. No other node runs in this file. */
import { once } from 'node:events'
import { createSocket } from 'node:dgram'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Controller } from '@zt/controller'
import { SystemRandom } from '@zt/io-node'
import { MemoryStateStore, type StateStore, ZtError } from '@zt/sansio'
import { describe, expect, test } from 'vitest'
import { EmbeddedWorld, ZeroTier } from '../src/index.js'
import { deadPlanet, errorOf, identityOf, secretText, settings, startWorld } from './fixtures.js'

/** What keeps this process alive, beyond what the test runner has. */
function handles(): Record<string, number> {
  const kinds: Record<string, number> = {}
  for (const kind of process.getActiveResourcesInfo()) {
    if (/^(UDPWRAP|UDPSocketWrap|UDP|Timeout|Worker|TCPSocketWrap|TCPServerWrap)$/i.test(kind))
      kinds[kind] = (kinds[kind] ?? 0) + 1
  }
  return kinds
}

/** What there is more of than before, once closing handles have had some turns of the loop to be gone. */
async function more(before: Record<string, number>): Promise<string[]> {
  for (let turn = 0; ; turn++) {
    const surplus = Object.entries(handles()).filter(([kind, count]) => count > (before[kind] ?? 0))
    if (surplus.length === 0 || turn === 50) return surplus.map(([kind, count]) => `${count} ${kind}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('a world and twenty nodes that come and go leave nothing behind', async () => {
  const before = handles()
  {
    await using world = await startWorld()
    const id = world.createNetwork(settings())
    const state = new MemoryStateStore() // the port is kept in it
    for (let i = 0; i < 20; i++) {
      await using node = await ZeroTier.start({
        planet: world.planet,
        bind: ['127.0.0.1'],
        identity: identityOf(2),
        state,
      })
      if (i === 0) await (await node.join(id)).listen({ port: 80 })
      else await node.whenOnline()
    }
    expect(await more({ ...handles(), UDPWrap: 2 })).toEqual([])
    expect(handles().UDPWrap).toBe(2) // so they are seen at all
  }
  expect(await more(before)).toEqual([])
})

test('a world that is given up while it starts leaves nothing behind', async () => {
  const before = handles()
  const controller = new AbortController()
  const starting = EmbeddedWorld.start({
    identities: { root: identityOf(0), controller: identityOf(1) },
    signal: controller.signal,
  })
  controller.abort(new ZtError('ZT_STOPPED', 'enough'))
  expect((await errorOf(starting)).code).toBe('ZT_STOPPED')
  expect(await more(before)).toEqual([])
})

describe('a start that fails leaves nothing behind', () => {
  const failing = async (options: Parameters<typeof ZeroTier.start>[0], code: string) => {
    const before = handles()
    expect((await errorOf(ZeroTier.start({ identity: identityOf(33), bind: ['127.0.0.1'], ...options }))).code).toBe(
      code,
    )
    expect(await more(before)).toEqual([])
  }

  test('for a damaged planet', () => failing({ planet: new Uint8Array(3) }, 'ZT_STATE_CORRUPT'))
  test('for a planet that is not there', () =>
    failing({ planet: join(tmpdir(), 'zt-no-such-planet') }, 'ZT_PLANET_UNREADABLE'))
  test('for an address that is not ours', () => failing({ bind: ['192.0.2.1'] }, 'EADDRNOTAVAIL'))

  test('for a port that is taken', async () => {
    const taken = createSocket('udp4')
    taken.bind(0, '127.0.0.1')
    await once(taken, 'listening')
    await failing({ port: taken.address().port }, 'EADDRINUSE')
    taken.close()
  })

  test('for a record of the controller that is damaged', async () => {
    const state = new MemoryStateStore()
    const key = `controller.d/network/${secretText(33).slice(0, 10)}000001.json`
    await state.write(key, new TextEncoder().encode('{"id":'))
    await failing(
      {
        planet: deadPlanet(1),
        state,
        controller: (identity) => new Controller({ identity, random: new SystemRandom() }),
      },
      'ZT_STATE_CORRUPT',
    )
    expect(new TextDecoder().decode(await state.read(key))).toBe('{"id":')
  })

  test('for a store that cannot write', async () => {
    const state = new MemoryStateStore()
    state.write = () => Promise.reject(new ZtError('ZT_STATE_IO', 'the disk is full'))
    await failing({ planet: deadPlanet(1), state }, 'ZT_STATE_IO')
  })

  test('when it is aborted on the way', async () => {
    const before = handles()
    const controller = new AbortController()
    const state = new MemoryStateStore()
    const abortingStore: StateStore = {
      read: (key) => state.read(key),
      list: (prefix) => state.list(prefix),
      delete: (key) => state.delete(key),
      write: (key, value) => {
        controller.abort(new ZtError('ZT_STOPPED', 'enough'))
        return state.write(key, value)
      },
    }
    expect(
      (
        await errorOf(
          ZeroTier.start({
            identity: identityOf(33),
            planet: deadPlanet(1),
            state: abortingStore,
            signal: controller.signal,
            bind: ['127.0.0.1'],
          }),
        )
      ).code,
    ).toBe('ZT_STOPPED')
    expect(await more(before)).toEqual([])
  })
})
