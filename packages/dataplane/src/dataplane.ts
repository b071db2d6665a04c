/**
 * Dataplane: the tables and the memory of the data path. What happens to packets is told in `receive.ts` and
 * `transmit.ts`, which work on this.
 */
import type { SalsaPoly } from '@zt/crypto'
import {
  type Address,
  Armor,
  type Identity,
  type MulticastGroup,
  type NetworkId,
  PacketCompression,
  PacketIds,
} from '@zt/protocol'
import {
  BoundedMap,
  type Counters,
  type DatagramPort,
  type Endpoint,
  type Instant,
  type Mac,
  type RandomSource,
} from '@zt/sansio'
import type { Path } from '@zt/multipath'
import { Arena } from './arena.js'
import { InboundPacket } from './inbound/packet.js'
import { type Outcome, Received } from './inbound/outcome.js'
import { Reassembler } from './inbound/reassemble.js'
import { MulticastMembers } from './networks/multicast-members.js'
import type { Port, PortHost } from './networks/port.js'
import { Expectations } from './outbound/expectations.js'
import { MulticastQueue } from './outbound/multicast-queue.js'
import { type ParkedIn, type ParkedOut, ParkedPackets } from './outbound/parked.js'
import { type PeerLink, TRUST_MS } from './peers/peer-link.js'
import { PeerTable } from './peers/peer-table.js'
import { FrameFilter } from './rules/filter.js'
import type { Upcalls } from './upcalls.js'

/** Packets of which parts are still missing, at most (twice ZT_RX_QUEUE_SIZE: we are likely to be slower). */
const MOST_INCOMPLETE = 64
const SUITES = 4
/** Endpoints remembered as trusted to have packets relayed. */
const MOST_TRUSTED_SOURCES = 256
/** Frames to ourselves that wait for the end of the burst. */
const MOST_LOCAL_FRAMES = 64

/** What a data path is made of. */
export interface DataplaneParts {
  readonly identity: Identity
  readonly port: DatagramPort
  readonly random: RandomSource
  readonly counters: Counters
  readonly salsaPoly: SalsaPoly
  readonly upcalls: Upcalls
  readonly sendFrame: (d: Dataplane, ...frame: Parameters<PortHost['sendFrame']>) => boolean
}

/** A frame that a port's user is to receive at the next flush, because it was made while that user was sending. */
interface LocalFrame {
  readonly port: Port
  readonly source: Mac
  readonly destination: Mac
  readonly etherType: number
  readonly payload: Uint8Array
}

/** State only; see `receive` and `sendFrame`. */
export class Dataplane implements PortHost {
  readonly identity: Identity
  readonly address: Address
  /** Our address in two integers; see `PeerLink`. */
  readonly addressHigh: number
  readonly addressLow: number
  readonly port: DatagramPort
  readonly random: RandomSource
  readonly counters: Counters
  readonly upcalls: Upcalls
  readonly armor: Armor
  readonly compression = new PacketCompression()
  readonly packetIds: PacketIds
  readonly expectations = new Expectations()
  readonly arena: Arena
  readonly reassembler: Reassembler
  readonly filter: FrameFilter
  readonly peers = new PeerTable()
  readonly multicastMembers: MulticastMembers
  readonly multicastQueue = new MulticastQueue()
  readonly parkedOut = new ParkedPackets<ParkedOut>()
  readonly parkedIn = new ParkedPackets<ParkedIn>()
  /** The packet being received. */
  readonly packet = new InboundPacket()
  /** Whom the last packet was relayed to, if it makes sense to introduce its ends to each other. */
  relayedTo: PeerLink | undefined = undefined
  /** Packets opened and sealed since the last flush, by suite: counted as `in-suite-N` and `out-suite-N`. */
  readonly opened = new Uint32Array(SUITES)
  readonly sealed = new Uint32Array(SUITES)
  /** The latest time that we were told. Frames are sent without one: a link has no clock. */
  now: Instant
  /** Do we relay for everybody? */
  isRelay = false
  /** The root that packets are relayed through. */
  upstream: PeerLink | undefined = undefined
  private readonly ports: Port[] = []
  private readonly trustedSources = new BoundedMap<string, Instant>(MOST_TRUSTED_SOURCES)
  private readonly usedPaths: Path[] = []
  private readonly usedAt: Instant[] = []
  private localFrames: LocalFrame[] = []
  private readonly send: DataplaneParts['sendFrame']

  constructor(now: Instant, parts: DataplaneParts) {
    this.now = now
    this.identity = parts.identity
    this.address = parts.identity.address
    this.addressHigh = Math.floor(this.address / 0x1_0000_0000)
    this.addressLow = this.address | 0
    this.port = parts.port
    this.random = parts.random
    this.counters = parts.counters
    this.upcalls = parts.upcalls
    this.armor = new Armor(parts.salsaPoly)
    this.packetIds = new PacketIds(parts.random)
    this.arena = new Arena(parts.salsaPoly.memory, MOST_INCOMPLETE)
    this.reassembler = new Reassembler(this.arena, parts.counters)
    this.filter = new FrameFilter(parts.random)
    this.multicastMembers = new MulticastMembers(parts.random)
    this.send = parts.sendFrame
  }

  /** The identity of a peer that we know, or our own: what signatures are checked with. */
  readonly identityOf = (address: Address): Identity | undefined => {
    return address === this.address ? this.identity : this.peers.get(address)?.identity
  }

  // Ports

  addPort(port: Port): void {
    this.ports.push(port)
  }

  removePort(port: Port): void {
    const index = this.ports.indexOf(port)
    if (index >= 0) this.ports.splice(index, 1)
  }

  /** @param idHigh upper half of the network id. @param idLow lower half; both as signed 32-bit integers. */
  findPort(idHigh: number, idLow: number): Port | undefined {
    for (let i = 0; i < this.ports.length; i++) {
      const port = this.ports[i]!
      if (port.idLow === idLow && port.idHigh === idHigh) return port
    }
    return undefined
  }

  portOf(networkId: NetworkId): Port | undefined {
    return this.ports.find((port) => port.networkId === networkId)
  }

  get allPorts(): readonly Port[] {
    return this.ports
  }

  sendFrame(...frame: Parameters<PortHost['sendFrame']>): boolean {
    return this.send(this, ...frame)
  }

  groupJoined(port: Port, group: MulticastGroup): void {
    this.upcalls.groupJoined(port, group)
  }

  /** Deliver a frame to a port's own user at the next flush. The payload is kept. */
  deliverLater(port: Port, source: Mac, destination: Mac, etherType: number, payload: Uint8Array): void {
    if (this.localFrames.length >= MOST_LOCAL_FRAMES) this.counters.count('local-frame-dropped')
    else this.localFrames.push({ port, source, destination, etherType, payload })
    this.upcalls.wake()
  }

  // Trust: who may have packets relayed by a node that is no root

  trust(now: Instant, from: Endpoint): void {
    this.trustedSources.set(from.toString(), now)
  }

  isTrustedSource(now: Instant, from: Endpoint): boolean {
    const since = this.trustedSources.get(from.toString())
    return since !== undefined && now - since < TRUST_MS
  }

  // Time

  /** A packet went out on this path while the time was not known exactly. */
  noteUse(path: Path): void {
    this.usedPaths.push(path)
    this.usedAt.push(this.now)
    this.upcalls.wake()
  }

  /** The end of a burst. Says whether an answer is awaited on some path that was silent before. */
  flush(now: Instant): boolean {
    this.now = now
    this.countSuites()
    const isAwaiting = this.usedPaths.length > 0
    for (let i = 0; i < this.usedPaths.length; i++) this.usedPaths[i].beganWaiting(this.usedAt[i], now)
    this.usedPaths.length = this.usedAt.length = 0
    const frames = this.localFrames
    if (frames.length > 0) {
      this.localFrames = []
      for (const { port, source, destination, etherType, payload } of frames) {
        port.onReceive(source, destination, etherType, payload, 0, payload.length)
      }
    }
    if (this.port.writable) this.drain()
    return isAwaiting
  }

  private countSuites(): void {
    for (let suite = 0; suite < SUITES; suite++) {
      if (this.opened[suite] > 0) this.counters.count(`in-suite-${suite}`, this.opened[suite])
      if (this.sealed[suite] > 0) this.counters.count(`out-suite-${suite}`, this.sealed[suite])
    }
    this.opened.fill(0)
    this.sealed.fill(0)
  }

  private drain(): void {
    for (const port of this.ports) {
      if (!port.owesDrain) continue
      port.owesDrain = false
      port.onDrain()
    }
  }

  /** Is a frame refused by a full socket waiting to be told that there is room again? */
  get owesDrain(): boolean {
    return this.ports.some((port) => port.owesDrain)
  }

  // Drops: each is counted under its reason

  drop(reason: string): undefined {
    this.counters.count(reason)
    return undefined
  }

  refuse(reason: string): false {
    this.counters.count(reason)
    return false
  }

  done(reason: string): Outcome {
    this.counters.count(reason)
    return Received.done
  }
}
