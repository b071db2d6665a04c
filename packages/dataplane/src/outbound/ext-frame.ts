/** EXT_FRAME: a frame with its MACs, for bridges and for copies (ZeroTierOne node/IncomingPacket.cpp, _doEXT_FRAME). */
import {
  EXT_FRAME_DESTINATION,
  EXT_FRAME_ETHERTYPE,
  EXT_FRAME_FLAGS,
  EXT_FRAME_PAYLOAD,
  EXT_FRAME_SOURCE,
  FRAME_NETWORK_ID,
  MAX_PACKET_LENGTH,
  PACKET_HEADER,
  Verb,
} from '@zt/protocol'
import { ByteWriter, type Mac } from '@zt/sansio'
import type { Dataplane } from '../dataplane.js'
import { copy } from '../inbound/reassemble.js'
import type { Member } from '../networks/member.js'
import type { Port } from '../networks/port.js'
import { park, parkBuilt, sendBuilt } from './send.js'
import { writeHeaderFor, writeMac, writeU16, writeU32 } from './wrap.js'

/** Send the frame to a member, whether or not its MAC is the destination. */
export function sendExtFrame(
  d: Dataplane,
  port: Port,
  member: Member,
  flags: number,
  source: Mac,
  destination: Mac,
  etherType: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): void {
  const total = EXT_FRAME_PAYLOAD + length
  if (total > MAX_PACKET_LENGTH) {
    d.counters.count('frame-too-long')
    return
  }
  const { link } = member
  if (link === undefined) {
    const w = new ByteWriter(total - PACKET_HEADER)
      .u64(port.networkId)
      .u8(flags)
      .u48(destination)
      .u48(source)
      .u16(etherType)
    park(d, member.address, Verb.ExtFrame, w.put(bytes.subarray(offset, offset + length)).finish())
    return
  }
  const at = d.arena.nextTransmitSlot()
  const out = d.arena.bytes
  writeHeaderFor(d, at, link, Verb.ExtFrame)
  writeU32(out, at + FRAME_NETWORK_ID, port.idHigh)
  writeU32(out, at + FRAME_NETWORK_ID + 4, port.idLow)
  out[at + EXT_FRAME_FLAGS] = flags
  writeMac(out, at + EXT_FRAME_DESTINATION, destination)
  writeMac(out, at + EXT_FRAME_SOURCE, source)
  writeU16(out, at + EXT_FRAME_ETHERTYPE, etherType)
  copy(out, at + EXT_FRAME_PAYLOAD, bytes, offset, length)
  if (!sendBuilt(d, link, at, total)) parkBuilt(d, link.address, at, total)
}
