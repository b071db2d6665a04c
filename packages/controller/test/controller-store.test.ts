import { formatAddress, formatNetworkId } from '@zt/protocol'
import { fromLatin1, MemoryStateStore, type StateStore, type ZtError } from '@zt/sansio'
import { VirtualClock } from '@zt/testkit'
import { describe, expect, test } from 'vitest'
import { ControllerStore } from '../src/index.js'
import { identities, newController, request, self, START } from './bench.js'

const [, alice, bob] = identities

/** Let promises run: they are not the clock's business. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

function recording(store: StateStore, log: string[]): StateStore {
  return {
    read: (key) => store.read(key),
    list: (prefix) => store.list(prefix),
    write: (key, value) => (log.push(`write ${key}`), store.write(key, value)),
    delete: (key) => (log.push(`delete ${key}`), store.delete(key)),
  }
}

describe('ControllerStore', () => {
  test('gives a new controller what the old one had', async () => {
    const store = new MemoryStateStore()
    const clock = new VirtualClock(START)
    const first = newController()
    const kept = await ControllerStore.open(first, store, { clock })
    const definition = first.createNetwork(START, {
      name: 'Größe',
      private: false,
      v4AssignMode: { zt: true },
      routes: [{ target: '10.0.0.0/24', via: null }],
      ipAssignmentPools: [{ ipRangeStart: '10.0.0.1', ipRangeEnd: '10.0.0.99' }],
      rules: [{ type: 'MATCH_ETHERTYPE', etherType: 2048 }, { type: 'ACTION_ACCEPT' }],
    })
    const networkId = BigInt(`0x${definition.id}`)
    first.handleRequest(START, request(networkId, alice))
    first.updateMember(START, networkId, bob.address, { name: 'Bob', tags: [[1, 2]] })
    await kept.close()

    expect(await store.list('controller.d')).toEqual(
      [
        `controller.d/network/${formatNetworkId(networkId)}.json`,
        ...[alice, bob].map(
          ({ address }) => `controller.d/network/${formatNetworkId(networkId)}/member/${formatAddress(address)}.json`,
        ),
      ].sort(),
    )
    const second = newController()
    await ControllerStore.open(second, store, { clock })
    expect(second.networks()).toEqual(first.networks())
    expect(new Set(second.members(networkId))).toEqual(new Set(first.members(networkId)))
    // It knows which addresses are taken.
    const taken = second.member(networkId, alice.address)!.ipAssignments
    second.handleRequest(START, request(networkId, { ...bob, address: alice.address + 98 }))
    expect(second.member(networkId, alice.address + 98)!.ipAssignments).not.toEqual(taken)
  })

  test('writes a burst of changes once, and a network before its members', async () => {
    const log: string[] = []
    const clock = new VirtualClock(START)
    const controller = newController()
    await ControllerStore.open(controller, recording(new MemoryStateStore(), log), { clock })
    const id = controller.createNetwork(START).id
    controller.authorize(START, BigInt(`0x${id}`), alice.address)
    controller.updateMember(START, BigInt(`0x${id}`), alice.address, { name: 'Alice' })
    controller.updateNetwork(START, BigInt(`0x${id}`), { name: 'more' })
    clock.advance(99)
    await settle()
    expect(log).toEqual([])
    clock.advance(1)
    await settle()
    expect(log).toEqual([
      `write controller.d/network/${id}.json`,
      `write controller.d/network/${id}/member/${formatAddress(alice.address)}.json`,
    ])
    log.length = 0
    controller.deleteNetwork(START, BigInt(`0x${id}`))
    clock.advance(100)
    await settle()
    expect(log).toEqual([
      `delete controller.d/network/${id}.json`,
      `delete controller.d/network/${id}/member/${formatAddress(alice.address)}.json`,
    ])
  })

  test('tries again what could not be written', async () => {
    const clock = new VirtualClock(START)
    const store = new MemoryStateStore()
    let isFull = true
    const errors: ZtError[] = []
    const flaky: StateStore = {
      read: (key) => store.read(key),
      list: (prefix) => store.list(prefix),
      write: (key, value) => (isFull ? Promise.reject(new Error('disk full')) : store.write(key, value)),
      delete: (key) => store.delete(key),
    }
    const controller = newController()
    await ControllerStore.open(controller, flaky, { clock, onError: (error) => errors.push(error) })
    const { id } = controller.createNetwork(START)
    clock.advance(100)
    await settle()
    expect(errors.map(({ code }) => code)).toEqual(['ZT_STATE_IO'])
    isFull = false
    clock.advance(5000)
    await settle()
    expect(errors).toHaveLength(1)
    expect(await store.list('controller.d')).toEqual([`controller.d/network/${id}.json`])
  })

  test('refuses what it cannot read, naming the file, and leaves it as it is', async () => {
    const clock = new VirtualClock(START)
    const id = formatNetworkId((BigInt(self.address) << 24n) | 1n)
    const key = `controller.d/network/${id}.json`
    for (const text of [
      '',
      '{',
      '[]',
      `{"id":"${id}","mtu":5}`,
      `{"id":"${id.replace(/.$/, '2')}"}`,
      '{"id":"\xff"}',
    ]) {
      const store = new MemoryStateStore()
      await store.write(key, fromLatin1(text))
      await expect(ControllerStore.open(newController(), store, { clock })).rejects.toMatchObject({
        code: 'ZT_STATE_CORRUPT',
        key,
      })
      expect(await store.read(key)).toEqual(fromLatin1(text))
    }
  })

  test('reads the files of ZeroTierOne and keeps what it does not know', async () => {
    const clock = new VirtualClock(START)
    const store = new MemoryStateStore()
    const id = formatNetworkId((BigInt(self.address) << 24n) | 0xabcdefn)
    const memberId = formatAddress(alice.address)
    // As 1.14.1 writes them, odd defaults included.
    const network = `{"authTokens":[null],"authorizationEndpoint":"","capabilities":[],"clientId":"","creationTime":1763640000000,"dns":[],"enableBroadcast":true,"id":"${id}","ipAssignmentPools":[{"ipRangeEnd":"10.1.1.200","ipRangeStart":"10.1.1.100"}],"mtu":2800,"multicastLimit":32,"name":"one","nwid":"${id}","objtype":"network","private":true,"remoteTraceLevel":0,"remoteTraceTarget":null,"revision":3,"routes":[{"target":"10.1.1.0/24","via":null}],"rules":[{"not":false,"or":false,"type":"ACTION_ACCEPT"}],"rulesSource":"","ssoEnabled":false,"tags":[],"v4AssignMode":{"zt":true},"v6AssignMode":{"6plane":false,"rfc4193":true,"zt":false}}`
    const member = `{"activeBridge":false,"address":"${memberId}","authenticationExpiryTime":0,"authorized":true,"capabilities":[],"creationTime":1763640000000,"id":"${memberId}","identity":"","ipAssignments":["10.1.1.123"],"lastAuthorizedCredential":null,"lastAuthorizedCredentialType":"api","lastAuthorizedTime":1763640001000,"lastDeauthorizedTime":0,"noAutoAssignIps":false,"nwid":"${id}","objtype":"member","remoteTraceLevel":0,"remoteTraceTarget":null,"revision":2,"ssoExempt":false,"tags":[],"vMajor":1,"vMinor":14,"vProto":12,"vRev":1}`
    await store.write(`controller.d/network/${id}.json`, fromLatin1(network))
    await store.write(`controller.d/network/${id}/member/${memberId}.json`, fromLatin1(member))
    const controller = newController()
    const kept = await ControllerStore.open(controller, store, { clock })
    const networkId = BigInt(`0x${id}`)
    expect(controller.network(networkId)).toMatchObject({ name: 'one', revision: 3, v6AssignMode: { rfc4193: true } })
    expect(controller.member(networkId, alice.address)).toMatchObject({
      authorized: true,
      ipAssignments: ['10.1.1.123'],
    })
    expect(controller.handleRequest(START, request(networkId, alice))[0].type).toBe('config')
    controller.updateNetwork(START, networkId, { name: 'two' })
    await kept.close()
    const written = JSON.parse(String.fromCharCode(...(await store.read(`controller.d/network/${id}.json`))!)) as object
    expect(written).toMatchObject({ name: 'two', revision: 4, rulesSource: '', ssoEnabled: false })
  })
})
