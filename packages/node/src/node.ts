/**
 * ZtNode: a ZeroTier V1 node as a machine. It puts the data path and the control plane together; what each of them does
 * is told elsewhere:
 *
 *     dataplane/receive.ts, transmit.ts    datagrams to frames and back
 *     verbs/table.ts                       what every control verb does
 *     peers/                               HELLO, WHOIS, paths, introductions
 *     upstreams/                           the planet and its roots
 *     networks/                            joining, credentials, groups, a controller plugged in
 */
import { type AesPort, type SalsaPoly, createSalsaPoly } from '@zt/crypto'
import {
  Dataplane,
  type Outcome,
  Port,
  Received,
  type Upcalls,
  parkInbound,
  process,
  receive,
  sendFrame,
  sendOrPark,
} from '@zt/dataplane'
import {
  type Address,
  type Identity,
  type NetworkId,
  type SecretIdentity,
  Verb,
  type World,
  encodeUserMessage,
  validateIdentity,
} from '@zt/protocol'
import {
  ByteWriter,
  Counters,
  type DatagramPort,
  type Endpoint,
  type Instant,
  type Machine,
  type RandomSource,
  ZtError,
} from '@zt/sansio'
import { NodeCore, type NodeTimer } from './core.js'
import type { NodeEvent, RootStatus } from './events.js'
import { restore, stateKey } from './networks/configure.js'
import type { ControllerPort } from './networks/controller-port.js'
import { sendControllerMessage } from './networks/controller-service.js'
import { showCredentials } from './networks/credential-push.js'
import { JoinedNetwork } from './networks/joined-network.js'
import { askForMembers } from './networks/multicast-gather.js'
import { announceGroups, announceTo, announceToMembers } from './networks/multicast-likes.js'
import type { Network } from './networks/network.js'
import { refuseFrame } from './networks/refuse-frame.js'
import { refreshNetworks, requestConfig } from './networks/request-config.js'
import { readCache } from './peers/cached-peer.js'
import { introduce } from './peers/introduce.js'
import { checkPaths, greetRoots, pingPeers } from './peers/keepalive.js'
import { workOffReleased } from './peers/known.js'
import { forgetPeers, judgeOnline, rootStatuses } from './peers/online.js'
import { retryParked } from './peers/parked.js'
import { keepPeer } from './peers/peer-cache.js'
import type { Peer } from './peers/peer.js'
import { lookAfter } from './peers/received.js'
import { punch } from './peers/rendezvous.js'
import { WHOIS_RETRY_MS, askWhois } from './peers/whois.js'
import { DEFAULT_SETTINGS, type NodeSettings } from './settings.js'
import { peerSnapshot } from './status-of.js'
import type { PeerSnapshot } from './status.js'
import { Upstreams } from './upstreams/upstreams.js'
import { adoptPlanet } from './upstreams/world-updates.js'
import { onHello } from './verbs/on-hello.js'
import { verbHandlers } from './verbs/table.js'

/** ZT_PING_CHECK_INTERVAL */
const PING_MS = 5_000
/** ZT_HOUSEKEEPING_PERIOD */
const HOUSEKEEPING_MS = 30_000
/** The first look at paths on which an answer is awaited. */
const PATHS_MS = 500
/** How soon a full socket is looked at again, if nobody says earlier that it has room. */
const DRAIN_MS = 2

/** What a node is made of. */
export interface NodeOptions {
  readonly now: Instant
  readonly identity: SecretIdentity
  /** The world whose roots are our upstreams. If it lists our own identity, this node is a root. */
  readonly planet: World
  readonly port: DatagramPort
  readonly random: RandomSource
  /** AES with the machine's own instructions; without it suite 3 works and is slow. */
  readonly aes?: AesPort
  /** The engine of suites 0 and 1, whose memory holds the packets; by default one is made. */
  readonly salsaPoly?: SalsaPoly
  readonly settings?: Partial<NodeSettings>
  /** What was kept by `persist` events: bytes by state key, such as `networks.d/8056c2e21c000001.conf`. */
  readonly restored?: ReadonlyMap<string, Uint8Array>
  /** Answers the configuration requests that reach this node. */
  readonly controller?: ControllerPort
  /** Admit 127.0.0.0/8 and ::1 as paths. Genuine nodes never do. Default: false. */
  readonly allowLoopback?: boolean
  /**
   * Does an identity's address belong to its key? Asked for every stranger. The default is the real check, of some tens
   * of milliseconds; simulations with known identities may say yes.
   */
  readonly validateIdentity?: (identity: Identity) => boolean
  /**
   * Called when the node was used in a way that no clock knows of: a frame was sent on a link, a group joined. Let it
   * be flushed soon (`driver.touch()`). Called once until the next `flush`.
   */
  readonly onTouched?: () => void
}

/** A ZeroTier node. Feed it datagrams and time, drain its events; frames pass through `Network.link`. */
export class ZtNode implements Machine {
  readonly address: Address
  readonly counters: Counters
  readonly #core: NodeCore
  readonly #d: Dataplane
  readonly #restored: Map<string, Uint8Array>
  readonly #onTouched: () => void
  #isTouched = false

  constructor(options: NodeOptions) {
    const { now, identity, port, random, aes, controller } = options
    const settings = { ...DEFAULT_SETTINGS, ...options.settings }
    this.address = identity.address
    this.counters = new Counters()
    this.#restored = new Map(options.restored)
    this.#onTouched = options.onTouched ?? (() => {})
    this.#d = new Dataplane(now, {
      identity,
      port,
      random,
      counters: this.counters,
      salsaPoly: options.salsaPoly ?? createSalsaPoly(),
      upcalls: this.#upcalls,
      sendFrame,
    })
    this.#core = new NodeCore({
      identity,
      settings,
      upstreams: new Upstreams(identity, options.planet),
      dataplane: this.#d,
      counters: this.counters,
      aes,
      controller,
      allowLoopback: options.allowLoopback ?? false,
      cachedPeers: readCache(this.#restored),
      validate: options.validateIdentity ?? validateIdentity,
    })
    adoptPlanet(this.#core)
    this.#core.arm('roots', now)
    this.#core.arm('ping', now + PING_MS)
    this.#core.arm('housekeeping', now + HOUSEKEEPING_MS)
  }

  // Input

  /** A datagram came from `from` to one of our sockets: `bytes[offset, offset + length)`, borrowed. */
  handleDatagram(
    now: Instant,
    socket: number,
    from: Endpoint,
    bytes: Uint8Array,
    offset = 0,
    length = bytes.length - offset,
  ): void {
    this.#d.now = now
    this.#handle(now, receive(this.#d, now, socket, from, bytes, offset, length))
    if (this.#core.released.length > 0) workOffReleased(this.#core, now, this.#retry)
  }

  readonly #retry = (now: Instant): void => this.#handle(now, process(this.#d, now))

  /** What the data path leaves to us. */
  #handle(now: Instant, outcome: Outcome): void {
    const core = this.#core
    switch (outcome) {
      case Received.done:
        return
      case Received.hello:
        onHello(core, now, false)
        break
      case Received.stranger:
        this.#meetStranger(now)
        return
      case Received.relayed:
        this.#introduceEnds(now)
        return
      default: {
        const peer = this.#sender()
        if (!peer) return
        if (outcome === Received.seen) lookAfter(core, now, peer, outcome)
        else if (outcome === Received.unproven) refuseFrame(core, now, peer)
        else verbHandlers[this.#d.packet.verb](core, now, peer)
      }
    }
    if (this.#d.packet.link?.isUpstream) judgeOnline(core, now, false)
  }

  #sender(): Peer | undefined {
    const { link } = this.#d.packet
    return link && this.#core.peers.get(link.address)
  }

  #meetStranger(now: Instant): void {
    const core = this.#core
    if (!core.strangerGate.pass(now)) return core.counters.count('stranger-limited')
    parkInbound(this.#d, now)
    askWhois(core, now, this.#d.packet.source)
    core.arm('parked', now + WHOIS_RETRY_MS)
  }

  #introduceEnds(now: Instant): void {
    const { relayedTo, packet } = this.#d
    const source = this.#core.peers.get(packet.source)
    const destination = relayedTo && this.#core.peers.get(relayedTo.address)
    if (source && destination) introduce(this.#core, now, source, destination)
  }

  // Time

  flush(now: Instant): void {
    const core = this.#core
    this.#isTouched = false
    if (this.#d.flush(now)) core.arm('paths', now + PATHS_MS)
    for (let message = core.controller?.pollMessage(); message; message = core.controller?.pollMessage()) {
      sendControllerMessage(core, now, message)
    }
    announceGroups(core, now)
    if (this.#d.owesDrain) core.arm('drain', now + DRAIN_MS)
  }

  handleTimeout(now: Instant): void {
    const core = this.#core
    this.#d.now = now
    for (let timer = core.timers.takeExpired(now); timer; timer = core.timers.takeExpired(now)) this.#expire[timer](now)
    if (core.released.length > 0) workOffReleased(core, now, this.#retry)
    this.flush(now)
  }

  nextTimeout(): Instant {
    return this.#core.timers.next()
  }

  readonly #expire: Readonly<Record<NodeTimer, (now: Instant) => void>> = {
    roots: (now) => {
      greetRoots(this.#core, now)
      if (this.#core.upstreams.isRoot) judgeOnline(this.#core, now, false)
    },
    ping: (now) => {
      this.#core.arm('ping', now + PING_MS)
      pingPeers(this.#core, now)
      announceToMembers(this.#core, now)
      judgeOnline(this.#core, now, true)
      greetRoots(this.#core, now)
    },
    paths: (now) => {
      checkPaths(this.#core, now)
      judgeOnline(this.#core, now, false)
    },
    punch: (now) => punch(this.#core, now),
    parked: (now) => retryParked(this.#core, now),
    networks: (now) => refreshNetworks(this.#core, now),
    // Full sockets are looked at in every flush.
    drain: () => {},
    housekeeping: (now) => {
      this.#core.arm('housekeeping', now + HOUSEKEEPING_MS)
      forgetPeers(this.#core, now)
      for (const peer of this.#core.peers.values()) keepPeer(this.#core, peer)
      this.#d.multicastMembers.sweep(now)
      this.#d.multicastQueue.expire(now)
    },
  }

  // Output

  pollEvent(): NodeEvent | undefined {
    return this.#core.takeEvent()
  }

  // Networks

  /** Join a network, or return it if it is joined already. @throws ZT_ARG_INVALID for an id of zero. */
  join(now: Instant, networkId: NetworkId): Network {
    const core = this.#core
    const joined = core.networks.get(networkId)
    if (joined) return joined
    if (networkId <= 0n || networkId > 0xffff_ffff_ffff_ffffn) {
      throw new ZtError('ZT_ARG_INVALID', `expected a network id of 64 bits, got ${networkId}`)
    }
    this.#d.now = now
    const port = new Port(this.#d, networkId)
    const network = new JoinedNetwork(networkId, port)
    this.#d.addPort(port)
    core.networks.set(networkId, network)
    core.emit({ type: 'network-requesting', networkId })
    const kept = this.#restored.get(stateKey(network))
    if (kept) restore(now, network, kept, core.address)
    // In ZeroTierOne's home a network without a configuration is an empty file.
    else core.emit({ type: 'persist', key: stateKey(network), bytes: Uint8Array.of(0x0a) })
    requestConfig(core, now, network)
    refreshNetworks(core, now)
    this.#touch()
    return network
  }

  /** Leave a network; `keep` what is kept of it for the next time. Leaving one that was not joined is no error. */
  leave(now: Instant, networkId: NetworkId, keep = false): void {
    const network = this.#core.networks.get(networkId)
    if (!network) return
    this.#d.now = now
    this.#core.networks.delete(networkId)
    this.#d.removePort(network.port)
    network.port.close()
    if (!keep) {
      this.#restored.delete(stateKey(network))
      this.#core.emit({ type: 'persist', key: stateKey(network), bytes: undefined })
    }
    this.#core.emit({ type: 'network-left', networkId })
    this.#touch()
  }

  get networks(): readonly Network[] {
    return [...this.#core.networks.values()]
  }

  network(networkId: NetworkId): Network | undefined {
    return this.#core.networks.get(networkId)
  }

  // Status

  /** Does a root answer, or are we one? */
  get isOnline(): boolean {
    return this.#core.isOnline
  }

  /** The planet in force. */
  get planet(): World {
    return this.#core.upstreams.planet
  }

  /** All peers known now. */
  peers(now: Instant): PeerSnapshot[] {
    return [...this.#core.peers.values()].map((peer) => peerSnapshot(this.#core, now, peer))
  }

  /** The roots, each with the reason why it is not reachable if it is not. */
  roots(now: Instant): RootStatus[] {
    return rootStatuses(this.#core, now)
  }

  // Commands

  /** Our own endpoints, to be told to peers: interface addresses with the ports that we are bound to. */
  localAddressesChanged(now: Instant, endpoints: readonly Endpoint[]): void {
    const core = this.#core
    this.#d.now = now
    core.localEndpoints = [...endpoints]
    const sockets = new Set(this.#d.port.sockets.map(({ id }) => id))
    for (const { link } of core.peers.values()) {
      for (const path of [...link.paths.all]) if (!sockets.has(path.socket)) link.paths.dropSocket(path.socket)
    }
    core.arm('roots', now)
    this.#touch()
  }

  /** Send a USER_MESSAGE. It may be lost. @throws ZT_TOO_LARGE if it does not fit a packet. */
  sendUserMessage(now: Instant, to: Address, messageType: bigint, bytes: Uint8Array): void {
    this.#d.now = now
    const w = new ByteWriter(bytes.length + 8)
    encodeUserMessage(w, { type: messageType, data: bytes })
    sendOrPark(this.#d, to, Verb.UserMessage, w.finish())
    this.#touch()
  }

  #touch(): void {
    if (this.#isTouched) return
    this.#isTouched = true
    this.#onTouched()
  }

  readonly #upcalls: Upcalls = {
    identityWanted: (address) => {
      const { now } = this.#d
      this.#core.arm('parked', now + WHOIS_RETRY_MS)
      askWhois(this.#core, now, address)
    },
    credentialsDue: (port, member) => showCredentials(this.#core, this.#d.now, port, member),
    likesDue: (port, member) => announceTo(this.#core, this.#d.now, port, member),
    membersWanted: (port, group, limit) => askForMembers(this.#core, this.#d.now, port, group, limit),
    groupJoined: (port, group) => {
      this.#core.networks.get(port.networkId)?.newGroups.push(group)
      this.#touch()
    },
    relayUsed: (link) => {
      this.#core.arm('paths', this.#d.now + PATHS_MS)
      if (link.isUpstream || link.announcedPath !== undefined) return
      this.#core.emit({ type: 'peer-relayed', address: link.address, via: this.#d.upstream?.address })
    },
    wake: () => this.#touch(),
  }
}
