/**
 * Meeting a peer at an endpoint that a root named: open our NAT towards it, and probe (ZeroTierOne node/Switch.cpp,
 * introduce and node/IncomingPacket.cpp).
 */
import { Path, PUNCH_BYTES, PUNCH_TTL } from '@zt/multipath'
import type { Endpoint, Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import { probe, sendHello } from './contact.js'
import type { Peer } from './peer.js'

/** Begin to meet a peer there. */
export function meet(core: NodeCore, now: Instant, peer: Peer, socket: number, endpoint: Endpoint): void {
  if (!core.isUsableFor(peer, endpoint) || peer.link.paths.reaches(now, endpoint)) return
  const junk = core.d.random.fill(new Uint8Array(PUNCH_BYTES))
  core.d.port.send(socket, endpoint, junk, 0, PUNCH_BYTES, PUNCH_TTL)
  peer.candidates.add(now, endpoint)
  core.punches.begin(now, peer.address, socket, endpoint)
  punch(core, now)
}

/** Send the probes that are due. The first is an ECHO if the peer answers that; those after it introduce us as well. */
export function punch(core: NodeCore, now: Instant): void {
  for (const { peer: address, socket, endpoint, probes } of core.punches.take(now)) {
    const peer = core.peers.get(address)
    if (!peer || peer.link.paths.reaches(now, endpoint)) continue
    const path = peer.link.paths.find(socket, endpoint) ?? new Path(socket, endpoint, core.settings.physicalMtu)
    if (probes === 1) probe(core, now, peer, path)
    else sendHello(core, now, peer, socket, endpoint)
  }
  const next = core.punches.next()
  if (next < Number.POSITIVE_INFINITY) core.arm('punch', next)
}
