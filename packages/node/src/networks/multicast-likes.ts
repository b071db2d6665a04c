/** Telling others which groups we listen to (ZeroTierOne node/Network.cpp, _announceMulticastGroups). */
import { type Member, type Port, sendOrPark, sendTo } from '@zt/dataplane'
import {
  type Address,
  type MulticastGroup,
  SpecialistRole,
  Verb,
  encodeMulticastLike,
  specialistsWith,
} from '@zt/protocol'
import { ByteWriter, type Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import type { JoinedNetwork } from './joined-network.js'

/** ZT_MULTICAST_ANNOUNCE_PERIOD */
const ANNOUNCE_MS = 60_000
/** After an announcement that no root could be sent. */
const RETRY_MS = 5_000
/** Public roots do not put fragments together, so a packet is one datagram: 28 bytes and 18 for each group. */
const GROUPS_PER_PACKET = 70

/** Announce what is due: new groups at once, all of them every minute. */
export function announceGroups(core: NodeCore, now: Instant): void {
  for (const network of core.networks.values()) {
    if (!network.config) continue
    const isDue = now - network.lastAnnounced >= ANNOUNCE_MS
    if (isDue) {
      network.newGroups.length = 0
      announceToKeepers(core, now, network)
    }
    if (network.newGroups.length > 0) announceNew(core, network, network.newGroups.splice(0))
  }
}

/** Announce our groups to the members that were not told for a minute. */
export function announceToMembers(core: NodeCore, now: Instant): void {
  for (const { port } of core.networks.values()) {
    for (const member of port.members.values()) {
      if (now >= member.nextLike && member.link?.isAlive(now) && port.admit(member.link))
        announceTo(core, now, port, member)
    }
  }
}

function announceToKeepers(core: NodeCore, now: Instant, network: JoinedNetwork): void {
  const groups = network.port.groups()
  let isSent = groups.length === 0
  for (const keeper of keepers(core, network)) {
    if (core.upstreams.rootWith(keeper)) isSent = announce(core, network.port, groups, keeper) || isSent
    else
      for (const payload of encode(network.port, groups))
        sendOrPark(core.d, keeper, Verb.MulticastLike, payload, { compress: true })
  }
  // Without a root nobody would find us: try again soon.
  const isHeard = isSent || core.upstreams.roots.length === 0
  network.lastAnnounced = isHeard ? now : now - ANNOUNCE_MS + RETRY_MS
}

function announceNew(core: NodeCore, network: JoinedNetwork, groups: readonly MulticastGroup[]): void {
  for (const keeper of keepers(core, network)) announce(core, network.port, groups, keeper)
  for (const { link } of network.port.members.values()) {
    if (link && network.port.admit(link)) announce(core, network.port, groups, link.address)
  }
}

/** A member passed the gate and has not been told for a while. */
export function announceTo(core: NodeCore, now: Instant, port: Port, member: Member): void {
  member.nextLike = now + ANNOUNCE_MS
  announce(core, port, port.groups(), member.address)
}

/** Those who keep everybody's groups: the controller, the roots, anchors and replicators. */
function keepers(core: NodeCore, { controller, config }: JoinedNetwork): Set<Address> {
  const all = new Set([controller, ...core.upstreams.roots.map((root) => root.identity.address)])
  if (config)
    for (const address of specialistsWith(config, SpecialistRole.Anchor | SpecialistRole.Replicator)) all.add(address)
  all.delete(core.address)
  return all
}

/** Says whether they could be sent. */
function announce(core: NodeCore, port: Port, groups: readonly MulticastGroup[], to: Address): boolean {
  const link = core.d.peers.get(to)
  if (!link) return false
  return encode(port, groups).every((payload) => sendTo(core.d, link, Verb.MulticastLike, payload, { compress: true }))
}

function encode({ networkId }: Port, groups: readonly MulticastGroup[]): Uint8Array[] {
  const payloads: Uint8Array[] = []
  for (let i = 0; i < groups.length; i += GROUPS_PER_PACKET) {
    const w = new ByteWriter(GROUPS_PER_PACKET * 18)
    encodeMulticastLike(w, {
      subscriptions: groups.slice(i, i + GROUPS_PER_PACKET).map((group) => ({ networkId, group })),
    })
    payloads.push(w.finish())
  }
  return payloads
}
