/**
 * WHOIS: tell identities that we know; look for those that we do not (ZeroTierOne node/IncomingPacket.cpp, _doWHOIS).
 */
import { reply } from '@zt/dataplane'
import { type Identity, IDENTITY_LENGTH, Verb, decodeWhois, encodeOkHead, encodeOkWhois } from '@zt/protocol'
import { ByteWriter, type Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import type { Peer } from '../peers/peer.js'
import { received } from '../peers/received.js'
import { askWhois } from '../peers/whois.js'
import { payloadOf } from './handler.js'

/** As many identities as fit one datagram: askers ask for one, as a rule. */
const MOST_IDENTITIES = Math.floor((1400 - 37) / IDENTITY_LENGTH)

export function onWhois(core: NodeCore, now: Instant, peer: Peer): void {
  if (!core.d.isRelay && !peer.whoisGate.pass(now)) return core.counters.count('whois-limited')
  const whois = decodeWhois(payloadOf(core))
  if (!whois) return core.counters.count('packet-malformed')
  const identities: Identity[] = []
  for (const address of whois.addresses.slice(0, MOST_IDENTITIES)) {
    const identity = address === core.address ? core.identity : core.peers.get(address)?.link.identity
    if (identity) identities.push(identity)
    else askWhois(core, now, address)
  }
  if (identities.length > 0) {
    const w = new ByteWriter(37 + identities.length * IDENTITY_LENGTH)
    encodeOkHead(w, { inReVerb: Verb.Whois, inRePacketId: core.d.packet.id })
    encodeOkWhois(w, { identities })
    reply(core.d, Verb.Ok, w.bytes)
  }
  received(core, now, peer)
}
