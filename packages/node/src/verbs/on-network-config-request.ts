/**
 * NETWORK_CONFIG_REQUEST: for the controller plugged into us, if there is one (ZeroTierOne node/IncomingPacket.cpp,
 * _doNETWORK_CONFIG_REQUEST).
 */
import { reply } from '@zt/dataplane'
import { PacketError, Verb, decodeNetworkConfigRequest, encodeError } from '@zt/protocol'
import { ByteWriter, type Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import { sendControllerMessage } from '../networks/controller-service.js'
import type { Peer } from '../peers/peer.js'
import { received } from '../peers/received.js'
import { payloadOf } from './handler.js'

export function onNetworkConfigRequest(core: NodeCore, now: Instant, peer: Peer): void {
  const request = decodeNetworkConfigRequest(payloadOf(core))
  if (!request) return core.counters.count('packet-malformed')
  if (!peer.controllerGate.pass(now)) return core.counters.count('config-request-limited')
  const { hops, from, id } = core.d.packet
  const { networkId } = request
  if (core.controller) {
    const messages = core.controller.handleRequest(now, {
      networkId,
      from: peer.link.identity,
      requestId: id,
      metadata: request.metadata.slice(),
      endpoint: hops === 0 ? from : undefined,
    })
    for (const message of messages) sendControllerMessage(core, now, message)
  } else {
    const w = new ByteWriter(32)
    encodeError(w, {
      inReVerb: Verb.NetworkConfigRequest,
      inRePacketId: id,
      code: PacketError.UnsupportedOperation,
      networkId,
    })
    reply(core.d, Verb.Error, w.bytes)
  }
  peer.link.lastFrame = now
  received(core, now, peer)
}
