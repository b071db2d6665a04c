/** What waited for a peer to become known, or to prove its membership, goes on. */
import { sendParked, unpark } from '@zt/dataplane'
import type { Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import type { Peer } from './peer.js'
import { meet } from './rendezvous.js'

/**
 * Work off `core.released`: send our parked packets, and take theirs through the pipeline again with `retry`, which
 * handles the packet in `core.d.packet`. Not to be called while a packet is being handled.
 */
export function workOffReleased(core: NodeCore, now: Instant, retry: (now: Instant) => void): void {
  for (let address = core.released.pop(); address !== undefined; address = core.released.pop()) {
    const peer = core.peers.get(address)
    if (!peer) continue
    core.whoisSent.delete(address)
    sendParked(core.d, peer.link)
    meetEarly(core, now, peer)
    for (const parked of core.d.parkedIn.takeFor(address)) {
      unpark(core.d, parked)
      retry(now)
    }
  }
}

/** A root introduced this peer to us before we knew it. */
function meetEarly(core: NodeCore, now: Instant, peer: Peer): void {
  const early = core.earlyRendezvous.get(peer.address)
  if (!early) return
  core.earlyRendezvous.delete(peer.address)
  if (early.until > now) meet(core, now, peer, early.socket, early.endpoint)
}
