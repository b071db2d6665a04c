/** How good a path is: latency first, corrected by silence, reach and priority (ZeroTierOne Path.hpp, `quality`). */
import type { Instant } from '@zt/sansio'
import { PATH_ALIVE_MS, type Path, UNMEASURED } from './path.js'

/** Silence beyond this does not make a path worse any more. */
const MOST_AGE_MS = 140_000

/** A cost: lower is better. */
export function pathCost(path: Path, now: Instant): number {
  const age = Math.min(now - path.lastReceive, MOST_AGE_MS)
  const silence = age >= PATH_ALIVE_MS ? UNMEASURED + age : 0
  return Math.floor(((path.latency + silence) * (8 - path.scope)) / path.priority)
}

/** Take a measured round trip into a path's mean: the first as it is, then half of each. */
export function measure(path: Path, roundTripMs: number): void {
  const sample = Math.max(0, Math.min(UNMEASURED - 1, Math.round(roundTripMs)))
  path.latency = path.latency === UNMEASURED ? sample : (path.latency + sample) >> 1
}
