import { BROADCAST_MAC, type Mac } from '@zt/sansio'
import { describe, expect, it } from 'vitest'
import { Lab, type LabNode, TestController, arpRequest, identities } from './lab.js'

/** A root, a controller on a node of its own, and two members. */
function world(seed = 1) {
  const lab = new Lab(seed)
  const controller = new TestController(identities[1], lab.clock)
  const control = lab.node(1, lab.net.host('controller', '198.51.100.2'), { controller })
  const a = lab.node(2, lab.net.host('a', '203.0.113.10'))
  const b = lab.node(3, lab.net.host('b', '203.0.113.20'))
  return { lab, controller, control, a, b }
}

function send(from: LabNode, networkId: bigint, to: Mac, text: string): boolean {
  const bytes = new TextEncoder().encode(text)
  return from.node.network(networkId)!.link.send(to, 0x88b5, bytes, 0, bytes.length)
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('a root and its nodes', () => {
  it('go online within a round trip', () => {
    const { lab, a } = world()
    const start = lab.clock.now()
    expect(lab.until(() => a.node.isOnline)).toBe(true)
    expect(lab.clock.now() - start).toBeLessThan(50)
    expect(a.node.roots(lab.clock.now())[0]).toMatchObject({ isReachable: true, address: identities[0].address })
  })

  it('join a network, find each other by ARP, and go direct', () => {
    const { lab, controller, a, b } = world()
    const { networkId } = controller
    const onA = a.join(lab, networkId)
    const onB = b.join(lab, networkId)
    expect(lab.until(() => onA.status === 'ready' && onB.status === 'ready')).toBe(true)
    expect(onA.addresses.map(String)).toContain('10.0.0.3/24')

    const ipA = controller.ipOf(a.address)
    const ipB = controller.ipOf(b.address)
    onA.link.joinGroup(BROADCAST_MAC, ipA.u32)
    onB.link.joinGroup(BROADCAST_MAC, ipB.u32)
    lab.clock.advance(200)
    const arp = arpRequest(onA.mac, ipA, ipB)
    onA.link.send(BROADCAST_MAC, 0x0806, arp, 0, arp.length)
    expect(lab.until(() => b.frames.length > 0)).toBe(true)
    expect(b.frames[0]).toMatchObject({ source: onA.mac, destination: BROADCAST_MAC, etherType: 0x0806 })

    send(b, networkId, onA.mac, 'here I am')
    expect(lab.until(() => a.frames.length > 0)).toBe(true)
    expect(textOf(a.frames[0].payload)).toBe('here I am')
    expect(lab.until(() => a.isDirectTo(lab, b) && b.isDirectTo(lab, a), 5_000)).toBe(true)
    expect(a.has('peer-direct')).toBe(true)
  })

  it('moves large frames in fragments, both ways', () => {
    const { lab, controller, a, b } = world()
    const onA = a.join(lab, controller.networkId)
    const onB = b.join(lab, controller.networkId)
    lab.until(() => onA.status === 'ready' && onB.status === 'ready')
    const large = Uint8Array.from({ length: 2800 }, (_, i) => i * 7)
    for (let i = 0; i < 20; i++) {
      onA.link.send(onB.mac, 0x88b5, large, 0, large.length)
      onB.link.send(onA.mac, 0x88b5, large, 0, large.length)
      lab.clock.advance(100)
    }
    expect(a.frames).toHaveLength(20)
    expect(b.frames).toHaveLength(20)
    expect(b.frames[19].payload).toEqual(large)
  })
})
