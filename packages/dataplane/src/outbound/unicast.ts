/**
 * A frame to one member: the hot path. FRAME between our own MAC and its MAC, EXT_FRAME for a host that we bridge for.
 */
import { FRAME_ETHERTYPE, FRAME_NETWORK_ID, FRAME_PAYLOAD, MAX_PACKET_LENGTH, Verb } from '@zt/protocol'
import { ByteWriter, type Mac } from '@zt/sansio'
import type { Dataplane } from '../dataplane.js'
import { copy } from '../inbound/reassemble.js'
import type { Member } from '../networks/member.js'
import type { Port } from '../networks/port.js'
import { sendExtFrame } from './ext-frame.js'
import { sendForwards } from './forwards.js'
import { park, parkBuilt, sendBuilt } from './send.js'
import { writeHeaderFor, writeU16, writeU32 } from './wrap.js'

/** Credentials are shown again after this, renewed or not (ZT_PEER_ACTIVITY_TIMEOUT). */
const PUSH_AGAIN_MS = 500_000

/** Send a frame to the member whose MAC is `destination`. Frames that may not or cannot go are counted. */
export function sendUnicast(
  d: Dataplane,
  port: Port,
  source: Mac,
  destination: Mac,
  etherType: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): void {
  const member = port.memberWithMac(destination)
  const policy = port.policy!
  if (!policy.rules.acceptsAll) {
    d.filter.frame.set(source, destination, etherType, bytes, offset, length)
    const passes = d.filter.outgoing(policy, member, member.address)
    if (d.filter.forwardCount > 0) sendForwards(d, port, source, destination, etherType, bytes, offset)
    if (!passes) {
      d.counters.count('frame-out-filtered')
      return
    }
  }
  pushCredentials(d, port, member)
  if (source === port.mac) sendPlainFrame(d, port, member, etherType, bytes, offset, length)
  else sendExtFrame(d, port, member, 0, source, destination, etherType, bytes, offset, length)
}

function sendPlainFrame(
  d: Dataplane,
  port: Port,
  member: Member,
  etherType: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): void {
  const total = FRAME_PAYLOAD + length
  if (total > MAX_PACKET_LENGTH) {
    d.counters.count('frame-too-long')
    return
  }
  const { link } = member
  if (link === undefined) {
    const w = new ByteWriter(length + 10).u64(port.networkId).u16(etherType)
    park(d, member.address, Verb.Frame, w.put(bytes.subarray(offset, offset + length)).finish())
    return
  }
  const at = d.arena.nextTransmitSlot()
  const out = d.arena.bytes
  writeHeaderFor(d, at, link, Verb.Frame)
  writeU32(out, at + FRAME_NETWORK_ID, port.idHigh)
  writeU32(out, at + FRAME_NETWORK_ID + 4, port.idLow)
  writeU16(out, at + FRAME_ETHERTYPE, etherType)
  copy(out, at + FRAME_PAYLOAD, bytes, offset, length)
  if (!sendBuilt(d, link, at, total)) parkBuilt(d, link.address, at, total)
}

/** Show our credentials first, if they were renewed since this member last saw them. */
export function pushCredentials(d: Dataplane, port: Port, member: Member): void {
  if (member.lastPush >= port.configuredAt && d.now - member.lastPush < PUSH_AGAIN_MS) return
  d.upcalls.credentialsDue(port, member)
}
