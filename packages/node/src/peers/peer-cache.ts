/**
 * Peers of earlier runs: whoever was reached directly can be reached again without asking a root. Kept in ZeroTierOne's
 * own files `peers.d/<address>.peer`.
 */
import { type Address, formatAddress } from '@zt/protocol'
import type { Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import { MOST_ENDPOINTS, encodeCachedPeer } from './cached-peer.js'
import { sendHelloFromAll } from './contact.js'
import type { Peer } from './peer.js'

/** Somebody asks for this address: if it was kept, it is known now, and is looked for where it was. */
export function recall(core: NodeCore, now: Instant, address: Address): boolean {
  const cached = core.cachedPeers.get(address)
  if (!cached) return false
  core.cachedPeers.delete(address)
  const peer = core.addPeer(cached.identity)
  if (!peer) return false
  core.setVersion(peer, cached.protocol, cached.software)
  for (const endpoint of cached.endpoints) {
    if (!core.isUsableFor(peer, endpoint)) continue
    peer.candidates.add(now, endpoint)
    sendHelloFromAll(core, now, peer, endpoint)
  }
  core.released.push(address)
  core.arm('parked', now)
  return true
}

/** Have a peer kept if it was reached somewhere else than last time. */
export function keepPeer(core: NodeCore, peer: Peer): void {
  const { link, software, protocol } = peer
  if (link.isUpstream || link.paths.size === 0 || !software) return
  const endpoints = link.paths.all.slice(0, MOST_ENDPOINTS).map(({ endpoint }) => endpoint)
  const summary = endpoints.join(' ')
  if (summary === peer.keptAt) return
  peer.keptAt = summary
  const bytes = encodeCachedPeer({ identity: link.identity, protocol, software, endpoints })
  core.emit({ type: 'persist', key: `peers.d/${formatAddress(peer.address)}.peer`, bytes })
}
