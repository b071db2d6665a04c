/** ECHO: are you there? (ZeroTierOne node/IncomingPacket.cpp, _doECHO) */
import { reply } from '@zt/dataplane'
import { MAX_PACKET_LENGTH, OK_PAYLOAD, Verb, decodeEcho, encodeEcho, encodeOkHead } from '@zt/protocol'
import { ByteWriter, type Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import type { Peer } from '../peers/peer.js'
import { received } from '../peers/received.js'
import { payloadOf } from './handler.js'

/** What an answer has room for. */
const MOST_ECHOED = MAX_PACKET_LENGTH - OK_PAYLOAD

export function onEcho(core: NodeCore, now: Instant, peer: Peer): void {
  if (!peer.echoGate.pass(now)) return core.counters.count('echo-limited')
  const echo = decodeEcho(payloadOf(core))
  if (!echo || echo.data.length > MOST_ECHOED) return core.counters.count('packet-malformed')
  const w = new ByteWriter(echo.data.length + 16)
  encodeOkHead(w, { inReVerb: Verb.Echo, inRePacketId: core.d.packet.id })
  encodeEcho(w, echo)
  reply(core.d, Verb.Ok, w.bytes)
  received(core, now, peer)
}
