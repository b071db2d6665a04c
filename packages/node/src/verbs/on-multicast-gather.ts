/** MULTICAST_GATHER: who listens to this group? (ZeroTierOne node/IncomingPacket.cpp, _doMULTICAST_GATHER) */
import { gather, reply } from '@zt/dataplane'
import { Verb, decodeMulticastGather, encodeOkHead, encodeOkMulticastGather } from '@zt/protocol'
import { ByteWriter, type Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import { mayUseMulticastService } from '../networks/controller-service.js'
import type { Peer } from '../peers/peer.js'
import { received } from '../peers/received.js'
import { payloadOf } from './handler.js'

export function onMulticastGather(core: NodeCore, now: Instant, peer: Peer): void {
  const asked = decodeMulticastGather(payloadOf(core))
  if (!asked) return core.counters.count('packet-malformed')
  if (!peer.gatherGate.pass(now)) return core.counters.count('gather-limited')
  const { networkId, group, limit, com } = asked
  const network = core.networks.get(networkId)
  if (com && network) network.port.member(peer.address).addCom(com, core.d.identityOf)
  const isTrusted = network?.port.admit(peer.link) !== undefined
  if (limit > 0 && (isTrusted || mayUseMulticastService(core, now, networkId, peer))) {
    const port = network?.port ?? { networkId, isSubscribed: () => false }
    const gathered = gather(core.d, now, port, group, peer.address, limit)
    if (gathered.members.length > 0) {
      const w = new ByteWriter()
      encodeOkHead(w, { inReVerb: Verb.MulticastGather, inRePacketId: core.d.packet.id })
      encodeOkMulticastGather(w, { networkId, group, gathered })
      reply(core.d, Verb.Ok, w.bytes)
    }
  } else core.counters.count('gather-not-allowed')
  received(core, now, peer, isTrusted)
}
