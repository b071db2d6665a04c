import { sign } from '@zt/crypto'
import {
  CredentialType,
  REVOCATION_FAST_PROPAGATE,
  type SecretIdentity,
  destinationOf,
  encodeNetworkCredentials,
  rfc4193Address,
  signRevocation,
} from '@zt/protocol'
import { BROADCAST_MAC, ByteWriter } from '@zt/sansio'
import { describe, expect, it } from 'vitest'
import { Lab, type LabNode, TestController, arpRequest, identities } from './lab.js'

function world(seed: number, members: number, prepare: (controller: TestController) => void = () => {}) {
  const lab = new Lab(seed)
  const controller = new TestController(identities[1], lab.clock)
  prepare(controller)
  const control = lab.node(1, lab.net.host('controller', '198.51.100.2'), { controller })
  const nodes = Array.from({ length: members }, (_, i) => lab.node(2 + i, lab.net.host(`n${i}`, `203.0.113.${10 + i}`)))
  const networks = nodes.map((node) => node.join(lab, controller.networkId))
  expect(lab.until(() => networks.every(({ status }) => status === 'ready'))).toBe(true)
  return { lab, controller, control, nodes, networks }
}

const frame = new Uint8Array(60)

/** Turn an encoded chunk into one that members pass on. */
function propagateFast(chunk: Uint8Array, signer: SecretIdentity): void {
  const flags = chunk.length - 96 - 3 - 17
  chunk[flags] = 1
  chunk.set(sign(signer.secretKey, chunk.subarray(0, flags + 17)), flags + 20)
}

describe('members of a private network', () => {
  it('show their certificates before the first frame', () => {
    const { lab, nodes, networks } = world(1, 2)
    networks[0].link.send(networks[1].mac, 0x88b5, frame, 0, frame.length)
    expect(lab.until(() => nodes[1].frames.length === 1, 5_000)).toBe(true)
    expect(nodes[1].node.counters.get('frame-in-unproven')).toBe(0)
    expect(nodes[1].node.counters.get('credential-accepted')).toBe(1)
  })

  it('are asked for a certificate that was lost, and their frame is not', () => {
    const { lab, nodes, networks } = world(3, 2)
    const receiver = nodes[1].port.receiver!
    let dropped = 0
    nodes[1].port.receiver = {
      handleDatagram: (socket, from, bytes) => {
        // The certificate alone is of this size: the frame is shorter, the rest goes to others.
        if (bytes.length > 300 && dropped === 0) dropped++
        else receiver.handleDatagram(socket, from, bytes)
      },
    }
    networks[0].link.send(networks[1].mac, 0x88b5, frame, 0, frame.length)
    expect(lab.until(() => nodes[1].frames.length === 1, 5_000)).toBe(true)
    expect(dropped).toBe(1)
    expect(nodes[1].node.counters.get('frame-in-unproven')).toBeGreaterThan(0)
  })

  it('with a certificate out of its time are refused, and told so', () => {
    const { lab, nodes, networks, controller } = world(4, 2, (controller) => {
      controller.decide = (member) => {
        const stale = controller.com(controller.clock.now() - 7_200_000, identities[3])
        return { isAllowed: true, ...(member === identities[3].address && { change: { com: stale } }) }
      }
    })
    networks[1].link.send(networks[0].mac, 0x88b5, frame, 0, frame.length)
    lab.clock.advance(10_000)
    expect(nodes[0].frames).toHaveLength(0)
    expect(nodes[0].node.counters.get('frame-in-unproven')).toBeGreaterThan(0)
    expect(nodes[0].node.counters.get('parked-expired')).toBeGreaterThan(0)
    controller.decide = () => ({ isAllowed: true })
    lab.clock.advance(60_000)
    networks[1].link.send(networks[0].mac, 0x88b5, frame, 0, frame.length)
    expect(lab.until(() => nodes[0].frames.length === 1, 5_000)).toBe(true)
  })

  it('that are revoked are cut off by all others, who pass it on', () => {
    const { lab, controller, control, nodes, networks } = world(5, 3)
    const talk = (): void => {
      for (const from of networks) {
        for (const to of networks) if (from !== to) from.link.send(to.mac, 0x88b5, frame, 0, frame.length)
      }
    }
    talk()
    lab.until(() => nodes.every(({ frames }) => frames.length === 2))
    const revocation = signRevocation(
      {
        id: 1,
        networkId: controller.networkId,
        credentialId: 0,
        threshold: Math.floor(lab.clock.now()),
        flags: REVOCATION_FAST_PROPAGATE,
        target: nodes[2].address,
        type: CredentialType.Com,
      },
      controller.identity,
    )
    const w = new ByteWriter(512)
    encodeNetworkCredentials(w, { coms: [], capabilities: [], tags: [], revocations: [revocation], ownerships: [] })
    controller.outbox.push({ type: 'credentials', to: nodes[0].address, payload: w.finish() })
    control.driver.touch()
    lab.clock.advance(3_000)
    for (const node of nodes) node.frames.length = 0
    talk()
    lab.clock.advance(3_000)
    expect(nodes[0].frames.map(({ source }) => source)).toEqual([networks[1].mac])
    expect(nodes[1].frames.map(({ source }) => source)).toEqual([networks[0].mac])
  })

  it('that were forgotten as peers are sent nothing that is passed on', () => {
    const { lab, controller, control, nodes, networks } = world(14, 2)
    const [passer, gone] = nodes
    networks[0].link.send(networks[1].mac, 0x88b5, frame, 0, frame.length)
    lab.until(() => gone.frames.length === 1)
    gone.driver.close()
    gone.port.close()
    lab.clock.advance(700_000)
    expect(passer.node.peers(lab.clock.now()).some(({ address }) => address === gone.address)).toBe(false)

    let sent = 0
    lab.net.onDatagram = ({ bytes, fromHost }) => {
      if (fromHost === passer.host.name && destinationOf(bytes, 0) === gone.address) sent++
    }
    const chunks = controller.chunks(lab.clock.now(), passer.identity, { name: 'passed on' })
    for (const chunk of chunks) propagateFast(chunk, controller.identity)
    controller.outbox.push({ type: 'config', to: passer.address, networkId: controller.networkId, chunks })
    control.driver.touch()
    expect(lab.until(() => networks[0].name === 'passed on', 1_000)).toBe(true)
    lab.clock.advance(100)
    expect(sent).toBe(0)
  })

  it('keep talking for hours, through every renewal', () => {
    const { lab, nodes, networks } = world(6, 2)
    for (let minute = 0; minute < 180; minute++) {
      networks[0].link.send(networks[1].mac, 0x88b5, frame, 0, frame.length)
      networks[1].link.send(networks[0].mac, 0x88b5, frame, 0, frame.length)
      lab.clock.advance(60_000)
    }
    expect(nodes[0].frames).toHaveLength(180)
    expect(nodes[1].frames).toHaveLength(180)
    expect(nodes[0].isDirectTo(lab, nodes[1])).toBe(true)
  })
})

describe('frames for many', () => {
  it('reach everybody who listens, and ARP only whom it asks for', () => {
    const { lab, controller, nodes, networks } = world(7, 4)
    nodes.forEach((node, i) => networks[i].link.joinGroup(BROADCAST_MAC, controller.ipOf(node.address).u32))
    lab.clock.advance(1_000)
    networks[0].link.send(BROADCAST_MAC, 0x88b5, frame, 0, frame.length)
    lab.clock.advance(3_000)
    expect(nodes.map(({ frames }) => frames.length)).toEqual([0, 1, 1, 1])

    const arp = arpRequest(networks[0].mac, controller.ipOf(nodes[0].address), controller.ipOf(nodes[2].address))
    networks[0].link.send(BROADCAST_MAC, 0x0806, arp, 0, arp.length)
    lab.clock.advance(3_000)
    expect(nodes.map(({ frames }) => frames.length)).toEqual([0, 1, 2, 1])
  })

  it('wait a few seconds for members that become known', () => {
    const { lab, controller, nodes, networks } = world(8, 2)
    const ip = controller.ipOf(nodes[1].address)
    const arp = arpRequest(networks[0].mac, controller.ipOf(nodes[0].address), ip)
    networks[0].link.send(BROADCAST_MAC, 0x0806, arp, 0, arp.length)
    lab.clock.advance(1_000)
    expect(nodes[1].frames).toHaveLength(0)
    networks[1].link.joinGroup(BROADCAST_MAC, ip.u32)
    lab.clock.advance(500)
    // The next request asks again; the frame that waited goes to the member it finds.
    networks[0].link.send(BROADCAST_MAC, 0x0806, arp, 0, arp.length)
    expect(lab.until(() => nodes[1].frames.length === 2, 2_000)).toBe(true)
  })

  it('are not sent on a network without multicast, or without broadcast', () => {
    const { lab, nodes, networks } = world(9, 2, (controller) => {
      controller.decide = () => ({ isAllowed: true, change: { multicastLimit: 0, flags: 0n } })
    })
    networks[0].link.send(BROADCAST_MAC, 0x88b5, frame, 0, frame.length)
    networks[0].link.send(0x3333_0000_0001, 0x86dd, frame, 0, frame.length)
    lab.clock.advance(2_000)
    expect(nodes[1].frames).toHaveLength(0)
    expect(nodes[0].node.counters.get('broadcast-not-allowed')).toBe(1)
    expect(nodes[0].node.counters.get('multicast-not-allowed')).toBe(1)
  })

  it('that ask for a derived IPv6 address are answered without asking', () => {
    const { lab, controller, nodes, networks } = world(10, 2)
    const target = rfc4193Address(controller.networkId, nodes[1].address)
    const solicitation = new Uint8Array(72)
    solicitation.set([0x60, 0, 0, 0, 0, 32, 0x3a, 255])
    solicitation.set(rfc4193Address(controller.networkId, nodes[0].address).bytes, 8)
    solicitation[40] = 0x87
    solicitation.set(target.bytes, 48)
    const group = 0x3333_ff00_0000 + ((target.bytes[13] << 16) | (target.bytes[14] << 8) | target.bytes[15])
    networks[0].link.send(group, 0x86dd, solicitation, 0, solicitation.length)
    expect(nodes[0].frames).toHaveLength(0)
    lab.clock.advance(0)
    expect(nodes[0].frames).toHaveLength(1)
    const [answer] = nodes[0].frames
    expect(answer).toMatchObject({ source: networks[1].mac, destination: networks[0].mac, etherType: 0x86dd })
    expect(answer.payload[40]).toBe(0x88)
    expect([...answer.payload.subarray(48, 64)]).toEqual([...target.bytes])
  })
})

describe('rules', () => {
  it('drop on both sides, and copy to whom they say', () => {
    const watcher = identities[4].address
    const { lab, nodes, networks } = world(11, 3, (controller) => {
      controller.decide = () => ({
        isAllowed: true,
        change: {
          rules: [
            { type: 'ACTION_TEE', address: watcher, flags: 0, length: 0 },
            { type: 'MATCH_ETHERTYPE', etherType: 0x0800 },
            { type: 'ACTION_DROP' },
            { type: 'ACTION_ACCEPT' },
          ],
        },
      })
    })
    networks[0].link.send(networks[1].mac, 0x0800, frame, 0, frame.length)
    networks[0].link.send(networks[1].mac, 0x88b5, frame, 0, frame.length)
    expect(lab.until(() => nodes[1].frames.length === 1 && nodes[2].frames.length >= 1, 5_000)).toBe(true)
    expect(nodes[1].frames[0].etherType).toBe(0x88b5)
    expect(nodes[0].node.counters.get('frame-out-filtered')).toBe(1)
  })
})

describe('a frame to ourselves', () => {
  it('comes back after the burst, never within it', () => {
    const { lab, nodes, networks } = world(12, 1)
    networks[0].link.send(networks[0].mac, 0x88b5, frame, 0, frame.length)
    expect(nodes[0].frames).toHaveLength(0)
    lab.clock.advance(0)
    expect(nodes[0].frames).toHaveLength(1)
  })
})

describe('a bridge', () => {
  it('sends and receives for hosts behind it', () => {
    const { lab, nodes, networks } = world(13, 2, (controller) => {
      const bridge = identities[2].address
      controller.decide = () => ({ isAllowed: true, change: { specialists: [{ address: bridge, roles: 0x02 }] } })
    })
    const host = 0x0011_2233_4455
    networks[1].link.send(host, 0x88b5, frame, 0, frame.length)
    expect(lab.until(() => nodes[0].frames.length === 1, 5_000)).toBe(true)
    expect(nodes[0].frames[0]).toMatchObject({ destination: host, source: networks[1].mac })
  })
})

/** Ten nodes, a lossy internet, everybody talks to everybody. */
describe('ten nodes', () => {
  it('join and talk through loss, the same way for the same seed', () => {
    const run = (seed: number): number[] => {
      const lab = new Lab(seed, { validateIdentity: () => true })
      const controller = new TestController(identities[1], lab.clock)
      const hosts = Array.from({ length: 10 }, (_, i) => lab.net.host(`n${i}`, `203.0.113.${10 + i}`))
      for (const host of hosts) lab.net.link(host, lab.rootHost, { delayMs: 15, loss: 0.05, jitterMs: 5 })
      const nodes: LabNode[] = hosts.map((host, i) => {
        return lab.node(1 + i, host, { validateIdentity: () => true, ...(i === 0 && { controller }) })
      })
      const networks = nodes.map((node) => node.join(lab, controller.networkId))
      expect(lab.until(() => networks.every(({ status }) => status === 'ready'))).toBe(true)
      for (let round = 0; round < 5; round++) {
        for (const [i, from] of networks.entries()) {
          from.link.send(networks[(i + 1 + round) % 10].mac, 0x88b5, frame, 0, frame.length)
        }
        lab.clock.advance(1_000)
      }
      return nodes.map(({ frames }) => frames.length)
    }
    const first = run(42)
    expect(first.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(40)
    expect(run(42)).toEqual(first)
  })
})
