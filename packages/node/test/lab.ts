/** A small world for tests: a root, nodes on simulated hosts, and a controller made of nothing but encoders. */
import {
  type Address,
  type CertificateOfMembership,
  type Identity,
  type NetworkConfig,
  type NetworkId,
  NetworkFlag,
  RFC4193_PREFIX_BITS,
  type SecretIdentity,
  type World,
  WorldType,
  encodeNetworkConfig,
  encodeNetworkConfigChunk,
  issueCom,
  parseIdentity,
  rfc4193Address,
  signWorld,
  splitNetworkConfig,
} from '@zt/protocol'
import { ByteWriter, Driver, Endpoint, type Instant, IpAddress, IpPrefix, type Mac } from '@zt/sansio'
import { SeededRandom, type SimDatagramPort, type SimHost, SimNetwork, VirtualClock } from '@zt/testkit'
import { VectorFile } from '../../../fixtures/vector-file.js'
import type { ConfigRequest, ControllerMessage, ControllerPort, Network, NodeEvent } from '../src/index.js'
import { type NodeOptions, ZtNode } from '../src/index.js'

interface IdentityCase {
  readonly secretString?: string
  readonly locallyValidate?: boolean
}

/** Valid identities with their secrets, ready made: finding one takes seconds. */
export const identities: readonly SecretIdentity[] = new VectorFile('identity.json')
  .cases<IdentityCase>('identity')
  .filter((entry) => entry.secretString && entry.locallyValidate)
  .map((entry) => parseIdentity(entry.secretString!) as SecretIdentity)

/** A frame that a node received. */
export interface ReceivedFrame {
  readonly at: Instant
  readonly source: Mac
  readonly destination: Mac
  readonly etherType: number
  readonly payload: Uint8Array
}

/** One node on its host, with its driver and everything it said. */
export class LabNode {
  readonly node: ZtNode
  readonly host: SimHost
  readonly port: SimDatagramPort
  readonly identity: SecretIdentity
  readonly driver: Driver
  readonly events: NodeEvent[] = []
  readonly frames: ReceivedFrame[] = []

  constructor(
    lab: Lab,
    host: SimHost,
    identity: SecretIdentity,
    planet: World,
    options: Partial<NodeOptions>,
    port = 9993,
  ) {
    this.host = host
    this.identity = identity
    this.port = host.open({ port })
    const { clock } = lab
    this.node = new ZtNode({
      now: clock.now(),
      identity,
      planet,
      port: this.port,
      random: new SeededRandom(`node ${identity.address}`),
      onTouched: () => this.driver.touch(),
      ...options,
    })
    this.driver = new Driver(this.node, clock, () => {
      for (let event = this.node.pollEvent(); event; event = this.node.pollEvent()) this.events.push(event)
    })
    this.port.receiver = {
      handleDatagram: (socket, from, bytes) => {
        this.node.handleDatagram(clock.now(), socket, from, bytes)
        this.driver.touch()
      },
    }
    this.driver.touch()
  }

  get address(): Address {
    return this.identity.address
  }

  join(lab: Lab, networkId: NetworkId): Network {
    const network = this.node.join(lab.clock.now(), networkId)
    network.link.onReceive = (source, destination, etherType, bytes, offset, length) => {
      this.frames.push({
        at: lab.clock.now(),
        source,
        destination,
        etherType,
        payload: bytes.slice(offset, offset + length),
      })
    }
    this.driver.touch()
    return network
  }

  tell(lab: Lab, ...endpoints: string[]): void {
    this.node.localAddressesChanged(
      lab.clock.now(),
      endpoints.map((text) => Endpoint.parse(text)),
    )
  }

  has(type: NodeEvent['type']): boolean {
    return this.events.some((event) => event.type === type)
  }

  isDirectTo(lab: Lab, other: LabNode): boolean {
    return this.node.peers(lab.clock.now()).find(({ address }) => address === other.address)?.isDirect ?? false
  }
}

/** The internet, a root at 198.51.100.1, and what is put there. */
export class Lab {
  readonly clock = new VirtualClock()
  readonly net: SimNetwork
  readonly planet: World
  readonly rootHost: SimHost
  readonly root: LabNode

  constructor(seed: number | string = 1, options: Partial<NodeOptions> = {}) {
    this.net = new SimNetwork({ clock: this.clock, random: new SeededRandom(seed) })
    this.rootHost = this.net.host('root', '198.51.100.1')
    const identity = identities[0]
    this.planet = makePlanet(identity, this.clock.now(), '198.51.100.1/9993')
    this.root = new LabNode(this, this.rootHost, identity, this.planet, options)
  }

  node(index: number, host: SimHost, options: Partial<NodeOptions> = {}, port?: number): LabNode {
    return new LabNode(this, host, identities[index], this.planet, options, port)
  }

  until(predicate: () => boolean, limitMs = 30_000): boolean {
    return this.clock.runUntil(predicate, limitMs)
  }
}

/** A planet with one root, signed by it. */
export function makePlanet(root: SecretIdentity, timestamp: number, ...endpoints: string[]): World {
  const world = {
    type: WorldType.Planet,
    id: 4711n,
    timestamp,
    updatesMustBeSignedBy: root.publicKey,
    roots: [
      {
        identity: { address: root.address, publicKey: root.publicKey },
        endpoints: endpoints.map((text) => Endpoint.parse(text)),
      },
    ],
  }
  return signWorld(world, root)
}

/** What the test controller decides for one member. */
export interface Decision {
  readonly isAllowed: boolean
  readonly code?: number
  readonly change?: Partial<NetworkConfig>
}

/** A controller that says yes, with addresses 10.0.0.N/24 and rfc4193, unless told otherwise. */
export class TestController implements ControllerPort {
  readonly requests: ConfigRequest[] = []
  readonly members = new Map<Address, Identity>()
  readonly identity: SecretIdentity
  readonly networkId: NetworkId
  readonly outbox: ControllerMessage[] = []
  readonly clock: VirtualClock
  decide: (member: Address) => Decision = () => ({ isAllowed: true })

  constructor(identity: SecretIdentity, clock: VirtualClock, number = 1n) {
    this.identity = identity
    this.clock = clock
    this.networkId = (BigInt(identity.address) << 24n) | number
  }

  handleRequest(now: Instant, request: ConfigRequest): ControllerMessage[] {
    this.requests.push(request)
    const to = request.from.address
    const decision = this.decide(to)
    const { networkId } = request
    if (!decision.isAllowed || networkId !== this.networkId) {
      return [{ type: 'refusal', to, networkId, inReplyTo: request.requestId, code: decision.code ?? 0x03 }]
    }
    this.members.set(to, request.from)
    return [
      {
        type: 'config',
        to,
        networkId,
        inReplyTo: request.requestId,
        chunks: this.chunks(now, request.from, decision.change),
      },
    ]
  }

  /** Send a member its configuration without being asked. */
  push(now: Instant, member: Identity, change?: Partial<NetworkConfig>): void {
    const chunks = this.chunks(now, member, change)
    this.outbox.push({ type: 'config', to: member.address, networkId: this.networkId, chunks })
  }

  pollMessage(): ControllerMessage | undefined {
    return this.outbox.shift()
  }

  com(now: Instant, member: Identity): CertificateOfMembership {
    return issueCom({ networkId: this.networkId, member, timestamp: now, windowMs: 1_800_000 }, this.identity)
  }

  ipOf(member: Address): IpAddress {
    const number = 1 + identities.findIndex((identity) => identity.address === member)
    return IpAddress.parse(`10.0.0.${number}`)
  }

  chunks(now: Instant, member: Identity, change: Partial<NetworkConfig> = {}): Uint8Array[] {
    const { networkId } = this
    const config: NetworkConfig = {
      networkId,
      timestamp: Math.floor(now),
      credentialTimeMaxDelta: 1_800_000,
      revision: 1,
      issuedTo: member.address,
      remoteTraceTarget: 0,
      remoteTraceLevel: 0,
      flags: NetworkFlag.EnableBroadcast | NetworkFlag.NdpEmulation,
      multicastLimit: 32,
      isPublic: false,
      name: 'test',
      mtu: 2800,
      com: this.com(now, member),
      capabilities: [],
      tags: [],
      ownerships: [],
      specialists: [],
      routes: [{ target: IpPrefix.parse('10.0.0.0/24'), flags: 0, metric: 0 }],
      staticIps: [
        new IpPrefix(rfc4193Address(networkId, member.address), RFC4193_PREFIX_BITS),
        new IpPrefix(this.ipOf(member.address), 24),
      ],
      rules: [{ type: 'ACTION_ACCEPT' }],
      ...change,
    }
    const dictionary = encodeNetworkConfig(config)
    const updateId = BigInt(Math.floor(now)) * 65536n + BigInt(this.requests.length + 1)
    return splitNetworkConfig(networkId, dictionary, updateId, this.identity).map((chunk) => {
      const w = new ByteWriter(1024)
      encodeNetworkConfigChunk(w, chunk)
      return w.finish()
    })
  }
}

/** An ARP request for an IPv4 address. */
export function arpRequest(sourceMac: Mac, source: IpAddress, target: IpAddress): Uint8Array {
  const w = new ByteWriter(28).u16(1).u16(0x0800).u8(6).u8(4).u16(1)
  return w.u48(sourceMac).put(source.bytes).u48(0).put(target.bytes).finish()
}
