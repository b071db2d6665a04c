/**
 * Serving a controller that is plugged into us: its messages are wrapped and sent, its members may use our multicast
 * tables.
 */
import { sendOrPark } from '@zt/dataplane'
import { type NetworkId, PacketError, Verb, encodeError, encodeOkHead } from '@zt/protocol'
import { ByteReader, ByteWriter, type Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import type { Peer } from '../peers/peer.js'
import { onConfigChunk, refused } from './configure.js'
import type { ControllerMessage } from './controller-port.js'

/** A member that was given a configuration may use our multicast service for three refreshes and some. */
const AUTHORIZED_MS = 240_000

/** Send a controller's message to a member, or take it ourselves. */
export function sendControllerMessage(core: NodeCore, now: Instant, message: ControllerMessage): void {
  if (message.to === core.address) return takeOwnMessage(core, now, message)
  switch (message.type) {
    case 'config':
      core.authorizedMembers.set(`${message.networkId} ${message.to}`, now)
      for (const chunk of message.chunks) sendChunk(core, message, chunk)
      break
    case 'refusal': {
      const { networkId, inReplyTo, code, data } = message
      const w = new ByteWriter(32)
      const reply = { inReVerb: Verb.NetworkConfigRequest, inRePacketId: inReplyTo, code, networkId }
      encodeError(w, data ? { ...reply, authentication: data } : reply)
      sendOrPark(core.d, message.to, Verb.Error, w.finish())
      break
    }
    case 'credentials':
      sendOrPark(core.d, message.to, Verb.NetworkCredentials, message.payload, { compress: true })
  }
}

function sendChunk(core: NodeCore, { to, inReplyTo }: ControllerMessage & { type: 'config' }, chunk: Uint8Array): void {
  if (inReplyTo === undefined) return sendOrPark(core.d, to, Verb.NetworkConfig, chunk, { compress: true })
  const w = new ByteWriter(chunk.length + 16)
  encodeOkHead(w, { inReVerb: Verb.NetworkConfigRequest, inRePacketId: inReplyTo })
  sendOrPark(core.d, to, Verb.Ok, w.put(chunk).finish(), { compress: true })
}

function takeOwnMessage(core: NodeCore, now: Instant, message: ControllerMessage): void {
  if (message.type === 'credentials') return
  if (message.type === 'config') {
    for (const chunk of message.chunks) onConfigChunk(core, now, undefined, new ByteReader(chunk))
    return
  }
  const network = core.networks.get(message.networkId)
  if (!network) return
  const isDenied = message.code === PacketError.NetworkAccessDenied
  refused(
    core,
    now,
    network,
    isDenied ? 'denied' : message.code === PacketError.NetworkAuthenticationRequired ? 'auth-required' : 'not-found',
  )
}

/** May this peer announce and gather groups of this network with us? */
export function mayUseMulticastService(core: NodeCore, now: Instant, networkId: NetworkId, peer: Peer): boolean {
  if (core.d.isRelay || core.networks.get(networkId)?.port.admit(peer.link)) return true
  const since = core.authorizedMembers.get(`${networkId} ${peer.address}`)
  return since !== undefined && now - since < AUTHORIZED_MS
}
