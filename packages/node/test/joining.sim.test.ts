import type { NetworkConfig } from '@zt/protocol'
import { describe, expect, it } from 'vitest'
import { Lab, TestController, identities } from './lab.js'

function world(seed = 1) {
  const lab = new Lab(seed)
  const controller = new TestController(identities[1], lab.clock)
  const control = lab.node(1, lab.net.host('controller', '198.51.100.2'), { controller })
  const a = lab.node(2, lab.net.host('a', '203.0.113.10'))
  return { lab, controller, control, a }
}

/** So many rules that the configuration takes several chunks. */
const manyRules: NetworkConfig['rules'] = [
  ...Array.from({ length: 1000 }, (_, id) => ({ type: 'MATCH_TAGS_EQUAL' as const, id, value: id })),
  { type: 'ACTION_ACCEPT' as const },
]

describe('a configuration', () => {
  it('is asked for at once, and again every minute', () => {
    const { lab, controller, a } = world()
    const network = a.join(lab, controller.networkId)
    const start = lab.clock.now()
    expect(lab.until(() => network.status === 'ready')).toBe(true)
    expect(lab.clock.now() - start).toBeLessThan(1_000)
    expect(network).toMatchObject({ name: 'test', mtu: 2800 })
    lab.clock.advance(185_000)
    expect(controller.requests).toHaveLength(4)
    expect(a.events.filter(({ type }) => type === 'network-updated')).toHaveLength(0)
    expect(
      a.events.some(
        (event) => event.type === 'persist' && event.key.startsWith('networks.d/') && (event.bytes?.length ?? 0) > 500,
      ),
    ).toBe(true)
  })

  it('may come in chunks, in any order and twice', () => {
    const { lab, controller, a, control } = world()
    controller.decide = () => ({ isAllowed: true, change: { rules: manyRules } })
    lab.net.link(control.host, a.host, { delayMs: 10, reorder: 0.5, reorderMs: 30, duplicate: 0.3 })
    lab.net.link(control.host, lab.rootHost, { delayMs: 10, reorder: 0.5, reorderMs: 30, duplicate: 0.3 })
    const network = a.join(lab, controller.networkId)
    expect(lab.until(() => network.status === 'ready')).toBe(true)
    expect(network.config?.rules).toHaveLength(1001)
    expect(controller.chunks(0, identities[2], { rules: manyRules }).length).toBeGreaterThan(1)
  })

  it('is taken when the controller pushes one, and only what matters is told', () => {
    const { lab, controller, control, a } = world()
    const network = a.join(lab, controller.networkId)
    lab.until(() => network.status === 'ready')
    controller.push(lab.clock.now(), a.identity, { name: 'renamed', mtu: 1400 })
    let changes = 0
    network.link.onChange = () => changes++
    control.driver.touch()
    expect(lab.until(() => network.name === 'renamed')).toBe(true)
    expect(network.link.mtu).toBe(1400)
    expect(changes).toBe(1)
    expect(a.events.filter(({ type }) => type === 'network-updated')).toHaveLength(1)
  })

  it('for somebody else, or signed by somebody else, is not taken', () => {
    const { lab, controller, a, control } = world()
    const network = a.join(lab, controller.networkId)
    lab.until(() => network.status === 'ready')
    const forger = new TestController({ ...identities[4], address: controller.identity.address }, lab.clock)
    for (const [chunks, reason] of [
      [controller.chunks(lab.clock.now(), identities[3], { name: 'not mine' }), 'config-malformed'],
      [forger.chunks(lab.clock.now(), identities[2], { name: 'forged' }), 'config-chunk-forged'],
    ] as const) {
      controller.outbox.push({ type: 'config', to: a.address, networkId: controller.networkId, chunks })
      control.driver.touch()
      expect(lab.until(() => a.node.counters.get(reason) > 0, 5_000)).toBe(true)
    }
    expect(network.name).toBe('test')
  })

  it('that was kept is in force before any controller answers', () => {
    const { lab, controller, a } = world()
    const network = a.join(lab, controller.networkId)
    lab.until(() => network.status === 'ready')
    const kept = a.events.flatMap((event) =>
      event.type === 'persist' && event.bytes ? [[event.key, event.bytes] as const] : [],
    )
    a.driver.close()
    a.port.close()
    const again = lab.node(2, lab.net.host('again', '203.0.113.11'), { restored: new Map(kept) })
    const restored = again.join(lab, controller.networkId)
    expect(restored.link.isUp).toBe(true)
    expect(restored.addresses.map(String)).toEqual(network.addresses.map(String))
    expect(lab.until(() => restored.status === 'ready')).toBe(true)

    again.node.leave(lab.clock.now(), controller.networkId, true)
    expect(again.join(lab, controller.networkId).link.isUp).toBe(true)
    again.node.leave(lab.clock.now(), controller.networkId)
    expect(again.join(lab, controller.networkId).link.isUp).toBe(false)
  })
})

describe('a controller that refuses', () => {
  it.each([
    ['denied', 0x07, 'network-denied'],
    ['not-found', 0x03, 'network-not-found'],
    ['auth-required', 0x09, 'network-auth-required'],
  ] as const)('makes the network %s', (status, code, event) => {
    const { lab, controller, a } = world()
    controller.decide = () => ({ isAllowed: false, code })
    const network = a.join(lab, controller.networkId)
    expect(lab.until(() => network.status === status)).toBe(true)
    expect(a.has(event)).toBe(true)
    lab.clock.advance(30_000)
    expect(a.events.filter(({ type }) => type === event)).toHaveLength(1)
  })

  it('may change its mind', () => {
    const { lab, controller, a } = world()
    controller.decide = () => ({ isAllowed: false, code: 0x07 })
    const network = a.join(lab, controller.networkId)
    lab.until(() => network.status === 'denied')
    controller.decide = () => ({ isAllowed: true })
    expect(lab.until(() => network.status === 'ready', 10_000)).toBe(true)
    expect(a.has('network-ready')).toBe(true)
  })

  it('keeps a configuration in force that was given before', () => {
    const { lab, controller, a } = world()
    const network = a.join(lab, controller.networkId)
    lab.until(() => network.status === 'ready')
    controller.decide = () => ({ isAllowed: false, code: 0x07 })
    expect(lab.until(() => network.status === 'denied', 90_000)).toBe(true)
    expect(network.link.isUp).toBe(true)
  })

  it('is no controller at all', () => {
    const { lab, a } = world()
    const plain = lab.node(3, lab.net.host('plain', '203.0.113.20'))
    const network = a.join(lab, (BigInt(plain.address) << 24n) | 5n)
    expect(lab.until(() => network.status === 'not-found')).toBe(true)
  })
})

describe('a node', () => {
  it('asks the controller that is plugged into it', () => {
    const { lab, controller, control } = world()
    const network = control.join(lab, controller.networkId)
    expect(lab.until(() => network.status === 'ready', 100)).toBe(true)
    expect(controller.requests[0].requestId).toBe(0xffff_ffff_ffff_ffffn)
  })

  it('joins ad-hoc networks without anybody', () => {
    const { lab, a } = world()
    const b = lab.node(3, lab.net.host('b', '203.0.113.20'))
    const onA = a.join(lab, 0xff0016001600000000n >> 8n)
    const onB = b.join(lab, 0xff0016001600000000n >> 8n)
    expect(onA).toMatchObject({ status: 'ready', name: 'adhoc-0016-0016' })
    lab.until(() => a.node.isOnline && b.node.isOnline)
    const ping = new Uint8Array(60)
    ping.set([0x60, 0, 0, 0, 0, 20, 0x3a, 64])
    onA.link.send(onB.mac, 0x86dd, ping, 0, 60)
    expect(lab.until(() => b.frames.length > 0)).toBe(true)
    onA.link.send(onB.mac, 0x0800, ping, 0, 60)
    lab.clock.advance(1_000)
    expect(b.frames).toHaveLength(1)
    expect(a.node.counters.get('frame-out-filtered')).toBe(1)
  })

  it('leaves', () => {
    const { lab, controller, a } = world()
    const network = a.join(lab, controller.networkId)
    lab.until(() => network.status === 'ready')
    a.node.leave(lab.clock.now(), controller.networkId)
    a.node.leave(lab.clock.now(), controller.networkId)
    lab.clock.advance(0)
    expect(a.node.networks).toHaveLength(0)
    expect(network.link.isUp).toBe(false)
    expect(a.events.some((event) => event.type === 'persist' && event.bytes === undefined)).toBe(true)
    expect(() => a.node.join(lab.clock.now(), 0n)).toThrowError(/network id/)
  })

  it('passes messages of applications', () => {
    const { lab, a, control } = world()
    lab.until(() => a.node.isOnline && control.node.isOnline)
    a.node.sendUserMessage(lab.clock.now(), control.address, 70_000n, Uint8Array.of(1, 2, 3))
    expect(lab.until(() => control.has('user-message'))).toBe(true)
    expect(control.events.find(({ type }) => type === 'user-message')).toMatchObject({
      from: a.address,
      messageType: 70_000n,
    })
    expect(() => a.node.sendUserMessage(lab.clock.now(), control.address, 1n, new Uint8Array(20_000))).toThrowError()
  })

  it('says offline with the reason when no root answers, and online when one does', () => {
    const lab = new Lab(9)
    const host = lab.net.host('a', '203.0.113.10')
    const unblock = lab.net.block(host, lab.rootHost)
    const a = lab.node(2, host)
    expect(lab.until(() => a.has('offline'), 10_000)).toBe(true)
    expect(a.node.roots(lab.clock.now())).toMatchObject([{ isReachable: false, trouble: 'no-reply' }])
    unblock()
    expect(lab.until(() => a.node.isOnline, 10_000)).toBe(true)
    lab.net.block(host, lab.rootHost)
    expect(lab.until(() => !a.node.isOnline, 120_000)).toBe(true)
    expect(a.node.roots(lab.clock.now())).toMatchObject([{ trouble: 'silent' }])
  })
})

describe('a peer of an earlier run', () => {
  it('is found again without a root', () => {
    const { lab, controller, a } = world(11)
    const network = a.join(lab, controller.networkId)
    lab.until(() => network.status === 'ready')
    lab.clock.advance(40_000)
    const kept = a.events.flatMap((event) => {
      return event.type === 'persist' && event.bytes && event.key.startsWith('peers.d/')
        ? [[event.key, event.bytes] as const]
        : []
    })
    expect(kept).toHaveLength(1)
    a.driver.close()
    a.port.close()
    const host = lab.net.host('again', '203.0.113.11')
    lab.net.block(host, lab.rootHost)
    const again = lab.node(2, host, { restored: new Map(kept) })
    const onAgain = again.join(lab, controller.networkId)
    expect(lab.until(() => onAgain.status === 'ready', 10_000)).toBe(true)
  })
})
