/** A peer has told from where our packets reach it. */
import type { Endpoint, Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import { probe } from '../peers/contact.js'
import type { Peer } from '../peers/peer.js'

/** Note it; if a root says that we have moved, all paths of that kind are in doubt until they answer. */
export function reportedSurface(core: NodeCore, now: Instant, peer: Peer, endpoint: Endpoint): void {
  const { socket, from } = core.d.packet
  if (!from) return
  const change = core.surface.learn(now, peer.address, socket, from, endpoint, peer.link.isUpstream)
  if (!change) return
  core.counters.count('surface-changed')
  for (const other of core.peers.values()) {
    for (const path of other.link.paths.doubt(change.scope, change.family)) probe(core, now, other, path)
  }
}
