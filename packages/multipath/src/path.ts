/**
 * Path: one local socket and one remote endpoint of one peer, and what is known of it. All times come from packets that
 * were authenticated and that no one relayed; unlike in ZeroTierOne, garbage from the same endpoint keeps nothing
 * alive.
 */
import { type IpScope, ipScope } from '@zt/protocol'
import type { Endpoint, Instant } from '@zt/sansio'

/** A path not heard from for this long is forgotten (ZT_PEER_PATH_EXPIRATION). */
export const PATH_EXPIRY_MS = 243_000
/** A path heard from within this is alive (ZT_PATH_HEARTBEAT_PERIOD and 5 s of grace). */
export const PATH_ALIVE_MS = 19_000
/** Silence of our own on a path before it is kept open with a probe (ZT_PATH_HEARTBEAT_PERIOD). */
export const PATH_HEARTBEAT_MS = 14_000
/** Something was sent this long ago and nothing has come back: ask with a probe. */
export const PATH_QUESTION_MS = 1_500
/** Still nothing, with three probes unanswered: the path is suspect, traffic goes another way. */
export const PATH_SUSPECT_MS = 4_500
/** How long a challenged path has to answer. */
export const PATH_CHALLENGE_MS = 1_000
/** Between probes of a path in question. */
export const PATH_PROBE_MS = 1_000
/** Between probes of a suspect path: it comes back by itself, well within a minute. */
export const PATH_RETRY_MS = 5_000
/** The latency of a path that was never measured, in milliseconds. */
export const UNMEASURED = 0xffff

/** An answer is overdue since ever. */
const DOUBTED: Instant = 1

/** Fields are public: the data path reads and writes them for every packet. */
export class Path {
  readonly socket: number
  readonly endpoint: Endpoint
  readonly scope: IpScope
  /** The last authenticated packet that came directly over this path; `-Infinity` while there is none. */
  lastReceive: Instant = Number.NEGATIVE_INFINITY
  lastSend: Instant = Number.NEGATIVE_INFINITY
  /** When we sent the first packet after which nothing has come back; 0 if there is none. */
  awaitingSince: Instant = 0
  lastProbe: Instant = Number.NEGATIVE_INFINITY
  /** Round trip time in milliseconds, a moving mean; `UNMEASURED` at first. */
  latency: number = UNMEASURED
  /** Raised by a cluster redirect; paths of lower priority are dropped (ZeroTierOne node/Peer.cpp, clusterRedirect). */
  priority = 1
  /** The largest datagram to send. */
  mtu: number

  constructor(socket: number, endpoint: Endpoint, mtu: number) {
    this.socket = socket
    this.endpoint = endpoint
    this.scope = ipScope(endpoint.ip)
    this.mtu = mtu
  }

  isAlive(now: Instant): boolean {
    return now - this.lastReceive < PATH_ALIVE_MS && !this.isSuspect(now)
  }

  isExpired(now: Instant): boolean {
    return now - this.lastReceive >= PATH_EXPIRY_MS
  }

  /** We keep sending and nothing comes back: something between us has closed. */
  isSuspect(now: Instant): boolean {
    return this.awaitingSince !== 0 && now - this.awaitingSince >= PATH_SUSPECT_MS
  }

  /** Whatever was known of this path is in doubt: it is passed over until it answers. */
  doubt(): void {
    this.awaitingSince = DOUBTED
  }

  /** There is reason to think that the peer has moved: a probe being sent now is to be answered within a second. */
  challenge(now: Instant): void {
    if (this.isSuspect(now)) return
    this.awaitingSince = now - PATH_SUSPECT_MS + PATH_CHALLENGE_MS
    this.lastProbe = now
  }

  /** Waiting began at a time that was not known exactly, and was assumed to be `assumed`; it was not before `now`. */
  beganWaiting(assumed: Instant, now: Instant): void {
    if (this.awaitingSince === assumed) this.awaitingSince = now
  }

  /** A packet came over this path. */
  heard(now: Instant): void {
    this.lastReceive = now
    this.awaitingSince = 0
  }

  /** A packet was sent over this path. */
  sent(now: Instant): void {
    this.lastSend = now
    if (this.awaitingSince === 0) this.awaitingSince = now
  }

  /** When a probe is to be sent because an answer is overdue; infinity if nothing is awaited. */
  nextProbe(now: Instant): Instant {
    if (this.awaitingSince === 0 || this.isExpired(now)) return Number.POSITIVE_INFINITY
    const gap = this.isSuspect(now) ? PATH_RETRY_MS : PATH_PROBE_MS
    return Math.max(this.awaitingSince + PATH_QUESTION_MS, this.lastProbe + gap)
  }
}
