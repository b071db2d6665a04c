/** Peer: what the control plane knows of another node, beside the data path's `PeerLink`. */
import type { PeerLink } from '@zt/dataplane'
import { PathCandidates, PushSchedule, newPushGate } from '@zt/multipath'
import { type Address, PROTOCOL_VERSION_ECHO, type SoftwareVersion } from '@zt/protocol'
import { BoundedMap, type Endpoint, type Instant, RateGate } from '@zt/sansio'

const LONG_AGO: Instant = Number.NEGATIVE_INFINITY
/** An unknown path is tried once in this time; a few times at once for a node that restarts before it has answered. */
const TRY_AGAIN_MS = 1_000
const TRIES_AT_ONCE = 3
const MOST_TRIED_PATHS = 64

/** One known node. */
export class Peer {
  readonly link: PeerLink
  /** Zero until the peer has said so. */
  protocol = 0
  software: SoftwareVersion | undefined = undefined
  /** When HELLO was last sent over all of its paths. */
  lastHello: Instant = LONG_AGO
  hellosSent = 0
  /** HELLOs to a root since it last answered. */
  greetings = 0
  /** When it was asked to reach us through a root, if that still holds. */
  steeredAt: Instant = LONG_AGO
  /** The endpoints it was last kept with, for the next run. */
  keptAt = ''
  /** Where it can be reached according to others, tried as long as its packets are relayed. */
  readonly candidates = new PathCandidates()
  readonly pushes = new PushSchedule()
  // What it may ask of us, and how often. ZeroTierOne's gates with room for bursts.
  readonly pushGate = newPushGate()
  readonly helloGate = new RateGate(50, 32)
  /** Subscriptions, not packets: nobody fills the table of groups alone. */
  readonly likeGate = new RateGate(20, 2_048)
  readonly whoisGate = new RateGate(100, 4)
  readonly echoGate = new RateGate(100, 16)
  readonly credentialsGate = new RateGate(1_000, 8)
  readonly controllerGate = new RateGate(500, 4)
  /** How often it is told that a frame of it was refused. */
  readonly refusalGate = new RateGate(500, 4)
  readonly gatherGate = new RateGate(100, 16)
  private readonly tried = new BoundedMap<string, RateGate>(MOST_TRIED_PATHS)

  /** When it became known. */
  readonly since: Instant

  constructor(now: Instant, link: PeerLink) {
    this.since = now
    this.link = link
  }

  get address(): Address {
    return this.link.address
  }

  get isSteered(): boolean {
    return this.steeredAt !== LONG_AGO
  }

  /** May paths be probed with ECHO? 1.1.0 said that it could, and could not. */
  get answersEcho(): boolean {
    const version = this.software
    const isFaulty = version?.major === 1 && version.minor === 1 && version.revision === 0
    return this.protocol >= PROTOCOL_VERSION_ECHO && !isFaulty
  }

  /** May this endpoint be tried now? Saying yes counts as trying. */
  maySpendTry(now: Instant, socket: number, endpoint: Endpoint): boolean {
    const key = `${socket} ${endpoint}`
    let gate = this.tried.get(key)
    if (!gate) this.tried.set(key, (gate = new RateGate(TRY_AGAIN_MS, TRIES_AT_ONCE)))
    return gate.pass(now)
  }
}
