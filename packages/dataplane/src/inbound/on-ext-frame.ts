/**
 * EXT_FRAME: a frame with its MACs, bridged or forwarded by a rule (ZeroTierOne node/IncomingPacket.cpp, _doEXT_FRAME).
 */
import {
  ExtFrameFlag,
  PACKET_HEADER,
  Verb,
  decodeExtFrame,
  encodeOkExtFrame,
  encodeOkHead,
  type ExtFrame,
} from '@zt/protocol'
import { ByteReader, ByteWriter, type Instant, isMulticastMac } from '@zt/sansio'
import type { Dataplane } from '../dataplane.js'
import type { Member } from '../networks/member.js'
import type { Port } from '../networks/port.js'
import { reply } from '../outbound/reply.js'
import { Admission } from '../rules/filter.js'
import { admitSender } from './admit-sender.js'
import { judge } from './judge.js'
import { noteFrame, noteUseless } from './note-received.js'
import { type Outcome, Received } from './outcome.js'

export function onExtFrame(d: Dataplane, now: Instant): Outcome {
  const { bytes, at, end } = d.packet
  const frame = decodeExtFrame(new ByteReader(bytes, at + PACKET_HEADER, end))
  if (!frame) return d.done('packet-malformed')
  const port = d.portOf(frame.networkId)
  if (!port) return noteUseless(d, now, false, 'frame-in-unknown-network')
  const member = admitSender(d, now, port, frame.com)
  if (!member) return Received.unproven
  if (now >= member.nextLike) d.upcalls.likesDue(port, member)
  if (frame.source === 0 || frame.source === port.mac) return noteUseless(d, now, true, 'frame-in-bad-source')

  const outcome = noteFrame(d, now, true)
  const refusal = frame.payload.length === 0 ? 'frame-in-empty' : deliver(d, port, member, frame)
  if (refusal) d.counters.count(refusal)
  const isAnswered = refusal === undefined || refusal === 'frame-in-filtered' || refusal === 'frame-in-empty'
  if (isAnswered && frame.flags & ExtFrameFlag.Acknowledge) acknowledge(d, frame)
  return outcome
}

/** Returns why the frame was not delivered, if it was not. */
function deliver(d: Dataplane, port: Port, member: Member, frame: ExtFrame): string | undefined {
  const { source, destination, etherType, payload } = frame
  const admission = judge(d, port, member, source, destination, etherType, payload, 0, payload.length)
  if (admission === Admission.Drop) return 'frame-in-filtered'
  if (admission === Admission.Accept) {
    if (source !== member.mac) {
      if (!port.activeBridges.includes(member.address)) return 'frame-in-not-a-bridge'
      port.bridges.learn(source, member.address)
    } else if (destination !== port.mac) {
      if (isMulticastMac(destination)) {
        if (port.config!.multicastLimit === 0) return 'multicast-not-allowed'
      } else if (!port.isBridge) return 'frame-in-not-for-us'
    }
  }
  port.onReceive(source, destination, etherType, payload, 0, payload.length)
  return undefined
}

function acknowledge(d: Dataplane, frame: ExtFrame): void {
  const w = new ByteWriter(32)
  encodeOkHead(w, { inReVerb: Verb.ExtFrame, inRePacketId: d.packet.id })
  encodeOkExtFrame(w, frame)
  reply(d, Verb.Ok, w.bytes)
}
