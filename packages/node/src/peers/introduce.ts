/**
 * Two peers talk through us, and could talk directly: tell each where the other is (ZeroTierOne node/Peer.cpp,
 * introduce).
 */
import { sendOn } from '@zt/dataplane'
import { type Path, pathCost } from '@zt/multipath'
import { type IpScope, Verb, encodeRendezvous } from '@zt/protocol'
import { ByteWriter, type Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import type { Peer } from './peer.js'

/** ZT_MIN_UNITE_INTERVAL */
const INTRODUCE_AGAIN_MS = 30_000

/** A packet of `a` was relayed to `b`. */
export function introduce(core: NodeCore, now: Instant, a: Peer, b: Peer): void {
  const pair = a.address < b.address ? `${a.address} ${b.address}` : `${b.address} ${a.address}`
  if (now - (core.introductions.get(pair) ?? Number.NEGATIVE_INFINITY) < INTRODUCE_AGAIN_MS) return
  core.introductions.set(pair, now)
  const meeting = findMeeting(now, a, b)
  if (!meeting) return
  sendRendezvous(core, a, meeting.ofA, b, meeting.ofB)
  sendRendezvous(core, b, meeting.ofB, a, meeting.ofA)
  core.counters.count('introduced')
}

function sendRendezvous(core: NodeCore, to: Peer, via: Path, other: Peer, at: Path): void {
  const w = new ByteWriter(32)
  encodeRendezvous(w, { peer: other.address, endpoint: at.endpoint })
  sendOn(core.d, to.link, via, Verb.Rendezvous, w.bytes)
}

/** The nearest scope in which both have a path of the same family; IPv6 first. */
function findMeeting(now: Instant, a: Peer, b: Peer): { readonly ofA: Path; readonly ofB: Path } | undefined {
  for (let scope = 7; scope > 0; scope--) {
    for (const family of [6, 4] as const) {
      const ofA = bestOf(now, a, scope as IpScope, family)
      const ofB = ofA && bestOf(now, b, scope as IpScope, family)
      if (ofA && ofB) return { ofA, ofB }
    }
  }
  return undefined
}

function bestOf(now: Instant, peer: Peer, scope: IpScope, family: 4 | 6): Path | undefined {
  let best: Path | undefined
  for (const path of peer.link.paths.all) {
    if (path.scope !== scope || path.endpoint.ip.family !== family) continue
    if (!best || pathCost(path, now) <= pathCost(best, now)) best = path
  }
  return best
}
