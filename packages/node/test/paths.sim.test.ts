import { describe, expect, it } from 'vitest'
import { Lab, type LabNode, TestController, identities } from './lab.js'

function pair(seed: number, hosts: (lab: Lab) => { readonly a: LabNode; readonly b: LabNode }) {
  const lab = new Lab(seed)
  const controller = new TestController(identities[1], lab.clock)
  lab.node(1, lab.net.host('controller', '198.51.100.2'), { controller })
  const { a, b } = hosts(lab)
  const onA = a.join(lab, controller.networkId)
  const onB = b.join(lab, controller.networkId)
  expect(lab.until(() => onA.status === 'ready' && onB.status === 'ready')).toBe(true)
  /** One frame each way, every `everyMs`, for `ms`; says how many of them arrived. */
  const talk = (ms: number, everyMs = 100): { readonly atA: number; readonly atB: number; readonly sent: number } => {
    const [beforeA, beforeB] = [a.frames.length, b.frames.length]
    const payload = new Uint8Array(100)
    let sent = 0
    for (let at = 0; at < ms; at += everyMs, sent++) {
      onA.link.send(onB.mac, 0x88b5, payload, 0, payload.length)
      onB.link.send(onA.mac, 0x88b5, payload, 0, payload.length)
      lab.clock.advance(everyMs)
    }
    return { atA: a.frames.length - beforeA, atB: b.frames.length - beforeB, sent }
  }
  const isDirect = (): boolean => a.isDirectTo(lab, b) && b.isDirectTo(lab, a)
  return { lab, a, b, onA, onB, talk, isDirect }
}

const onTheInternet = (lab: Lab) => ({
  a: lab.node(2, lab.net.host('a', '203.0.113.10')),
  b: lab.node(3, lab.net.host('b', '203.0.113.20')),
})

describe('a direct path that dies without a word', () => {
  it('gives way to the relay within seconds, and comes back within a minute', () => {
    const { lab, a, b, talk, isDirect } = pair(1, onTheInternet)
    talk(3_000)
    expect(isDirect()).toBe(true)

    const unblock = lab.net.block(a.host, b.host)
    talk(6_000)
    const relayed = talk(10_000)
    expect(relayed.atA).toBe(relayed.sent)
    expect(relayed.atB).toBe(relayed.sent)
    expect(isDirect()).toBe(false)
    expect(a.has('peer-relayed')).toBe(true)

    unblock()
    const start = lab.clock.now()
    expect(lab.until(() => (talk(100), isDirect()), 60_000)).toBe(true)
    expect(lab.clock.now() - start).toBeLessThan(60_000)
  })

  it('comes back even when it was blocked for longer than paths last', () => {
    const { lab, a, b, talk, isDirect } = pair(2, onTheInternet)
    talk(3_000)
    const unblock = lab.net.block(a.host, b.host)
    talk(400_000, 1_000)
    expect(isDirect()).toBe(false)
    unblock()
    const start = lab.clock.now()
    expect(lab.until(() => (talk(500), isDirect()), 90_000)).toBe(true)
    expect(lab.clock.now() - start).toBeLessThan(60_000)
  })
})

describe('through NATs', () => {
  for (const [kindA, kindB] of [
    ['full-cone', 'full-cone'],
    ['port-restricted', 'port-restricted'],
    ['restricted', 'port-restricted'],
  ] as const) {
    it(`two nodes behind ${kindA} and ${kindB} NATs go direct`, () => {
      const { lab, talk, isDirect } = pair(3, (lab) => ({
        a: lab.node(2, lab.net.nat('natA', '203.0.113.10', { kind: kindA }).host('a', '192.168.1.2')),
        b: lab.node(3, lab.net.nat('natB', '203.0.113.20', { kind: kindB }).host('b', '192.168.2.2')),
      }))
      expect(lab.until(() => (talk(100), isDirect()), 10_000)).toBe(true)
    })
  }

  it('two nodes behind symmetric NATs are relayed without loss', () => {
    const { talk, isDirect } = pair(4, (lab) => ({
      a: lab.node(2, lab.net.nat('natA', '203.0.113.10', { kind: 'symmetric' }).host('a', '192.168.1.2')),
      b: lab.node(3, lab.net.nat('natB', '203.0.113.20', { kind: 'symmetric' }).host('b', '192.168.2.2')),
    }))
    talk(2_000)
    const { atA, atB, sent } = talk(20_000)
    expect([atA, atB]).toEqual([sent, sent])
    expect(isDirect()).toBe(false)
  })

  it('two nodes behind the same NAT talk over their own network once they told each other', () => {
    const { lab, a, b, talk, isDirect } = pair(5, (lab) => {
      const nat = lab.net.nat('nat', '203.0.113.10', { kind: 'port-restricted' })
      return { a: lab.node(2, nat.host('a', '192.168.1.2')), b: lab.node(3, nat.host('b', '192.168.1.3')) }
    })
    a.tell(lab, '192.168.1.2/9993')
    b.tell(lab, '192.168.1.3/9993')
    expect(lab.until(() => (talk(100), isDirect()), 20_000)).toBe(true)
    const paths = a.node.peers(lab.clock.now()).find(({ address }) => address === b.address)!.paths
    expect(paths.find((path) => path.isPreferred)?.endpoint.toString()).toBe('192.168.1.3/9993')
  })
})

describe('with loss', () => {
  it('joins and talks although every fifth datagram is lost', () => {
    const lab = new Lab(7)
    const controller = new TestController(identities[1], lab.clock)
    const hosts = ['198.51.100.2', '203.0.113.10', '203.0.113.20'].map((ip, i) => lab.net.host(`h${i}`, ip))
    for (const host of hosts) lab.net.link(host, lab.rootHost, { delayMs: 20, loss: 0.2 })
    lab.node(1, hosts[0], { controller })
    const a = lab.node(2, hosts[1])
    const b = lab.node(3, hosts[2])
    const onA = a.join(lab, controller.networkId)
    const onB = b.join(lab, controller.networkId)
    expect(lab.until(() => onA.status === 'ready' && onB.status === 'ready', 60_000)).toBe(true)
    const payload = new Uint8Array(2000)
    for (let i = 0; i < 100; i++) {
      onA.link.send(onB.mac, 0x88b5, payload, 0, payload.length)
      lab.clock.advance(100)
    }
    expect(b.frames.length).toBeGreaterThan(60)
  })
})

describe('a node that restarts', () => {
  it.each([
    ['at another port', '203.0.113.10'],
    ['at another address', '203.0.113.11'],
  ])('%s is found there within two seconds', (_where, address) => {
    const { lab, a, b, onA, onB, talk } = pair(8, onTheInternet)
    talk(3_000)
    a.driver.close()
    a.port.close()
    const host = address === '203.0.113.10' ? a.host : lab.net.host('elsewhere', address)
    const again = lab.node(2, host, {}, 10_001)
    const onAgain = again.join(lab, onA.id)
    expect(lab.until(() => onAgain.status === 'ready', 10_000)).toBe(true)
    const start = lab.clock.now()
    const ask = (): boolean => {
      onB.link.send(onAgain.mac, 0x88b5, new Uint8Array(10), 0, 10)
      onAgain.link.send(onB.mac, 0x88b5, new Uint8Array(10), 0, 10)
      lab.clock.advance(100)
      return again.frames.length > 0
    }
    expect(lab.until(ask, 10_000)).toBe(true)
    expect(lab.clock.now() - start).toBeLessThan(2_000)
    expect(lab.until(() => (ask(), b.isDirectTo(lab, again)), 20_000)).toBe(true)
  })
})
