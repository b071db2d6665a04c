/** Are we online, and if not, why: judged by each root for itself. */
import { PEER_ACTIVITY_MS } from '@zt/dataplane'
import { UNMEASURED } from '@zt/multipath'
import type { Endpoint, Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import type { RootStatus, RootTrouble } from '../events.js'
import { bestUpstream } from '../upstreams/upstreams.js'
import { socketsFor } from './contact.js'
import { rootPeers } from './keepalive.js'

/** Choose the root to relay through, and say if we have come online or gone offline. */
export function judgeOnline(core: NodeCore, now: Instant, isTimeUp: boolean): void {
  core.d.upstream = bestUpstream(now, rootPeers(core))
  const isOnline =
    core.upstreams.isRoot || rootPeers(core).some(({ link }) => now - link.lastReceive < core.settings.rootTimeoutMs)
  if (isOnline === core.isOnline && (core.isDecided || !isTimeUp)) return
  core.isOnline = isOnline
  core.isDecided = true
  if (!isOnline) {
    core.emit({ type: 'offline', roots: rootStatuses(core, now) })
    core.arm('roots', now)
    return
  }
  core.emit({ type: 'online' })
  // What was announced while nobody could hear it is announced again; what waits for a root may go.
  for (const network of core.networks.values()) network.lastAnnounced = Number.NEGATIVE_INFINITY
  core.arm('parked', now)
}

/** Every root of the planet, with the reason why it is not reachable if it is not. */
export function rootStatuses(core: NodeCore, now: Instant): RootStatus[] {
  return core.upstreams.roots.map(({ identity, endpoints }) => {
    const peer = core.peers.get(identity.address)
    const path = peer?.link.paths.best(now)
    const lastReceive = peer?.link.lastReceive ?? Number.NEGATIVE_INFINITY
    const isReachable = now - lastReceive < core.settings.rootTimeoutMs
    const isUsable = (endpoint: Endpoint): boolean => peer === undefined || core.isUsableFor(peer, endpoint)
    const hasRoute = endpoints.some((endpoint) => isUsable(endpoint) && socketsFor(core, endpoint).length > 0)
    const trouble: RootTrouble = !hasRoute
      ? 'no-route'
      : lastReceive > Number.NEGATIVE_INFINITY
        ? 'silent'
        : peer && peer.hellosSent > 0
          ? 'no-reply'
          : 'not-asked'
    return {
      address: identity.address,
      endpoints,
      isReachable,
      hellosSent: peer?.hellosSent ?? 0,
      ...(isReachable ? {} : { trouble }),
      ...(path && { path: path.endpoint }),
      ...(path && path.latency !== UNMEASURED && { latency: path.latency }),
      ...(lastReceive > Number.NEGATIVE_INFINITY && { lastReceive }),
    }
  })
}

/** Forget peers that nobody has heard of for long. */
export function forgetPeers(core: NodeCore, now: Instant): void {
  for (const peer of [...core.peers.values()]) {
    if (peer.link.isUpstream || now - Math.max(peer.since, peer.link.lastReceive) < PEER_ACTIVITY_MS) continue
    core.removePeer(peer)
  }
}
