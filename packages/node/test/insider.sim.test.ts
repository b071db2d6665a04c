/** Nodes that have the right keys and bad intentions: a member, the controller, the root. */
import type { Dataplane, Port } from '@zt/dataplane'
import {
  type CertificateOfMembership,
  MAX_PACKET_LENGTH,
  MIN_PACKET_LENGTH,
  type MulticastGroup,
  Verb,
  encodeExtFrame,
  encodeMulticastFrame,
  encodeMulticastGather,
  encodeMulticastLike,
  encodeNetworkCredentials,
  encodePushDirectPaths,
  encodeRendezvous,
  encodeWhois,
  macMask,
  signTag,
  xorMac,
} from '@zt/protocol'
import { ByteWriter, Endpoint, IpAddress } from '@zt/sansio'
import { SeededRandom } from '@zt/testkit'
import { describe, expect, it } from 'vitest'
import type { Network } from '../src/index.js'
import { Insider, type Plain, bomb, corrupt } from './insider.js'
import { Lab, type LabNode, TestController, identities } from './lab.js'

const BROADCAST = 0xffff_ffff_ffff
const ETHERTYPE = 0x88b5
const MOST_PARKED = 64

/** A root, a controller and two members that have talked about everything there is, and what was said to the first. */
class World {
  readonly lab: Lab
  readonly random: SeededRandom
  readonly controller: TestController
  readonly control: LabNode
  readonly target: LabNode
  readonly member: LabNode
  readonly onTarget: Network
  readonly onMember: Network
  readonly heard: Plain[] = []

  constructor(seed: string) {
    this.lab = new Lab(seed, { validateIdentity: () => true })
    this.random = new SeededRandom(seed)
    const { lab } = this
    this.controller = new TestController(identities[1], lab.clock)
    this.control = lab.node(1, lab.net.host('controller', '198.51.100.2'), { controller: this.controller })
    this.target = lab.node(2, lab.net.host('target', '203.0.113.10'))
    this.member = lab.node(3, lab.net.host('member', '203.0.113.20'))
    const insiders = [lab.root, this.control, this.member].map((node) => this.insider(node))
    lab.net.onDatagram = ({ bytes, toHost }) => {
      if (toHost !== 'target') return
      for (const insider of insiders) {
        const packet = insider.open(bytes)
        if (packet) this.heard.push(packet)
      }
    }
    this.onTarget = this.target.join(lab, this.controller.networkId)
    this.onMember = this.member.join(lab, this.controller.networkId)
    lab.until(() => this.onTarget.status === 'ready' && this.onMember.status === 'ready')
    this.onMember.link.joinGroup(BROADCAST, 0x0a00_0001)
    for (let i = 0; i < 10; i++) this.converse()
    lab.net.onDatagram = () => {}
  }

  private converse(): void {
    const { lab, random, onTarget, onMember, member, target } = this
    onTarget.link.send(onMember.mac, ETHERTYPE, random.bytes(900), 0, 900)
    onMember.link.send(onTarget.mac, ETHERTYPE, random.bytes(900), 0, 900)
    onMember.link.send(BROADCAST, ETHERTYPE, random.bytes(200), 0, 200)
    onMember.link.send(random.u32() * 0x100 + 0x02_00_00_00_00_00, ETHERTYPE, random.bytes(60), 0, 60)
    member.node.sendUserMessage(lab.clock.now(), target.address, 7n, random.bytes(30))
    lab.clock.advance(8_000)
  }

  insider(node: LabNode): Insider {
    const at = new Endpoint(IpAddress.parse(node.host.addresses[0].toString()), 9993)
    return new Insider(node.identity, this.target.identity, at, this.random)
  }

  /** The target receives this, in a burst of its own. */
  feed(from: Insider, ...datagrams: Uint8Array[]): void {
    const { lab, target } = this
    for (const bytes of datagrams) target.node.handleDatagram(lab.clock.now(), 1, from.at, bytes)
    target.driver.touch()
  }

  count(name: string): number {
    return this.target.node.counters.get(name)
  }

  /** Everything that the network could make large is as small as it has to be. */
  expectBounded(): void {
    const port = this.onTarget.link as Port
    const d = Reflect.get(port, 'host') as Dataplane
    expect(d.parkedIn.size).toBeLessThanOrEqual(MOST_PARKED)
    expect(d.parkedOut.size).toBeLessThanOrEqual(MOST_PARKED)
    expect(d.peers.size).toBe(this.target.node.peers(this.lab.clock.now()).length)
    expect(d.peers.size).toBeLessThan(50)
    expect(port.members.size).toBeLessThan(50)
    expect(d.allPorts).toHaveLength(1)
    for (const { link } of port.members.values()) expect(link?.paths.all.length ?? 0).toBeLessThanOrEqual(64)
  }

  /** A frame of the member still gets through, though it may take a renewal of what was lost. */
  expectWorking(): void {
    const { lab, onMember, onTarget, target } = this
    const before = target.frames.length
    const isThrough = lab.until(() => {
      onMember.link.send(onTarget.mac, ETHERTYPE, new Uint8Array(10), 0, 10)
      return target.frames.length > before
    }, 120_000)
    expect(isThrough).toBe(true)
    expect(onTarget.status).toBe('ready')
  }
}

function payload(encode: (w: ByteWriter) => void): Uint8Array {
  const w = new ByteWriter()
  encode(w)
  return w.finish()
}

describe('authentic packets that lie', () => {
  it('are recorded in all their variety', () => {
    const verbs = new Set(new World('variety').heard.map(({ verb }) => verb & 0x1f))
    expect([...verbs]).toEqual(
      expect.arrayContaining([
        Verb.Hello,
        Verb.Ok,
        Verb.Frame,
        Verb.MulticastFrame,
        Verb.MulticastLike,
        Verb.NetworkCredentials,
        Verb.PushDirectPaths,
        Verb.UserMessage,
      ]),
    )
  })

  it.each(['root', 'control', 'member'] as const)('of the %s', (who) => {
    const world = new World(`lies of the ${who}`)
    const { lab, random, heard } = world
    const insider = world.insider(who === 'root' ? lab.root : world[who])
    for (let i = 0; i < 3_000; i++) {
      const packet = corrupt(random, heard[random.u32() % heard.length], heard)
      world.feed(insider, insider.seal(packet, random.u32() % 8))
      if (i % 10 === 0) lab.clock.advance(200)
      if (i % 500 === 0) world.expectBounded()
    }
    world.expectBounded()
    expect(world.count('packet-malformed')).toBeGreaterThan(100)
    expect(world.count('packet-malformed-compression')).toBeGreaterThan(50)
    // Only HELLOs with another key than ours in them.
    expect(world.count('packet-not-authentic')).toBeLessThan(50)
    // Nobody but the member says what the member is; the others decide about the network and may end it.
    if (who === 'member') world.expectWorking()
  })

  it('of any verb, as large as a packet can be, are answered or dropped', () => {
    const world = new World('largest')
    for (const insider of [world.lab.root, world.control, world.member].map((node) => world.insider(node))) {
      for (let verb = 0; verb < 32; verb++) {
        for (const length of [MAX_PACKET_LENGTH, MAX_PACKET_LENGTH - 1, MAX_PACKET_LENGTH - 9, MIN_PACKET_LENGTH]) {
          const large = world.random.bytes(length - MIN_PACKET_LENGTH)
          world.feed(insider, insider.seal({ cipher: 1, verb, payload: large }))
        }
        world.lab.clock.advance(500)
      }
    }
    world.expectBounded()
    world.expectWorking()
  })

  it('that unfold to hundreds of times their size are dropped', () => {
    const world = new World('bombs')
    const insider = world.insider(world.member)
    for (let length = 6; length < 1_400; length += 7) {
      world.feed(insider, insider.seal({ cipher: 3, verb: Verb.Echo | 0x80, payload: bomb(length) }))
    }
    // The first few still fit a packet: 255 times 38 bytes.
    expect(world.count('packet-malformed-compression')).toBeGreaterThan(190)
    world.expectWorking()
  })
})

describe('more of everything than anybody needs', () => {
  const flood = (world: World, verb: number, make: (i: number) => Uint8Array, from = world.member): number => {
    const insider = world.insider(from)
    let sent = 0
    world.lab.net.onDatagram = ({ fromHost }) => {
      if (fromHost === 'target') sent++
    }
    for (let i = 0; i < 1_000; i++) {
      world.feed(insider, insider.seal({ cipher: 1, verb, payload: make(i) }))
      if (i % 100 === 0) world.lab.clock.advance(10)
    }
    world.lab.clock.advance(100)
    world.lab.net.onDatagram = () => {}
    world.expectBounded()
    return sent
  }
  const group = (adi: number): MulticastGroup => ({ mac: BROADCAST, adi })

  it('is limited, and causes few packets', () => {
    const world = new World('floods')
    const { networkId } = world.controller
    const { random } = world
    const anyEndpoint = (): Endpoint => new Endpoint(IpAddress.of(random.bytes(4))!, 1 + (random.u32() % 65_535))
    const push = (): Uint8Array => {
      return payload((w) =>
        encodePushDirectPaths(w, { paths: Array.from({ length: 40 }, () => ({ endpoint: anyEndpoint() })) }),
      )
    }
    const gather = (i: number): Uint8Array =>
      payload((w) => encodeMulticastGather(w, { networkId, group: group(i), limit: 1_000_000 }))
    const like = (i: number): Uint8Array => {
      const subscriptions = Array.from({ length: 70 }, (_, j) => ({ networkId, group: group(70 * i + j) }))
      return payload((w) => encodeMulticastLike(w, { subscriptions }))
    }
    const whois = (): Uint8Array =>
      payload((w) => encodeWhois(w, { addresses: Array.from({ length: 200 }, () => 1 + random.u32()) }))

    expect(flood(world, Verb.Echo, () => random.bytes(1_000))).toBeLessThan(100)
    expect(flood(world, Verb.PushDirectPaths, push)).toBeLessThan(300)
    expect(flood(world, Verb.MulticastGather, gather)).toBeLessThan(100)
    flood(world, Verb.MulticastLike, like)
    expect(flood(world, Verb.Whois, whois)).toBeLessThan(100)
    expect(flood(world, Verb.NetworkConfigRequest, () => new Uint8Array(10))).toBeLessThan(50)
    for (const limit of ['echo', 'push', 'gather', 'like', 'whois', 'config-request']) {
      expect(world.count(`${limit}-limited`), limit).toBeGreaterThan(500)
    }
    world.expectWorking()
  })

  it('is limited for roots as well', () => {
    const world = new World('a root of evil')
    const { random, lab } = world
    const rendezvous = (peer: number): Uint8Array => {
      const endpoint = new Endpoint(IpAddress.of(random.bytes(4))!, 9993)
      return payload((w) => encodeRendezvous(w, { peer, endpoint }))
    }
    flood(world, Verb.Rendezvous, () => rendezvous(1 + random.u32()), lab.root)
    flood(world, Verb.Rendezvous, () => rendezvous(world.member.address), lab.root)
    lab.clock.advance(60_000)
    world.expectBounded()
    world.expectWorking()
  })

  it('does not crowd out members by credentials of members that never were', () => {
    const world = new World('credentials')
    const { networkId } = world.controller
    const forged = (i: number): Uint8Array => {
      const tags = Array.from({ length: 60 }, (_, j) => {
        const issuedTo = 1 + 60 * i + j
        return signTagBadly({ networkId, timestamp: 1, id: 1, value: 1, issuedTo })
      })
      return payload((w) =>
        encodeNetworkCredentials(w, { coms: [], capabilities: [], tags, revocations: [], ownerships: [] }),
      )
    }
    const insider = world.insider(world.member)
    for (let i = 0; i < 60; i++) {
      world.feed(insider, insider.seal({ cipher: 1, verb: Verb.NetworkCredentials, payload: forged(i) }))
      world.lab.clock.advance(1_000)
    }
    expect(world.count('credential-rejected')).toBeGreaterThan(1_000)
    world.expectBounded()
    world.expectWorking()
  })
})

describe('certificates that come with frames', () => {
  it('are checked now and then, and make a member of nobody until one is right', () => {
    const world = new World('certificates')
    const { lab, controller, target, onTarget, random } = world
    const port = onTarget.link as Port
    const insider = world.insider(lab.root)
    const right = controller.com(Math.floor(lab.clock.now()), lab.root.identity)
    const wrong = { ...right, signature: random.bytes(96) }
    const source = xorMac(macMask(controller.networkId), lab.root.address)
    const frameOf = (com: CertificateOfMembership) => {
      return { networkId: controller.networkId, com, etherType: ETHERTYPE, payload: random.bytes(10) }
    }
    const unicast = (com: CertificateOfMembership): Uint8Array => {
      const bytes = payload((w) => encodeExtFrame(w, { ...frameOf(com), flags: 0, source, destination: port.mac }))
      return insider.seal({ cipher: 1, verb: Verb.ExtFrame, payload: bytes })
    }
    const multicast = (com: CertificateOfMembership): Uint8Array => {
      const bytes = payload((w) => encodeMulticastFrame(w, { ...frameOf(com), group: { mac: BROADCAST, adi: 0 } }))
      return insider.seal({ cipher: 1, verb: Verb.MulticastFrame, payload: bytes })
    }
    for (let i = 0; i < 50; i++) world.feed(insider, unicast(wrong), multicast(wrong))
    expect(world.count('credentials-limited')).toBe(96)
    expect(port.members.has(lab.root.address)).toBe(false)

    lab.clock.advance(10_000)
    const [before, limited] = [target.frames.length, world.count('credentials-limited')]
    world.feed(insider, unicast(right))
    for (let i = 0; i < 50; i++) world.feed(insider, unicast(wrong), multicast(right))
    expect(target.frames.length - before).toBeGreaterThanOrEqual(101)
    expect(world.count('credentials-limited')).toBe(limited)
  })
})

/** Signed by somebody who is not the controller. */
function signTagBadly(tag: Parameters<typeof signTag>[0]): ReturnType<typeof signTag> {
  return { ...signTagOnce(), ...tag, signedBy: identities[1].address }
}

let signed: ReturnType<typeof signTag> | undefined
function signTagOnce(): ReturnType<typeof signTag> {
  return (signed ??= signTag({ networkId: 1n, timestamp: 1, id: 1, value: 1, issuedTo: 1 }, identities[5]))
}
