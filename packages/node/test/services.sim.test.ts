import { type SecretIdentity, signWorld } from '@zt/protocol'
import { describe, expect, it } from 'vitest'
import { Lab, LabNode, TestController, identities, makePlanet } from './lab.js'

describe('a root', () => {
  it('tells identities, so that two leaves find each other', () => {
    const lab = new Lab(1)
    const a = lab.node(2, lab.net.host('a', '203.0.113.10'))
    const b = lab.node(3, lab.net.host('b', '203.0.113.20'))
    lab.until(() => a.node.isOnline && b.node.isOnline)
    a.node.sendUserMessage(lab.clock.now(), b.address, 100n, Uint8Array.of(1))
    expect(lab.until(() => b.has('user-message'))).toBe(true)
    expect(lab.root.node.counters.get('relayed')).toBeGreaterThan(0)
    expect(lab.root.node.counters.get('introduced')).toBe(1)
  })

  it('keeps the first of two nodes that claim an address, and tells the other', () => {
    const lab = new Lab(2, { validateIdentity: () => true })
    const honest = lab.node(2, lab.net.host('honest', '203.0.113.10'))
    lab.until(() => honest.node.isOnline)
    const impostor: SecretIdentity = { ...identities[5], address: identities[2].address }
    const other = new LabNode(lab, lab.net.host('other', '203.0.113.20'), impostor, lab.planet, {})
    expect(lab.until(() => other.has('identity-collision'), 10_000)).toBe(true)
    expect(other.node.isOnline).toBe(false)
    expect(honest.node.isOnline).toBe(true)
  })

  it('refuses identities whose address does not belong to their key', () => {
    const lab = new Lab(3)
    const invalid: SecretIdentity = { ...identities[5], address: 0x12_3456_789a }
    const node = new LabNode(lab, lab.net.host('a', '203.0.113.10'), invalid, lab.planet, {})
    lab.clock.advance(3_000)
    expect(node.node.isOnline).toBe(false)
    expect(lab.root.node.counters.get('hello-identity-invalid')).toBeGreaterThan(0)
    expect(lab.root.node.peers(lab.clock.now())).toHaveLength(0)
  })

  it('limits how much hashing strangers can cause', () => {
    let validations = 0
    const lab = new Lab(4, { validateIdentity: () => (validations++, false) })
    const host = lab.net.host('a', '203.0.113.10')
    const nodes = Array.from({ length: 40 }, (_, i) => {
      const identity: SecretIdentity = { ...identities[5 + (i % (identities.length - 5))], address: 0x12_0000_0000 + i }
      return new LabNode(lab, host, identity, lab.planet, {}, 20_000 + i)
    })
    lab.clock.advance(20_000)
    expect(nodes).toHaveLength(40)
    expect(validations).toBeLessThanOrEqual(16 + 10)
    expect(lab.root.node.counters.get('hello-limited')).toBeGreaterThan(100)
  })

  it('hands a newer planet to nodes that have an older one, and they keep it', () => {
    const lab = new Lab(5)
    const a = lab.node(2, lab.net.host('a', '203.0.113.10'))
    lab.until(() => a.node.isOnline)
    const newer = makePlanet(identities[0], lab.clock.now() + 1000, '198.51.100.1/9993', '198.51.100.9/9993')
    lab.root.driver.close()
    lab.root.port.close()
    const root = new LabNode(lab, lab.rootHost, identities[0], newer, {})
    expect(lab.until(() => a.has('world-updated'), 60_000)).toBe(true)
    expect(a.node.planet.roots[0].endpoints).toHaveLength(2)
    expect(a.events.find(({ type }) => type === 'persist')).toMatchObject({ key: 'planet' })
    expect(root.node.isOnline).toBe(true)
  })

  it('cannot hand out a planet that the old key did not sign', () => {
    const lab = new Lab(6)
    const a = lab.node(2, lab.net.host('a', '203.0.113.10'))
    lab.until(() => a.node.isOnline)
    const forged = signWorld({ ...lab.planet, timestamp: lab.planet.timestamp + 1000 }, identities[5])
    lab.root.driver.close()
    lab.root.port.close()
    new LabNode(lab, lab.rootHost, identities[0], forged, {})
    lab.clock.advance(60_000)
    expect(a.has('world-updated')).toBe(false)
    expect(a.node.planet.timestamp).toBe(lab.planet.timestamp)
  })
})

describe('two roots', () => {
  it('carry on when one of them dies', () => {
    const lab = new Lab(7)
    const second = lab.net.host('second', '198.51.100.5')
    const planet = signWorld(
      {
        ...lab.planet,
        timestamp: lab.planet.timestamp + 1,
        roots: [...lab.planet.roots, { ...makePlanet(identities[6], 1, '198.51.100.5/9993').roots[0] }],
      },
      identities[0],
    )
    lab.root.driver.close()
    lab.root.port.close()
    const [first, other] = [identities[0], identities[6]].map((identity, i) => {
      return new LabNode(lab, i === 0 ? lab.rootHost : second, identity, planet, {})
    })
    const symmetric = { kind: 'symmetric' } as const
    const controller = new TestController(identities[1], lab.clock)
    const control = new LabNode(lab, lab.net.host('c', '198.51.100.2'), identities[1], planet, { controller })
    const a = new LabNode(
      lab,
      lab.net.nat('na', '203.0.113.10', symmetric).host('a', '192.168.1.2'),
      identities[2],
      planet,
      {},
    )
    const b = new LabNode(
      lab,
      lab.net.nat('nb', '203.0.113.20', symmetric).host('b', '192.168.1.2'),
      identities[3],
      planet,
      {},
    )
    const onA = a.join(lab, controller.networkId)
    const onB = b.join(lab, controller.networkId)
    expect(lab.until(() => onA.status === 'ready' && onB.status === 'ready')).toBe(true)
    const talk = (ms: number): number => {
      b.frames.length = 0
      for (let at = 0; at < ms; at += 100) {
        onA.link.send(onB.mac, 0x88b5, new Uint8Array(10), 0, 10)
        lab.clock.advance(100)
      }
      lab.clock.advance(500)
      return b.frames.length
    }
    expect(talk(2_000)).toBe(20)
    for (const dead of [first, other]) {
      dead.driver.close()
      dead.port.close()
      talk(8_000)
      if (dead === first) expect(talk(2_000)).toBe(20)
    }
    expect(control.node.peers(lab.clock.now()).length).toBeGreaterThan(2)
  })
})

describe('a node that is no root', () => {
  it('does not relay for strangers', () => {
    const lab = new Lab(8)
    const a = lab.node(2, lab.net.host('a', '203.0.113.10'))
    lab.until(() => a.node.isOnline)
    // A planet that names the leaf as root makes it a relay in the eyes of whoever believes that.
    const planet = makePlanet(identities[2], lab.clock.now(), '203.0.113.10/9993')
    const b = new LabNode(lab, lab.net.host('b', '203.0.113.20'), identities[3], planet, {})
    lab.until(() => b.node.isOnline)
    b.node.sendUserMessage(lab.clock.now(), identities[0].address, 1n, Uint8Array.of(1))
    lab.clock.advance(6_000)
    expect(lab.root.has('user-message')).toBe(false)
    expect(a.node.counters.get('relayed')).toBe(0)
  })
})

describe('cipher suites', () => {
  it.each([
    [1, 'in-suite-1'],
    [3, 'in-suite-3'],
  ] as const)('%i is sent when the settings say so', (sendSuite, counter) => {
    const settings = { sendSuite }
    const lab = new Lab(9, { settings })
    const a = lab.node(2, lab.net.host('a', '203.0.113.10'), { settings })
    const b = lab.node(3, lab.net.host('b', '203.0.113.20'), { settings })
    lab.until(() => a.node.isOnline && b.node.isOnline)
    for (let i = 0; i < 20; i++) {
      a.node.sendUserMessage(lab.clock.now(), b.address, 100n, new Uint8Array(3000))
      lab.clock.advance(200)
    }
    expect(b.events.filter(({ type }) => type === 'user-message').length).toBeGreaterThanOrEqual(19)
    expect(b.node.counters.get(counter)).toBeGreaterThan(10)
  })
})

describe('a full socket', () => {
  it('refuses frames, and tells when there is room again', () => {
    const lab = new Lab(10)
    const controller = new TestController(identities[1], lab.clock)
    lab.node(1, lab.net.host('c', '198.51.100.2'), { controller })
    const host = lab.net.host('a', '203.0.113.10')
    const a = lab.node(2, host)
    const b = lab.node(3, lab.net.host('b', '203.0.113.20'))
    const onA = a.join(lab, controller.networkId)
    const onB = b.join(lab, controller.networkId)
    lab.until(() => onA.status === 'ready' && onB.status === 'ready')
    let isWritable = false
    Object.defineProperty(a.port, 'writable', { get: () => isWritable })
    let drained = 0
    onA.link.onDrain = () => drained++
    expect(onA.link.send(onB.mac, 0x88b5, new Uint8Array(10), 0, 10)).toBe(false)
    lab.clock.advance(100)
    expect(drained).toBe(0)
    isWritable = true
    lab.clock.advance(10)
    expect(drained).toBe(1)
    expect(onA.link.send(onB.mac, 0x88b5, new Uint8Array(10), 0, 10)).toBe(true)
  })
})
