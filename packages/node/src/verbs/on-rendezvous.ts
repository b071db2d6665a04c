/** RENDEZVOUS: a root says where a peer might be reached (ZeroTierOne node/IncomingPacket.cpp, _doRENDEZVOUS). */
import { PARKED_MS } from '@zt/dataplane'
import { decodeRendezvous } from '@zt/protocol'
import type { Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import type { Peer } from '../peers/peer.js'
import { received } from '../peers/received.js'
import { meet } from '../peers/rendezvous.js'
import { askWhois } from '../peers/whois.js'
import { payloadOf } from './handler.js'

export function onRendezvous(core: NodeCore, now: Instant, peer: Peer): void {
  const rendezvous = decodeRendezvous(payloadOf(core))
  if (!rendezvous) return core.counters.count('packet-malformed')
  if (!peer.link.isUpstream) core.counters.count('rendezvous-not-from-root')
  else {
    const { socket } = core.d.packet
    const { endpoint } = rendezvous
    const other = core.peers.get(rendezvous.peer)
    if (other) meet(core, now, other, socket, endpoint)
    else if (rendezvous.peer !== core.address) {
      // Deviation: ZeroTierOne forgets it, and the two meet half a minute later. The packet that caused it is often the
      // first we hear of the peer.
      core.earlyRendezvous.set(rendezvous.peer, { socket, endpoint, until: now + PARKED_MS })
      askWhois(core, now, rendezvous.peer)
    }
  }
  received(core, now, peer)
}
