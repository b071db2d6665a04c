/** MULTICAST_LIKE: a peer listens to groups (ZeroTierOne node/IncomingPacket.cpp, _doMULTICAST_LIKE). */
import { sendQueued } from '@zt/dataplane'
import { type NetworkId, decodeMulticastLike } from '@zt/protocol'
import type { Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import { mayUseMulticastService } from '../networks/controller-service.js'
import type { Peer } from '../peers/peer.js'
import { received } from '../peers/received.js'
import { payloadOf } from './handler.js'

export function onMulticastLike(core: NodeCore, now: Instant, peer: Peer): void {
  const like = decodeMulticastLike(payloadOf(core))
  if (!like) return core.counters.count('packet-malformed')
  const allowed = new Map<NetworkId, boolean>()
  for (const { networkId, group } of like.subscriptions) {
    let isAllowed = allowed.get(networkId)
    if (isAllowed === undefined)
      allowed.set(networkId, (isAllowed = mayUseMulticastService(core, now, networkId, peer)))
    if (!peer.likeGate.pass(now)) core.counters.count('like-limited')
    else if (!isAllowed) core.counters.count('like-not-allowed')
    else if (core.d.multicastMembers.add(now, networkId, group, peer.address)) {
      const network = core.networks.get(networkId)
      if (network?.config) sendQueued(core.d, network.port, group, peer.address)
    }
  }
  received(core, now, peer)
}
