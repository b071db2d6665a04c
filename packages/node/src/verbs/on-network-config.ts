/**
 * NETWORK_CONFIG: a configuration that we did not ask for just now (ZeroTierOne node/IncomingPacket.cpp,
 * _doNETWORK_CONFIG).
 */
import { reply } from '@zt/dataplane'
import { Verb, encodeOkHead, encodeOkNetworkConfig } from '@zt/protocol'
import { ByteWriter, type Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import { onConfigChunk } from '../networks/configure.js'
import type { Peer } from '../peers/peer.js'
import { received } from '../peers/received.js'
import { payloadOf } from './handler.js'

export function onNetworkConfig(core: NodeCore, now: Instant, peer: Peer): void {
  const completed = onConfigChunk(core, now, peer, payloadOf(core))
  if (completed) {
    const w = new ByteWriter(32)
    // ZeroTierOne calls it an answer to ECHO, and nobody reads it.
    encodeOkHead(w, { inReVerb: Verb.Echo, inRePacketId: core.d.packet.id })
    encodeOkNetworkConfig(w, completed)
    reply(core.d, Verb.Ok, w.bytes)
  }
  peer.link.lastFrame = now
  received(core, now, peer)
}
