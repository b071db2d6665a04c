/**
 * A frame came from somebody who has not proved its membership. It is told so, and the frame waits for the proof
 * (ZeroTierOne node/IncomingPacket.cpp, _doFRAME).
 */
import { parkInbound, reply } from '@zt/dataplane'
import { PacketError, Verb, encodeError } from '@zt/protocol'
import { ByteWriter, type Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import type { Peer } from '../peers/peer.js'
import { WHOIS_RETRY_MS } from '../peers/whois.js'
import { payloadOf } from '../verbs/handler.js'

export function refuseFrame(core: NodeCore, now: Instant, peer: Peer): void {
  core.counters.count('frame-in-unproven')
  parkInbound(core.d, now)
  core.arm('parked', now + WHOIS_RETRY_MS)
  if (!peer.refusalGate.pass(now)) return
  const w = new ByteWriter(32)
  encodeError(w, {
    inReVerb: core.d.packet.verb,
    inRePacketId: core.d.packet.id,
    code: PacketError.NeedMembershipCertificate,
    networkId: payloadOf(core).u64(),
  })
  reply(core.d, Verb.Error, w.bytes)
}
