/** Packet headers, written where the packet is built; see ZeroTierOne node/Packet.hpp. */
import { type Address, PACKET_DESTINATION, PACKET_FLAGS, PACKET_ID, PACKET_SOURCE, PACKET_VERB } from '@zt/protocol'
import type { Mac } from '@zt/sansio'
import type { Dataplane } from '../dataplane.js'
import type { PeerLink } from '../peers/peer-link.js'

/** Begin a packet at `at`, with a fresh packet id. Flags and authenticator are left to sealing. */
export function writeHeaderFor(d: Dataplane, at: number, to: PeerLink, verb: number): void {
  const { bytes } = d.arena
  d.packetIds.write(bytes, at + PACKET_ID)
  bytes[at + PACKET_DESTINATION] = to.high
  writeU32(bytes, at + PACKET_DESTINATION + 1, to.low)
  bytes[at + PACKET_SOURCE] = d.addressHigh
  writeU32(bytes, at + PACKET_SOURCE + 1, d.addressLow)
  bytes[at + PACKET_FLAGS] = 0
  bytes[at + PACKET_VERB] = verb
}

/** Two bytes, big-endian: the lower 16 bits count. */
export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8
  bytes[at + 1] = value
}

/** Four bytes, big-endian, signed or unsigned: the lower 32 bits count. */
export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** Six bytes, big-endian. */
export function writeMac(bytes: Uint8Array, at: number, mac: Mac): void {
  writeU16(bytes, at, (mac / 0x1_0000_0000) & 0xffff)
  writeU32(bytes, at + 2, mac | 0)
}

/** Nobody: the destination of a frame for many. */
export const NOBODY: Address = 0
