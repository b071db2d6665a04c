import type { Address } from '../address.js'

/**
 * The packet header, where every packet begins:
 *
 * | offset | size | |
 * | --- | --- | --- |
 * | 0 | 8 | packet id, which is also the IV; random |
 * | 8 | 5 | destination |
 * | 13 | 5 | source |
 * | 18 | 1 | flags and hops: `E F CCC HHH` |
 * | 19 | 8 | MAC, or the id of a trusted path |
 * | 27 | 1 | `Z 00 VVVVV`: compressed, verb |
 * | 28 | | payload |
 *
 * E was "encrypted" up to 1.14 and goes with cipher 1; F says that fragments follow; C is the cipher suite; H counts
 * relays. Functions take the packet's bytes and the offset where it begins, and check nothing: lengths are checked
 * once, where the packet comes in. Source: `node/Packet.hpp`.
 */
export const PACKET_ID = 0
export const PACKET_DESTINATION = 8
export const PACKET_SOURCE = 13
export const PACKET_FLAGS = 18
export const PACKET_MAC = 19
export const PACKET_VERB = 27
/** Length of the header, and where the payload begins. */
export const PACKET_HEADER = 28

export const FLAG_ENCRYPTED = 0x80
export const FLAG_FRAGMENTED = 0x40
export const VERB_COMPRESSED = 0x80

const CIPHER_MASK = 0x38
const HOPS_MASK = 0x07
const VERB_MASK = 0x1f

/** Cipher suites. */
export const Cipher = {
  /** Poly1305 over clear text: HELLO. */
  None: 0,
  /** Salsa20/12 and Poly1305. */
  Salsa: 1,
  /** No crypto at all: the MAC field names a path that both ends trust. */
  TrustedPath: 2,
  /** AES-GMAC-SIV, between peers of protocol version 12 or above. */
  AesGmacSiv: 3,
} as const
export type Cipher = (typeof Cipher)[keyof typeof Cipher]

/** 0 to 7; see `Cipher`. */
export function cipherOf(bytes: Uint8Array, at: number): number {
  return (bytes[at + PACKET_FLAGS] & CIPHER_MASK) >> 3
}

/** How often the packet was relayed. */
export function hopsOf(bytes: Uint8Array, at: number): number {
  return bytes[at + PACKET_FLAGS] & HOPS_MASK
}

/** One relay more. The hops are not authenticated. */
export function incrementHops(bytes: Uint8Array, at: number): void {
  const flags = bytes[at + PACKET_FLAGS]
  bytes[at + PACKET_FLAGS] = (flags & ~HOPS_MASK) | ((flags + 1) & HOPS_MASK)
}

/** Is this the head of a packet whose rest comes in fragments? Stays set when they are joined. */
export function isFragmented(bytes: Uint8Array, at: number): boolean {
  return (bytes[at + PACKET_FLAGS] & FLAG_FRAGMENTED) !== 0
}

/** Must be right before the packet is armored. */
export function setFragmented(bytes: Uint8Array, at: number, fragmented: boolean): void {
  const flags = bytes[at + PACKET_FLAGS]
  bytes[at + PACKET_FLAGS] = fragmented ? flags | FLAG_FRAGMENTED : flags & ~FLAG_FRAGMENTED
}

/** Only meaningful when the packet has been opened, or has cipher 0. */
export function verbOf(bytes: Uint8Array, at: number): number {
  return bytes[at + PACKET_VERB] & VERB_MASK
}

/** Is the payload an LZ4 block? Only meaningful when the packet has been opened, or has cipher 0. */
export function isCompressed(bytes: Uint8Array, at: number): boolean {
  return (bytes[at + PACKET_VERB] & VERB_COMPRESSED) !== 0
}

/** Whom the packet is for. */
export function destinationOf(bytes: Uint8Array, at: number): Address {
  return addressAt(bytes, at + PACKET_DESTINATION)
}

/** Who made the packet, as it claims until it has been opened. */
export function sourceOf(bytes: Uint8Array, at: number): Address {
  return addressAt(bytes, at + PACKET_SOURCE)
}

/** The packet id as a record field. Changed by cipher 3: the id that others know is the one after `armor`. */
export function packetIdOf(bytes: Uint8Array, at: number): bigint {
  return (BigInt(packetIdHigh(bytes, at)) << 32n) | BigInt(packetIdLow(bytes, at))
}

/** The first half of the packet id, unsigned 32 bits. */
export function packetIdHigh(bytes: Uint8Array, at: number): number {
  return u32At(bytes, at + PACKET_ID)
}

/** The second half of the packet id, unsigned 32 bits. */
export function packetIdLow(bytes: Uint8Array, at: number): number {
  return u32At(bytes, at + PACKET_ID + 4)
}

/** A fresh header without hops, flags or MAC. The packet id is left to `PacketIds`. */
export function writeHeader(bytes: Uint8Array, at: number, destination: Address, source: Address, verb: number): void {
  writeAddress(bytes, at + PACKET_DESTINATION, destination)
  writeAddress(bytes, at + PACKET_SOURCE, source)
  bytes.fill(0, at + PACKET_FLAGS, at + PACKET_VERB)
  bytes[at + PACKET_VERB] = verb
}

/** Five bytes, big-endian. */
export function addressAt(bytes: Uint8Array, at: number): Address {
  return bytes[at] * 0x1_0000_0000 + u32At(bytes, at + 1)
}

/** Five bytes, big-endian. */
export function writeAddress(bytes: Uint8Array, at: number, address: Address): void {
  bytes[at] = address / 0x1_0000_0000
  bytes[at + 1] = address >>> 24
  bytes[at + 2] = address >>> 16
  bytes[at + 3] = address >>> 8
  bytes[at + 4] = address
}

function u32At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0
}
