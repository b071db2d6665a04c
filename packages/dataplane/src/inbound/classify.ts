/** What kind of datagram is this, and is it for us? The order of checks is ZeroTierOne's (`Switch::onRemotePacket`). */
import {
  FRAGMENT_HEADER,
  FRAGMENT_MARK,
  MIN_PACKET_LENGTH,
  PACKET_DESTINATION,
  PACKET_SOURCE,
  isFragmented,
} from '@zt/protocol'

/** What `classify` says. */
export const Kind = {
  /** Nothing that the protocol knows. */
  junk: 0,
  /** For somebody else. */
  foreign: 1,
  /** A whole packet. */
  whole: 2,
  /** The first part of a packet. */
  head: 3,
  /** Another part of a packet. */
  fragment: 4,
  /** From ourselves: reflected, or spoofed. */
  ownEcho: 5,
} as const
export type Kind = (typeof Kind)[keyof typeof Kind]

/** @param high bits 39..32 of our address. @param low bits 31..0 as a signed 32-bit integer. */
export function classify(bytes: Uint8Array, at: number, length: number, high: number, low: number): Kind {
  if (length <= FRAGMENT_HEADER) return Kind.junk
  const isForUs = bytes[at + PACKET_DESTINATION] === high && readI32(bytes, at + PACKET_DESTINATION + 1) === low
  if (bytes[at + PACKET_SOURCE] === FRAGMENT_MARK) return isForUs ? Kind.fragment : Kind.foreign
  if (length < MIN_PACKET_LENGTH) return Kind.junk
  if (bytes[at + PACKET_SOURCE] === high && readI32(bytes, at + PACKET_SOURCE + 1) === low) return Kind.ownEcho
  if (!isForUs) return Kind.foreign
  return isFragmented(bytes, at) ? Kind.head : Kind.whole
}

/** Four bytes, big-endian, as a signed integer: such integers cost nothing to pass around. */
export function readI32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
