/** USER_MESSAGE: data between applications (ZeroTierOne node/IncomingPacket.cpp, _doUSER_MESSAGE). */
import { decodeUserMessage } from '@zt/protocol'
import type { Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import type { Peer } from '../peers/peer.js'
import { received } from '../peers/received.js'
import { payloadOf } from './handler.js'

export function onUserMessage(core: NodeCore, now: Instant, peer: Peer): void {
  const message = decodeUserMessage(payloadOf(core))
  if (message) {
    core.emit({ type: 'user-message', from: peer.address, messageType: message.type, bytes: message.data.slice() })
  }
  received(core, now, peer)
}
