/**
 * PeerLink: what the data path knows of a peer. One object per peer for as long as it is known, so that a packet finds
 * keys, paths and memberships without a look-up of its own.
 */
import type { SessionKeys } from '@zt/crypto'
import { PathSet } from '@zt/multipath'
import type { Address, Identity } from '@zt/protocol'
import { type Endpoint, type Instant, RateGate } from '@zt/sansio'

/** How long a peer counts as there after the last packet of it (ZT_PEER_ACTIVITY_TIMEOUT). */
export const PEER_ACTIVITY_MS = 500_000
/** How long an exchange of valid credentials makes a peer trusted (ZT_TRUST_EXPIRATION). */
export const TRUST_MS = 600_000

const LONG_AGO: Instant = Number.NEGATIVE_INFINITY

/** Cipher suites that packets are sent with. */
export type Suite = 0 | 1 | 3

/** Fields are public: the data path reads and writes them for every packet. */
export class PeerLink {
  readonly identity: Identity
  readonly address: Address
  /** The address in two integers: bits 39..32, and bits 31..0 as a signed 32-bit integer. */
  readonly high: number
  readonly low: number
  readonly keys: SessionKeys
  readonly paths: PathSet
  /** What to seal packets of the control plane for this peer with, and what to seal frames with. */
  suite: 1 | 3 = 1
  frameSuite: 1 | 3 = 1
  /** A root of our planet or of one of our moons. */
  isUpstream = false
  /** How often certificates that come with frames are checked: one a second. */
  readonly comGate = new RateGate(1_000, 4)
  /** Any authenticated packet, direct or relayed. */
  lastReceive: Instant = LONG_AGO
  /** The last packet that came straight. */
  lastDirectReceive: Instant = LONG_AGO
  /** The last packet that was relayed. */
  lastRelayedReceive: Instant = LONG_AGO
  /** The last packet that carried a frame or a configuration. */
  lastFrame: Instant = LONG_AGO
  /** The last packet that a network of ours vouched for. */
  lastTrust: Instant = LONG_AGO
  /** When its endpoint was last noted as trusted. */
  trustNotedAt: Instant = LONG_AGO
  /** The last packet we sent to it that had to be relayed. */
  lastRelayedSend: Instant = LONG_AGO
  /** The last packet sent to it went through a root. */
  isRelayed = false
  /** When our endpoints are next to be told to it, if it is trusted. */
  nextPush: Instant = LONG_AGO
  /** Small and dense: for tables by peer. Given by the peer table while the peer is in it. */
  index = -1
  /** Another peer whose address has the same lower 32 bits. For the peer table alone. */
  nextSameLow: PeerLink | undefined = undefined
  /** Where it was last told, if anywhere, that packets go straight to. */
  announcedPath: Endpoint | undefined = undefined

  constructor(identity: Identity, keys: SessionKeys, physicalMtu: number) {
    this.identity = identity
    this.address = identity.address
    this.high = Math.floor(identity.address / 0x1_0000_0000)
    this.low = identity.address | 0
    this.keys = keys
    this.paths = new PathSet(physicalMtu)
  }

  isAlive(now: Instant): boolean {
    return now - this.lastReceive < PEER_ACTIVITY_MS
  }

  /** Are frames or configurations exchanged with it? Then its paths are kept open. */
  isActive(now: Instant): boolean {
    return now - this.lastFrame < PEER_ACTIVITY_MS
  }

  isTrusted(now: Instant): boolean {
    return now - this.lastTrust < TRUST_MS
  }
}
