/**
 * NodeCore: the state that all parts of the control plane share. What happens to it is told in `peers/`, `networks/`,
 * `upstreams/` and `verbs/`; `ZtNode` puts them together.
 */
import { type AesPort, SessionKeys, agree } from '@zt/crypto'
import { type Dataplane, PeerLink } from '@zt/dataplane'
import { type EndpointPolicy, HolePunches, isUsableEndpoint } from '@zt/multipath'
import {
  type Address,
  type Identity,
  type NetworkId,
  PROTOCOL_VERSION_AES,
  type SecretIdentity,
  type SoftwareVersion,
  equalIdentities,
} from '@zt/protocol'
import {
  BoundedMap,
  type Counters,
  type Endpoint,
  type Instant,
  type IpAddress,
  RateGate,
  TimerTable,
} from '@zt/sansio'
import type { NodeEvent } from './events.js'
import type { ControllerPort } from './networks/controller-port.js'
import type { JoinedNetwork } from './networks/joined-network.js'
import type { CachedPeer } from './peers/cached-peer.js'
import { Peer } from './peers/peer.js'
import type { NodeSettings } from './settings.js'
import { Surface } from './surface.js'
import type { Upstreams } from './upstreams/upstreams.js'

/** Everything a node may do unasked. Order is the order of service when several are due. */
export const nodeTimers = [
  'roots', // a root has not answered yet: say HELLO again
  'ping', // every 5 s: keep paths open, see whether we are online, announce groups
  'paths', // an answer is overdue on some path, or a peer is relayed that might be reached directly
  'punch', // a hole is being punched
  'parked', // packets wait for an identity or a path
  'networks', // a network has no configuration, or an old one
  'drain', // a full socket may have room again
  'housekeeping', // every 30 s: forget
] as const
/** One of them. */
export type NodeTimer = (typeof nodeTimers)[number]

/** Events not fetched yet. More than these mean that nobody fetches them. */
const MOST_EVENTS = 4_096
const MOST_WHOIS = 1_024
/** Peers of a leaf, and of a root. */
const MOST_PEERS = 4_096
const MOST_PEERS_OF_ROOT = 65_536

/** What a core is made of. */
export interface CoreParts {
  readonly identity: SecretIdentity
  readonly settings: NodeSettings
  readonly upstreams: Upstreams
  readonly dataplane: Dataplane
  readonly counters: Counters
  readonly aes: AesPort | undefined
  readonly controller: ControllerPort | undefined
  readonly allowLoopback: boolean
  readonly cachedPeers: Map<Address, CachedPeer>
  /** Does the address of an identity belong to its key? */
  readonly validate: (identity: Identity) => boolean
}

/** A RENDEZVOUS that came before we knew the peer it is about. */
export interface EarlyRendezvous {
  readonly socket: number
  readonly endpoint: Endpoint
  readonly until: Instant
}

/** State and the few things that everybody does to it. */
export class NodeCore implements EndpointPolicy {
  readonly identity: SecretIdentity
  readonly address: Address
  readonly settings: NodeSettings
  readonly upstreams: Upstreams
  readonly d: Dataplane
  readonly counters: Counters
  readonly controller: ControllerPort | undefined
  readonly allowLoopback: boolean
  readonly validate: (identity: Identity) => boolean
  readonly timers = new TimerTable<NodeTimer>(nodeTimers)
  readonly peers = new Map<Address, Peer>()
  readonly networks = new Map<NetworkId, JoinedNetwork>()
  readonly surface: Surface
  readonly punches = new HolePunches()
  readonly earlyRendezvous = new BoundedMap<Address, EarlyRendezvous>(64)
  /** Peers of earlier runs, until they are asked for. */
  readonly cachedPeers: Map<Address, CachedPeer>
  /** When each address was last asked for. */
  readonly whoisSent = new BoundedMap<Address, Instant>(MOST_WHOIS)
  /** When each pair was last introduced. */
  readonly introductions = new BoundedMap<string, Instant>(8_192)
  /** Members that our own controller gave a configuration, and when: they may use our multicast service. */
  readonly authorizedMembers = new BoundedMap<string, Instant>(16_384)
  /** When members of each group were last asked for. */
  readonly gathers = new BoundedMap<string, Instant>(4_096)
  /** How much hashing strangers may cause: by source prefix, and altogether. */
  readonly validationGates = new BoundedMap<string, RateGate>(4_096)
  readonly validationGate = new RateGate(250, 32)
  /** Peers that became known or proved their membership while a packet was handled: what waits for them may go on. */
  readonly released: Address[] = []
  /** How many unknown senders may cause a WHOIS. */
  readonly strangerGate = new RateGate(20, 64)
  localEndpoints: readonly Endpoint[] = []
  isOnline = false
  /** Whether 'online' or 'offline' was said for the first time. */
  isDecided = false
  /** A root knows another identity with our address. */
  isCollided = false
  readonly software: SoftwareVersion
  readonly #aes: AesPort | undefined
  readonly #events: NodeEvent[] = []

  constructor(parts: CoreParts) {
    this.identity = parts.identity
    this.address = parts.identity.address
    this.settings = parts.settings
    this.upstreams = parts.upstreams
    this.d = parts.dataplane
    this.counters = parts.counters
    this.controller = parts.controller
    this.allowLoopback = parts.allowLoopback
    this.validate = parts.validate
    this.cachedPeers = parts.cachedPeers
    this.surface = new Surface(parts.allowLoopback)
    this.#aes = parts.aes
    const [major, minor, revision] = parts.settings.softwareVersion
    this.software = { major, minor, revision }
  }

  // Events

  emit(event: NodeEvent): void {
    if (this.#events.length >= MOST_EVENTS) {
      this.#events.shift()
      this.counters.count('event-lost')
    }
    this.#events.push(event)
  }

  takeEvent(): NodeEvent | undefined {
    return this.#events.shift()
  }

  /** Be called for this timer at `at`, or earlier if it is set to an earlier time already. */
  arm(timer: NodeTimer, at: Instant): void {
    if (at < this.timers.get(timer)) this.timers.set(timer, at)
  }

  // Peers

  /** The keys we share with another node. Some milliseconds of work. */
  agreeWith(identity: Identity): SessionKeys {
    const agreement = agree(this.identity.secretKey, identity.publicKey)
    return this.#aes ? new SessionKeys(agreement, this.#aes) : new SessionKeys(agreement)
  }

  /**
   * The peer with this identity, added if it is new. `undefined` if another identity has its address: the one known
   * first stays.
   */
  addPeer(identity: Identity, keys: SessionKeys = this.agreeWith(identity)): Peer | undefined {
    const known = this.peers.get(identity.address)
    if (known) return equalIdentities(known.link.identity, identity) ? known : undefined
    if (identity.address === this.address) return undefined
    const most = this.d.isRelay ? MOST_PEERS_OF_ROOT : MOST_PEERS
    if (this.peers.size >= most) this.#dropQuietest()
    const link = new PeerLink(identity, keys, this.settings.physicalMtu)
    link.isUpstream = this.upstreams.includes(identity)
    const peer = new Peer(this.d.now, link)
    this.peers.set(identity.address, peer)
    this.d.peers.add(link)
    return peer
  }

  removePeer(peer: Peer): void {
    this.peers.delete(peer.address)
    this.d.peers.remove(peer.link)
    peer.link.keys.wipe()
  }

  #dropQuietest(): void {
    let quietest: Peer | undefined
    for (const peer of this.peers.values()) {
      if (peer.link.isUpstream) continue
      if (!quietest || peer.link.lastReceive < quietest.link.lastReceive) quietest = peer
    }
    if (!quietest) return
    this.counters.count('peer-crowded-out')
    this.removePeer(quietest)
  }

  /** What the peer announced decides what we seal its packets with. */
  setVersion(peer: Peer, protocol: number, software: SoftwareVersion): void {
    peer.protocol = protocol
    peer.software = software
    const { sendSuite } = this.settings
    const understandsAes = protocol >= PROTOCOL_VERSION_AES
    peer.link.frameSuite = sendSuite === 3 && understandsAes ? 3 : 1
    peer.link.suite = understandsAes && (sendSuite === 3 || (sendSuite === 'auto' && this.#aes)) ? 3 : 1
  }

  // Endpoints

  isManaged(ip: IpAddress): boolean {
    for (const network of this.networks.values()) {
      if (network.addresses.some((prefix) => prefix.contains(ip))) return true
    }
    return false
  }

  /** May this endpoint be a path to this peer? Roots are where the planet says, at any port. */
  isUsableFor(peer: Peer, endpoint: Endpoint): boolean {
    if (!isUsableEndpoint(endpoint, this)) return false
    if (!peer.link.isUpstream) return true
    const stable = this.upstreams.rootWith(peer.address)?.endpoints ?? []
    return stable.length === 0 || stable.some((root) => root.ip.equals(endpoint.ip))
  }
}
