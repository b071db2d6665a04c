/**
 * Direct paths by PUSH_DIRECT_PATHS: which of our endpoints to tell a peer, when, and which of its endpoints to try and
 * try again (ZeroTierOne node/Peer.cpp and node/IncomingPacket.cpp, _doPUSH_DIRECT_PATHS).
 */
import { ipScope } from '@zt/protocol'
import { type Duration, type Endpoint, type Instant, NEVER, RateGate } from '@zt/sansio'
import { hasPathScope } from './usable-endpoint.js'

/** Endpoints tried per scope and family and packet (ZT_PUSH_DIRECT_PATHS_MAX_PER_SCOPE_AND_FAMILY). */
const MOST_PER_SCOPE = 8
/** Between pushes while the peer reaches us directly (ZT_DIRECT_PATH_PUSH_INTERVAL_HAVEPATH). */
const PUSH_DIRECT_MS = 120_000
/** Between pushes while packets are relayed (ZT_DIRECT_PATH_PUSH_INTERVAL). */
const PUSH_RELAYED_MS = 15_000
/**
 * ZeroTierOne stops listening after 8 pushes less than 30 s apart, until there is a pause. So after four quick ones we
 * slow down to an interval that resets its counter.
 */
const QUICK_PUSHES = 4
const PUSH_PATIENT_MS = 31_000
/** Endpoints that one push tells. More does not fit the 1200 bytes that ZeroTierOne keeps to. */
const MOST_PUSHED = 40

/** The endpoints worth telling others, each once: our own and how we appear to others. */
export function endpointsToPush(
  own: readonly Endpoint[],
  surface: readonly Endpoint[],
  allowLoopback: boolean,
): Endpoint[] {
  const chosen = new Map<string, Endpoint>()
  for (const endpoint of [...own, ...surface]) {
    if (chosen.size >= MOST_PUSHED) break
    if (endpoint.port !== 0 && hasPathScope(endpoint.ip, allowLoopback)) chosen.set(endpoint.toString(), endpoint)
  }
  return [...chosen.values()]
}

/** When to push to one peer. */
export class PushSchedule {
  #last: Instant = Number.NEGATIVE_INFINITY
  #relayed = 0

  /** A packet of this peer was handled, relayed or not: is it time? Saying yes counts as having pushed. */
  due(now: Instant, relayed: boolean): boolean {
    const since = now - this.#last
    if (since < this.#interval(relayed)) return false
    this.#relayed = relayed ? this.#relayed + 1 : 0
    this.#last = now
    return true
  }

  #interval(relayed: boolean): Duration {
    if (!relayed) return PUSH_DIRECT_MS
    return this.#relayed < QUICK_PUSHES ? PUSH_RELAYED_MS : PUSH_PATIENT_MS
  }
}

/** How many pushes of one peer are taken: 8 at once, then one per 3.75 s (ZeroTierOne: 8 per 30 s). */
export function newPushGate(): RateGate {
  return new RateGate(3_750, 8)
}

/** Of the endpoints in one push, those to try: a few per scope and family. */
export function selectPushed(pushed: readonly Endpoint[], isWanted: (endpoint: Endpoint) => boolean): Endpoint[] {
  const counts = new Map<number, number>()
  return pushed.filter((endpoint) => {
    if (!isWanted(endpoint)) return false
    const kind = ipScope(endpoint.ip) * 8 + endpoint.ip.family
    const count = (counts.get(kind) ?? 0) + 1
    counts.set(kind, count)
    return count <= MOST_PER_SCOPE
  })
}

/** Candidates remembered per peer. */
const MOST_CANDIDATES = 16
/** Retries come after this, doubling up to the last; a path that opens again is found within half a minute. */
const RETRY_FIRST_MS = 2_000
const RETRY_LAST_MS = 20_000

interface Candidate {
  readonly endpoint: Endpoint
  at: Instant
  interval: Duration
}

/**
 * Endpoints where a peer said it can be reached, or was reached once. While its packets are relayed they are tried
 * again and again, so that a direct path comes back by itself.
 */
export class PathCandidates {
  readonly #known = new Map<string, Candidate>()

  /** Remember an endpoint that is being tried at this moment. A known one moves up and is tried often again. */
  add(now: Instant, endpoint: Endpoint): void {
    const key = endpoint.toString()
    this.#known.delete(key)
    if (this.#known.size >= MOST_CANDIDATES) {
      const oldest = this.#known.keys().next().value
      if (oldest !== undefined) this.#known.delete(oldest)
    }
    this.#known.set(key, { endpoint, at: now + RETRY_FIRST_MS, interval: RETRY_FIRST_MS })
  }

  /** The endpoints to try now; each is taken as tried. */
  take(now: Instant): Endpoint[] {
    const due: Endpoint[] = []
    for (const candidate of this.#known.values()) {
      if (candidate.at > now) continue
      candidate.interval = Math.min(RETRY_LAST_MS, candidate.interval * 2)
      candidate.at = now + candidate.interval
      due.push(candidate.endpoint)
    }
    return due
  }

  /** When the next one is due, or `NEVER`. */
  next(): Instant {
    let next = NEVER
    for (const candidate of this.#known.values()) next = Math.min(next, candidate.at)
    return next
  }

  get size(): number {
    return this.#known.size
  }
}
