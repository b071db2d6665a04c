/** FRAME: a frame between two members' own MACs. The hot path (ZeroTierOne node/IncomingPacket.cpp, _doFRAME). */
import { FRAME_ETHERTYPE, FRAME_NETWORK_ID, FRAME_PAYLOAD } from '@zt/protocol'
import type { Instant } from '@zt/sansio'
import type { Dataplane } from '../dataplane.js'
import { Admission } from '../rules/filter.js'
import { readI32 } from './classify.js'
import { judge } from './judge.js'
import { noteFrame, noteReceived, noteUseless } from './note-received.js'
import { type Outcome, Received } from './outcome.js'

export function onFrame(d: Dataplane, now: Instant): Outcome {
  const { bytes, at, end, link } = d.packet
  if (d.packet.length < FRAME_PAYLOAD) return d.done('packet-malformed')
  const port = d.findPort(readI32(bytes, at + FRAME_NETWORK_ID), readI32(bytes, at + FRAME_NETWORK_ID + 4))
  if (port === undefined) return noteUseless(d, now, false, 'frame-in-unknown-network')
  const member = port.admit(link!)
  if (member === undefined) return Received.unproven
  if (now >= member.nextLike) d.upcalls.likesDue(port, member)

  const payload = at + FRAME_PAYLOAD
  const length = end - payload
  if (length === 0) return noteReceived(d, now, true)
  const etherType = (bytes[at + FRAME_ETHERTYPE] << 8) | bytes[at + FRAME_ETHERTYPE + 1]
  if (judge(d, port, member, member.mac, port.mac, etherType, bytes, payload, length) === Admission.Drop) {
    return noteUseless(d, now, true, 'frame-in-filtered')
  }
  const outcome = noteFrame(d, now, true)
  port.onReceive(member.mac, port.mac, etherType, bytes, payload, length)
  return outcome
}
