/**
 * OK: the answer to something we asked. What we did not ask is ignored altogether (ZeroTierOne node/IncomingPacket.cpp,
 * _doOK).
 */
import { sendQueued } from '@zt/dataplane'
import { measure } from '@zt/multipath'
import {
  type Gathered,
  type MulticastGroup,
  type NetworkId,
  PROTOCOL_VERSION_MIN,
  Verb,
  decodeOkHead,
  decodeOkHello,
  decodeOkMulticastFrame,
  decodeOkMulticastGather,
  decodeOkWhois,
} from '@zt/protocol'
import type { ByteReader, Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import { onConfigChunk } from '../networks/configure.js'
import type { Peer } from '../peers/peer.js'
import { received } from '../peers/received.js'
import { steerBack } from '../peers/steer.js'
import { acceptWorlds } from '../upstreams/world-updates.js'
import { payloadOf } from './handler.js'
import { reportedSurface } from './reported-surface.js'

export function onOk(core: NodeCore, now: Instant, peer: Peer): void {
  const r = payloadOf(core)
  const head = decodeOkHead(r)
  if (!head) return core.counters.count('packet-malformed')
  if (!core.d.expectations.has(head.inRePacketId)) return core.counters.count('ok-unexpected')
  if (!handle(core, now, peer, head.inReVerb, r)) return
  received(core, now, peer)
}

/** False if the answer is not to count as received. */
function handle(core: NodeCore, now: Instant, peer: Peer, verb: number, r: ByteReader): boolean {
  switch (verb) {
    case Verb.Hello:
      return onOkHello(core, now, peer, r)
    case Verb.Whois:
      onOkWhois(core, peer, r)
      return true
    case Verb.NetworkConfigRequest:
      onConfigChunk(core, now, peer, r)
      return true
    case Verb.MulticastGather: {
      const ok = decodeOkMulticastGather(r)
      if (ok) gathered(core, now, ok.networkId, ok.group, ok.gathered)
      return true
    }
    case Verb.MulticastFrame: {
      const ok = decodeOkMulticastFrame(r)
      if (ok?.gathered) gathered(core, now, ok.networkId, ok.group, ok.gathered)
      return true
    }
    default:
      return true
  }
}

function onOkHello(core: NodeCore, now: Instant, peer: Peer, r: ByteReader): boolean {
  const ok = decodeOkHello(r)
  if (!ok || ok.protocolVersion < PROTOCOL_VERSION_MIN) return core.d.refuse('packet-malformed')
  const { hops, socket, from } = core.d.packet
  core.setVersion(peer, ok.protocolVersion, ok.software)
  if (peer.link.isUpstream) {
    peer.greetings = 0
    acceptWorlds(core, ok.worlds)
  }
  if (hops === 0 && from) {
    // The path is learnt first, so that the first answer gives it a latency.
    received(core, now, peer)
    const path = peer.link.paths.find(socket, from)
    if (path) measure(path, now - ok.echoedAt)
    if (path && ok.surface) steerBack(core, peer, path, ok.surface)
    if (ok.surface) reportedSurface(core, now, peer, ok.surface)
  }
  return true
}

function onOkWhois(core: NodeCore, peer: Peer, r: ByteReader): void {
  if (!peer.link.isUpstream) return core.counters.count('ok-whois-not-from-root')
  for (const identity of decodeOkWhois(r)?.identities ?? []) {
    if (!core.whoisSent.has(identity.address)) core.counters.count('ok-whois-not-asked')
    else if (core.addPeer(identity)) core.released.push(identity.address)
  }
}

/** Members of a group of ours: they are sent what waits for such. */
function gathered(
  core: NodeCore,
  now: Instant,
  networkId: NetworkId,
  group: MulticastGroup,
  { members }: Gathered,
): void {
  const network = core.networks.get(networkId)
  if (!network) return
  for (const member of members) {
    if (member === core.address) continue
    if (core.d.multicastMembers.add(now, networkId, group, member)) sendQueued(core.d, network.port, group, member)
  }
}
