/** Snapshots of peers; see `status.ts`. */
import { UNMEASURED, type Path } from '@zt/multipath'
import type { Instant } from '@zt/sansio'
import type { NodeCore } from './core.js'
import type { Peer } from './peers/peer.js'
import type { PathSnapshot, PeerSnapshot } from './status.js'

/** One peer as it is now. */
export function peerSnapshot(core: NodeCore, now: Instant, peer: Peer): PeerSnapshot {
  const { link, software } = peer
  const best = link.paths.best(now)
  return {
    address: peer.address,
    role: link.isUpstream ? 'planet' : 'leaf',
    version: software && `${software.major}.${software.minor}.${software.revision}`,
    protocol: peer.protocol,
    latency: best && latencyOf(best),
    lastReceive: known(link.lastReceive),
    paths: link.paths.all.filter((path) => !path.isExpired(now)).map((path) => pathSnapshot(now, path, path === best)),
    isDirect: best !== undefined,
    relayedBy: best || link.isUpstream ? undefined : core.d.upstream?.address,
  }
}

function pathSnapshot(now: Instant, path: Path, isPreferred: boolean): PathSnapshot {
  return {
    endpoint: path.endpoint,
    socket: path.socket,
    lastSend: known(path.lastSend),
    lastReceive: known(path.lastReceive),
    latency: latencyOf(path),
    isPreferred,
    isSuspect: path.isSuspect(now),
  }
}

function latencyOf(path: Path): number | undefined {
  return path.latency === UNMEASURED ? undefined : path.latency
}

function known(at: Instant): Instant | undefined {
  return at === Number.NEGATIVE_INFINITY ? undefined : at
}
