/**
 * Showing our credentials to other members, and passing on revocations (ZeroTierOne node/Membership.cpp,
 * pushCredentials).
 */
import { type Member, type Port, sendOrPark, sendTo } from '@zt/dataplane'
import {
  type CertificateOfMembership,
  MAX_PACKET_LENGTH,
  type NetworkConfig,
  type NetworkCredentials,
  type Revocation,
  Verb,
  encodeNetworkCredentials,
} from '@zt/protocol'
import { ByteWriter, type Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import type { Peer } from '../peers/peer.js'
import type { JoinedNetwork } from './joined-network.js'

/** Between two answers to "show me your certificate" (ZT_PEER_CREDENTIALS_REQUEST_RATE_LIMIT). */
const REQUESTED_MS = 1_000
/** Six capabilities of full size, or all the rest of what a member can have, stay below the size of a packet. */
const MOST_CAPABILITIES = 2
const MOST_TAGS = 32
const NONE: NetworkCredentials = { coms: [], capabilities: [], tags: [], revocations: [], ownerships: [] }

/** A member is about to be sent something for the first time since our credentials were renewed. */
export function showCredentials(core: NodeCore, now: Instant, port: Port, member: Member): void {
  member.lastPush = now
  const network = core.networks.get(port.networkId)
  if (!network?.config) return
  network.credentials ??= encodeOwn(network.config)
  for (const payload of network.credentials) {
    sendOrPark(core.d, member.address, Verb.NetworkCredentials, payload, { compress: true })
  }
}

/** A member has asked for them. */
export function credentialsRequested(core: NodeCore, now: Instant, network: JoinedNetwork, peer: Peer): void {
  const member = network.port.member(peer.address)
  const isNew = member.lastPush < network.lastConfig
  if (isNew || now - member.lastPush > REQUESTED_MS) showCredentials(core, now, network.port, member)
}

/** Our credentials as payloads of as many packets as they need. The certificate of membership comes first. */
function encodeOwn(config: NetworkConfig): Uint8Array[] {
  const parts: Partial<NetworkCredentials>[] = []
  const coms: CertificateOfMembership[] = config.com ? [config.com] : []
  if (coms.length > 0 || config.ownerships.length > 0) parts.push({ coms, ownerships: config.ownerships })
  for (let i = 0; i < config.capabilities.length; i += MOST_CAPABILITIES) {
    parts.push({ capabilities: config.capabilities.slice(i, i + MOST_CAPABILITIES) })
  }
  for (let i = 0; i < config.tags.length; i += MOST_TAGS) parts.push({ tags: config.tags.slice(i, i + MOST_TAGS) })
  return parts.map((part) => encode({ ...NONE, ...part }))
}

function encode(credentials: NetworkCredentials): Uint8Array {
  const w = new ByteWriter(1024, MAX_PACKET_LENGTH)
  encodeNetworkCredentials(w, credentials)
  return w.finish()
}

/** A new revocation that is to spread: send it to all members but those who have it. */
export function passOnRevocation(core: NodeCore, now: Instant, revocation: Revocation, from: Peer): void {
  const network = core.networks.get(revocation.networkId)
  if (!network) return
  const payload = encode({ ...NONE, revocations: [revocation] })
  for (const { address } of network.port.members.values()) {
    // What the member has may be the link of a peer that was forgotten, without keys.
    const link = core.d.peers.get(address)
    if (!link?.isAlive(now) || address === from.address || address === revocation.signedBy) continue
    sendTo(core.d, link, Verb.NetworkCredentials, payload, { compress: true })
  }
}
