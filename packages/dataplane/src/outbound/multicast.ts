/**
 * A frame for many: to whom, and how (ZeroTierOne node/Switch.cpp, onLocalEthernet and node/Multicaster.cpp, send). The
 * sender makes the copies.
 */
import type { Path } from '@zt/multipath'
import { UNMEASURED } from '@zt/multipath'
import {
  type Address,
  MAX_PACKET_LENGTH,
  type MulticastGroup,
  PACKET_HEADER,
  Verb,
  encodeMulticastFrame,
} from '@zt/protocol'
import { BROADCAST_MAC, ByteWriter, type Mac } from '@zt/sansio'
import type { Dataplane } from '../dataplane.js'
import { keyOf } from '../networks/multicast-members.js'
import type { Port } from '../networks/port.js'
import type { PeerLink } from '../peers/peer-link.js'
import { sendForwards } from './forwards.js'
import { arpTarget, isNeighbourSolicitation } from './group-of-frame.js'
import { emulateNdp } from './ndp-emulation.js'
import { park, sendOn, sendTo } from './send.js'
import { pushCredentials } from './unicast.js'
import { NOBODY } from './wrap.js'

/** Send a frame of our own, or of a host that we bridge for, to a group. */
export function sendMulticast(
  d: Dataplane,
  port: Port,
  source: Mac,
  destination: Mac,
  etherType: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): void {
  let adi = 0
  if (destination === BROADCAST_MAC) {
    adi = arpTarget(etherType, bytes, offset, length)
    if (adi === 0 && !port.allowsBroadcast) return d.drop('broadcast-not-allowed')
  } else if (isNeighbourSolicitation(etherType, bytes, offset, length) && emulateNdp(d, port, source, bytes, offset)) {
    return
  }
  const config = port.config!
  if (config.multicastLimit === 0) return d.drop('multicast-not-allowed')
  const group = { mac: destination, adi }
  const isBridged = source !== port.mac
  if (isBridged) port.learnGroupBehind(group)

  const { filter } = d
  filter.frame.set(source, destination, etherType, bytes, offset, length)
  const passes = filter.outgoing(port.policy!, undefined, NOBODY)
  if (filter.forwardCount > 0) sendForwards(d, port, source, destination, etherType, bytes, offset)
  if (!passes) return d.drop('frame-out-filtered')
  replicate(d, port, NOBODY, group, isBridged ? source : undefined, etherType, bytes.slice(offset, offset + length))
}

/**
 * Send a frame to the members of a group.
 *
 * @param origin whom we replicate for; nobody if the frame is ours.
 * @param source the frame's MAC unless it is our own.
 * @param payload kept.
 */
export function replicate(
  d: Dataplane,
  port: Port,
  origin: Address,
  group: MulticastGroup,
  source: Mac | undefined,
  etherType: number,
  payload: Uint8Array,
): void {
  if (giveToReplicator(d, port, group, source, etherType, payload)) return
  const limit = port.config!.multicastLimit
  const members = d.multicastMembers.of(d.now, port.networkId, group)
  const isEnough = members.length >= limit
  const gatherLimit = isEnough ? 1 : limit - members.length + 1
  if (!isEnough) d.upcalls.membersWanted(port, group, gatherLimit)

  const recipients = new Set([...port.activeBridges, ...members])
  recipients.delete(d.address)
  recipients.delete(origin)
  const chosen = [...recipients].slice(0, limit)
  for (const member of chosen) sendCopy(d, port, member, group, gatherLimit, source, etherType, payload)
  if (isEnough) return
  const sentTo = new Set([d.address, origin, ...chosen])
  d.multicastQueue.add(d.now, keyOf(port.networkId, group), {
    group,
    source,
    etherType,
    payload,
    sentTo,
    left: limit - chosen.length,
  })
}

/** A member has become known to listen to a group: send it what waits for such as it. */
export function sendQueued(d: Dataplane, port: Port, group: MulticastGroup, member: Address): void {
  for (const frame of d.multicastQueue.takeFor(d.now, keyOf(port.networkId, group), member)) {
    sendCopy(d, port, member, frame.group, frame.left, frame.source, frame.etherType, frame.payload)
  }
}

/** Send one copy. The rules are asked about each recipient; one that they refuse counts as having got it. */
function sendCopy(
  d: Dataplane,
  port: Port,
  to: Address,
  group: MulticastGroup,
  gatherLimit: number,
  source: Mac | undefined,
  etherType: number,
  payload: Uint8Array,
): void {
  const member = port.member(to)
  d.filter.frame.set(source ?? port.mac, group.mac, etherType, payload, 0, payload.length)
  if (!d.filter.outgoingReplica(port.policy!, member, to)) return d.drop('frame-out-filtered')
  pushCredentials(d, port, member)
  const packet = encode(port, group, etherType, payload, source, gatherLimit)
  if (!packet) return d.drop('frame-too-long')
  if (!member.link || !sendTo(d, member.link, Verb.MulticastFrame, packet)) park(d, to, Verb.MulticastFrame, packet)
}

/**
 * Leave it to a member whose task it is, if there is one that we reach directly. Bridges never do: the source of the
 * frame would seem to be there.
 */
function giveToReplicator(
  d: Dataplane,
  port: Port,
  group: MulticastGroup,
  source: Mac | undefined,
  etherType: number,
  payload: Uint8Array,
): boolean {
  if (port.isBridge || port.replicators.length === 0 || port.replicators.includes(d.address)) return false
  let best: { readonly link: PeerLink; readonly path: Path } | undefined
  for (const address of port.replicators) {
    const link = d.peers.get(address)
    const path = link?.isAlive(d.now) ? link.paths.best(d.now) : undefined
    if (link && path && path.latency < (best?.path.latency ?? UNMEASURED)) best = { link, path }
  }
  const packet = best && encode(port, group, etherType, payload, source ?? port.mac, undefined, true)
  if (!best || !packet) return false
  sendOn(d, best.link, best.path, Verb.MulticastFrame, packet)
  return true
}

/** `undefined` if it does not fit a packet. */
function encode(
  port: Port,
  group: MulticastGroup,
  etherType: number,
  payload: Uint8Array,
  source: Mac | undefined,
  gatherLimit: number | undefined,
  replicate = false,
): Uint8Array | undefined {
  if (payload.length > MAX_PACKET_LENGTH - PACKET_HEADER - 64) return undefined
  const w = new ByteWriter(payload.length + 64)
  const { networkId } = port
  encodeMulticastFrame(w, {
    networkId,
    ...(gatherLimit ? { gatherLimit } : {}),
    ...(source === undefined ? {} : { source }),
    replicate,
    group,
    etherType,
    payload,
  })
  return w.finish()
}
