/**
 * PathSet: the paths of one peer. A path enters only by `learn`, which is called for an OK that came directly: proof
 * that packets go both ways. It leaves when it was silent for 243 s, and it is passed over while it is suspect.
 *
 * `best` is asked for every packet. The choice is kept for a moment instead of being made anew each time.
 */
import { DEFAULT_PHYSICAL_MTU, type IpScope } from '@zt/protocol'
import { type Endpoint, type Instant, NEVER } from '@zt/sansio'
import { Path } from './path.js'
import { pathCost } from './path-quality.js'
import { sameEndpoint, sameIp } from './usable-endpoint.js'

/** ZT_MAX_PEER_NETWORK_PATHS */
export const MAX_PATHS = 64

/** How long a choice of path stands if nothing happens. */
const CHOICE_MS = 250

/** What a packet says about the path it came by. */
export const Heard = {
  /** It is one of ours, and now counts as heard. */
  known: 0,
  /** Another port of an address that we have a living path to; not worth a path of its own. */
  sibling: 1,
  /** Nothing we have. */
  unknown: 2,
} as const
export type Heard = (typeof Heard)[keyof typeof Heard]

/** The paths of one peer, at most `MAX_PATHS`. */
export class PathSet {
  private readonly paths: Path[] = []
  private choice: Path | undefined
  private choiceUntil: Instant = Number.NEGATIVE_INFINITY
  private readonly mtu: number

  constructor(mtu = DEFAULT_PHYSICAL_MTU) {
    this.mtu = mtu
  }

  get size(): number {
    return this.paths.length
  }

  /** All paths, in the order in which they were learnt. Borrowed. */
  get all(): readonly Path[] {
    return this.paths
  }

  /** The path to send on: the cheapest that is neither expired nor suspect. */
  best(now: Instant): Path | undefined {
    const choice = this.choice
    if (now < this.choiceUntil && (choice === undefined || !choice.isSuspect(now))) return choice
    this.choiceUntil = now + CHOICE_MS
    return (this.choice = this.cheapest(now, false))
  }

  /** The path to send on if there is no other way at all: suspect ones count too, and expired ones. */
  lastResort(now: Instant): Path | undefined {
    return this.best(now) ?? this.cheapest(now, true)
  }

  private cheapest(now: Instant, anyState: boolean): Path | undefined {
    let best: Path | undefined
    let least = NEVER
    for (const path of this.paths) {
      if (!anyState && (path.isExpired(now) || path.isSuspect(now))) continue
      const cost = pathCost(path, now)
      if (cost > least) continue // among equals the later one wins
      least = cost
      best = path
    }
    return best
  }

  /** A direct, authenticated packet came from there. */
  heard(now: Instant, socket: number, from: Endpoint): Heard {
    const choice = this.choice
    if (choice !== undefined && choice.socket === socket && sameEndpoint(choice.endpoint, from)) {
      choice.heard(now)
      return Heard.known
    }
    let sibling = false
    for (const path of this.paths) {
      if (path.socket !== socket) continue
      if (sameEndpoint(path.endpoint, from)) {
        const wasSuspect = path.isSuspect(now)
        path.heard(now)
        if (wasSuspect || this.choice === undefined) this.reconsider()
        return Heard.known
      }
      sibling ||= sameIp(path.endpoint.ip, from.ip) && path.isAlive(now)
    }
    return sibling ? Heard.sibling : Heard.unknown
  }

  find(socket: number, endpoint: Endpoint): Path | undefined {
    return this.paths.find((path) => path.socket === socket && sameEndpoint(path.endpoint, endpoint))
  }

  /** Is there a path to exactly this endpoint, from any socket, that works as far as we know? */
  reaches(now: Instant, endpoint: Endpoint): boolean {
    return this.paths.some(
      (path) => sameEndpoint(path.endpoint, endpoint) && !path.isExpired(now) && !path.isSuspect(now),
    )
  }

  /**
   * An OK came directly from there: it is a path from now on. A dead path to another port of the same address is
   * replaced, and in a full set the one that was silent for longest.
   */
  learn(now: Instant, socket: number, endpoint: Endpoint): Path {
    const path = this.find(socket, endpoint) ?? this.admit(now, new Path(socket, endpoint, this.mtu))
    path.heard(now)
    this.reconsider()
    return path
  }

  private admit(now: Instant, path: Path): Path {
    const dead = this.paths.findIndex(
      (known) => known.socket === path.socket && sameIp(known.endpoint.ip, path.endpoint.ip) && !known.isAlive(now),
    )
    if (dead >= 0) this.paths[dead] = path
    else if (this.paths.length < MAX_PATHS) this.paths.push(path)
    else this.paths[this.quietest()] = path
    return path
  }

  private quietest(): number {
    let index = 0
    for (let i = 1; i < this.paths.length; i++) {
      if (this.paths[i]!.lastReceive < this.paths[index]!.lastReceive) index = i
    }
    return index
  }

  /**
   * The peer asks to be reached elsewhere from now on (a cluster redirect): everything of lower priority goes, and the
   * new path is trusted at once.
   */
  redirect(now: Instant, from: Path | undefined, socket: number, to: Endpoint): Path {
    const path = new Path(socket, to, this.mtu)
    path.priority = (from?.priority ?? 1) + 2
    this.keep((known) => known.priority >= path.priority && !sameIp(known.endpoint.ip, to.ip))
    this.admit(now, path)
    path.heard(now)
    this.reconsider()
    return path
  }

  /**
   * Our own address in this scope has changed: paths in it are unproven until they answer again. Returns those to
   * probe.
   */
  doubt(scope: IpScope, family: 4 | 6): Path[] {
    const affected = this.paths.filter((path) => path.scope === scope && path.endpoint.ip.family === family)
    for (const path of affected) path.doubt()
    this.reconsider()
    return affected
  }

  /** Drop the paths of a socket that is gone. */
  dropSocket(socket: number): void {
    this.keep((path) => path.socket !== socket)
  }

  /** Drop what has expired or was superseded by a redirect. */
  sweep(now: Instant): void {
    const priority = this.paths.reduce((most, path) => Math.max(most, path.priority), 0)
    this.keep((path) => !path.isExpired(now) && path.priority === priority)
  }

  /** When the next path needs a probe because an answer is overdue, or `NEVER`. */
  nextProbe(now: Instant): Instant {
    let next = NEVER
    for (const path of this.paths) next = Math.min(next, path.nextProbe(now))
    return next
  }

  /** The choice no longer holds. */
  reconsider(): void {
    this.choiceUntil = Number.NEGATIVE_INFINITY
  }

  private keep(condition: (path: Path) => boolean): void {
    let kept = 0
    for (const path of this.paths) if (condition(path)) this.paths[kept++] = path
    if (kept === this.paths.length) return
    this.paths.length = kept
    this.reconsider()
    this.choice = undefined
  }
}
