/**
 * Opening our own NAT or firewall towards a peer after a RENDEZVOUS: a few junk bytes that die on the way, then probes
 * (ZeroTierOne node/Switch.cpp, introduce and node/IncomingPacket.cpp). ZeroTierOne probes once; we ask again a few
 * times, because the other side may hear of us only later and because the first datagram is often the one that is lost.
 */
import { type Endpoint, type Instant, NEVER } from '@zt/sansio'
import { sameEndpoint } from './usable-endpoint.js'

/** Hops that the junk datagram may travel: past our own NAT, not up to theirs. */
export const PUNCH_TTL = 2
/** Bytes of junk. */
export const PUNCH_BYTES = 4

/** After the start, in milliseconds. */
const PROBES_AT = [0, 300, 1_000, 3_000] as const
const MOST_PUNCHES = 256

/** One attempt under way. */
export interface Punch {
  readonly peer: number
  readonly socket: number
  readonly endpoint: Endpoint
  readonly begun: Instant
  /** Probes sent so far. */
  probes: number
}

/** All attempts under way. Bounded: a new one pushes out the oldest. */
export class HolePunches {
  #punches: Punch[] = []

  /** Begin, or begin again. The first probe is due at once. */
  begin(now: Instant, peer: number, socket: number, endpoint: Endpoint): void {
    this.#punches = this.#punches.filter((punch) => punch.peer !== peer || !sameEndpoint(punch.endpoint, endpoint))
    if (this.#punches.length >= MOST_PUNCHES) this.#punches.shift()
    this.#punches.push({ peer, socket, endpoint, begun: now, probes: 0 })
  }

  /** The attempts whose next probe is due; each is taken as sent. Finished ones are forgotten. */
  take(now: Instant): Punch[] {
    const due: Punch[] = []
    for (const punch of this.#punches) {
      if (punch.begun + PROBES_AT[punch.probes]! > now) continue
      punch.probes++
      due.push(punch)
    }
    this.#punches = this.#punches.filter((punch) => punch.probes < PROBES_AT.length)
    return due
  }

  /** The endpoint answered: no more probes. */
  done(peer: number, endpoint: Endpoint): void {
    if (this.#punches.length === 0) return
    this.#punches = this.#punches.filter((punch) => punch.peer !== peer || !sameEndpoint(punch.endpoint, endpoint))
  }

  next(): Instant {
    let next = NEVER
    for (const punch of this.#punches) next = Math.min(next, punch.begun + PROBES_AT[punch.probes]!)
    return next
  }
}
