/** MULTICAST_FRAME: a frame for a group (ZeroTierOne node/IncomingPacket.cpp, _doMULTICAST_FRAME). */
import {
  type Address,
  type MulticastFrame,
  type MulticastGroup,
  MAX_NETWORK_MTU,
  PACKET_HEADER,
  Verb,
  decodeMulticastFrame,
  encodeOkHead,
  encodeOkMulticastFrame,
} from '@zt/protocol'
import { ByteReader, ByteWriter, type Instant, isMulticastMac } from '@zt/sansio'
import type { Dataplane } from '../dataplane.js'
import type { Member } from '../networks/member.js'
import type { Port } from '../networks/port.js'
import { replicate } from '../outbound/multicast.js'
import { reply } from '../outbound/reply.js'
import { Admission } from '../rules/filter.js'
import { admitSender } from './admit-sender.js'
import { judge } from './judge.js'
import { noteFrame, noteUseless } from './note-received.js'
import { type Outcome, Received } from './outcome.js'

/** Members in one answer, whatever was asked for. */
const MOST_GATHERED = 256

export function onMulticastFrame(d: Dataplane, now: Instant): Outcome {
  const { bytes, at, end } = d.packet
  const frame = decodeMulticastFrame(new ByteReader(bytes, at + PACKET_HEADER, end))
  if (!frame) return d.done('packet-malformed')
  const port = d.portOf(frame.networkId)
  if (!port) return d.done('frame-in-unknown-network')
  const member = admitSender(d, now, port, frame.com)
  if (!member) return Received.unproven
  if (now >= member.nextLike) d.upcalls.likesDue(port, member)
  if (port.config!.multicastLimit === 0) return noteUseless(d, now, false, 'multicast-not-allowed')

  const outcome = noteFrame(d, now, true)
  const refusal = deliver(d, port, member, frame)
  if (refusal) d.counters.count(refusal)
  if (frame.gatherLimit && refusal !== 'frame-in-bad-source') answer(d, now, port, frame, frame.gatherLimit)
  return outcome
}

/** Returns why the frame was not delivered, if it was not. Whether we listen to the group is not asked. */
function deliver(d: Dataplane, port: Port, member: Member, frame: MulticastFrame): string | undefined {
  const { group, etherType, payload } = frame
  const source = frame.source ?? member.mac
  if (payload.length === 0 || payload.length > MAX_NETWORK_MTU) return 'frame-in-empty'
  if (!isMulticastMac(group.mac) || source === 0 || isMulticastMac(source) || source === port.mac)
    return 'frame-in-bad-source'
  if (frame.replicate && port.replicators.includes(d.address)) {
    replicate(d, port, member.address, group, source, etherType, payload.slice())
  }
  if (source !== member.mac) {
    if (!port.activeBridges.includes(member.address)) return 'frame-in-not-a-bridge'
    port.bridges.learn(source, member.address)
  }
  const admission = judge(d, port, member, source, group.mac, etherType, payload, 0, payload.length)
  if (admission === Admission.Drop) return 'frame-in-filtered'
  port.onReceive(source, group.mac, etherType, payload, 0, payload.length)
  return undefined
}

function answer(d: Dataplane, now: Instant, port: Port, { group }: MulticastFrame, limit: number): void {
  const gathered = gather(d, now, port, group, d.packet.source, limit)
  if (gathered.members.length === 0) return
  const w = new ByteWriter()
  encodeOkHead(w, { inReVerb: Verb.MulticastFrame, inRePacketId: d.packet.id })
  encodeOkMulticastFrame(w, { networkId: port.networkId, group, gathered })
  reply(d, Verb.Ok, w.bytes)
}

/** Some members of a group for somebody who asks: ourselves first if we listen, then others in random order. */
export function gather(
  d: Dataplane,
  now: Instant,
  port: Pick<Port, 'networkId' | 'isSubscribed'>,
  group: MulticastGroup,
  asker: Address,
  limit: number,
): { readonly totalKnown: number; readonly members: Address[] } {
  const known = d.multicastMembers.of(now, port.networkId, group)
  const own = port.isSubscribed(group) ? [d.address] : []
  const others = known.filter((member) => member !== asker)
  return {
    totalKnown: known.length + own.length,
    members: [...own, ...others].slice(0, Math.min(limit, MOST_GATHERED)),
  }
}
