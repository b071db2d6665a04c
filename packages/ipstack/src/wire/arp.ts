/**
 * ARP for IPv4 over Ethernet (RFC 826), 28 bytes:
 *
 *   0 hardware type 1 (2)   2 protocol type 0x0800 (2)   4 hardware length 6   5 protocol length 4   6 operation (2)
 *   8 sender MAC (6)   14 sender address (4)   18 target MAC (6)   24 target address (4)
 *
 * What follows is padding and ignored.
 */

import type { Mac } from '@zt/sansio'

export const ARP_LENGTH = 28
export const ARP_REQUEST = 1
export const ARP_REPLY = 2

/** The meaning of an ARP message; addresses as unsigned 32-bit integers. */
export interface Arp {
  readonly operation: typeof ARP_REQUEST | typeof ARP_REPLY
  readonly senderMac: Mac
  readonly sender: number
  readonly targetMac: Mac
  readonly target: number
}

/** An ARP request or reply, or `undefined` for anything else. */
export function parseArp(bytes: Uint8Array, offset: number, length: number): Arp | undefined {
  if (length < ARP_LENGTH) return undefined
  const isForIpv4OverEthernet = u32(bytes, offset) === 0x0001_0800 && u16(bytes, offset + 4) === 0x0604
  const operation = u16(bytes, offset + 6)
  if (!isForIpv4OverEthernet || (operation !== ARP_REQUEST && operation !== ARP_REPLY)) return undefined
  return {
    operation,
    senderMac: readMac(bytes, offset + 8),
    sender: u32(bytes, offset + 14),
    targetMac: readMac(bytes, offset + 18),
    target: u32(bytes, offset + 24),
  }
}

/** Write an ARP message; returns its length. */
export function writeArp(arp: Arp, into: Uint8Array, offset: number): number {
  const view = new DataView(into.buffer, into.byteOffset + offset, ARP_LENGTH)
  view.setUint32(0, 0x0001_0800)
  view.setUint16(4, 0x0604)
  view.setUint16(6, arp.operation)
  writeMac(arp.senderMac, into, offset + 8)
  view.setUint32(14, arp.sender)
  writeMac(arp.targetMac, into, offset + 18)
  view.setUint32(24, arp.target)
  return ARP_LENGTH
}

/** The MAC address at an offset. */
export function readMac(bytes: Uint8Array, at: number): Mac {
  return u16(bytes, at) * 0x1_0000_0000 + u32(bytes, at + 2)
}

/** Put a MAC address at an offset. */
export function writeMac(mac: Mac, into: Uint8Array, at: number): void {
  const high = Math.floor(mac / 0x1_0000_0000)
  const low = mac >>> 0
  into[at] = high >>> 8
  into[at + 1] = high
  into[at + 2] = low >>> 24
  into[at + 3] = low >>> 16
  into[at + 4] = low >>> 8
  into[at + 5] = low
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1]
}

function u32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]) >>> 0
}
