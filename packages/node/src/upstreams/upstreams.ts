/** Upstreams: the planet, and which peers we rely on because of it (ZeroTierOne node/Topology.cpp). */
import type { PeerLink } from '@zt/dataplane'
import { UNMEASURED } from '@zt/multipath'
import { type Address, type Identity, type Root, type World, equalIdentities, verifyWorldUpdate } from '@zt/protocol'
import type { Instant } from '@zt/sansio'
import type { Peer } from '../peers/peer.js'

/** A root that was not heard of for this long is the last choice. */
const SILENT_MS = 500_000
/** How long a root may be silent before that counts against it. */
const PATIENCE_MS = 61_000

/** The world in force. */
export class Upstreams {
  readonly #identity: Identity
  #planet: World

  constructor(identity: Identity, planet: World) {
    this.#identity = identity
    this.#planet = planet
  }

  get planet(): World {
    return this.#planet
  }

  /** Are we a root of it? By identity, not by address alone. */
  get isRoot(): boolean {
    return this.#planet.roots.some((root) => equalIdentities(root.identity, this.#identity))
  }

  /** The roots, without ourselves, by ascending address. */
  get roots(): readonly Root[] {
    return this.#planet.roots
      .filter((root) => root.identity.address !== this.#identity.address)
      .sort((a, b) => a.identity.address - b.identity.address)
  }

  rootWith(address: Address): Root | undefined {
    return this.roots.find((root) => root.identity.address === address)
  }

  includes(identity: Identity): boolean {
    return this.roots.some((root) => equalIdentities(root.identity, identity))
  }

  /** Take a newer world if it is one and is signed by who must sign it. */
  update(next: World): boolean {
    if (next.type !== this.#planet.type || !verifyWorldUpdate(this.#planet, next)) return false
    this.#planet = next
    return true
  }
}

/** The root to relay through: the quickest of those that were heard of lately. */
export function bestUpstream(now: Instant, roots: Iterable<Peer>): PeerLink | undefined {
  let best: PeerLink | undefined
  let least = Number.POSITIVE_INFINITY
  for (const { link } of roots) {
    const cost = upstreamCost(now, link)
    if (cost > least) continue
    best = link
    least = cost
  }
  return best
}

function upstreamCost(now: Instant, link: PeerLink): number {
  const silence = now - link.lastReceive
  const path = link.paths.best(now)
  if (silence >= SILENT_MS) return Number.MAX_SAFE_INTEGER
  // Deviation: a root without a working path comes after all that have one; ZeroTierOne would wait for 500 s.
  const penalty = path ? 0 : 0xffff_ffff
  const latency = path && path.latency > 0 ? path.latency : path ? 1 : UNMEASURED
  return penalty + latency * (Math.floor(silence / PATIENCE_MS) + 1)
}
