import { IpAddress, type Mac } from '@zt/sansio'
import type { Address } from './address.js'
import type { NetworkId } from './network-id.js'

/**
 * A member's MAC on a network: `macMask(network) XOR address`.
 *
 * The mask holds the network id's bytes from the least significant on: the first, made a locally administered unicast
 * octet, in front, and the next five over the five address bytes. Source: `node/MAC.hpp`.
 */
export function macOf(address: Address, networkId: NetworkId): Mac {
  return xorMac(macMask(networkId), address)
}

/** The address whose MAC this is, if it is a member's at all: see `isMemberMac`. */
export function addressOfMac(mac: Mac, networkId: NetworkId): Address {
  return xorMac(macMask(networkId), mac) % 0x100_0000_0000
}

/** Could this be a member's own MAC, and not one behind a bridge? Compares the first octet. */
export function isMemberMac(mac: Mac, networkId: NetworkId): boolean {
  return Math.floor(mac / 0x100_0000_0000) === Math.floor(macMask(networkId) / 0x100_0000_0000)
}

/** What members' addresses are combined with; constant for a network, so the data path computes it once. */
export function macMask(networkId: NetworkId): number {
  let id = networkId
  const next = (): number => {
    const byte = Number(id & 0xffn)
    id >>= 8n
    return byte
  }
  let first = (next() & 0xfe) | 0x02
  if (first === 0x52) first = 0x32 // 52 is what KVM gives to its guests
  let mask = first
  for (let i = 0; i < 5; i++) mask = mask * 256 + next()
  return mask
}

/** Exclusive or of two 48-bit integers. */
export function xorMac(a: number, b: number): number {
  return ((a / 0x1_0000_0000) ^ (b / 0x1_0000_0000)) * 0x1_0000_0000 + ((a ^ b) >>> 0)
}

/** The link-local IPv6 address that a host derives from this MAC (RFC 4291 appendix A). */
export function linkLocalAddress(mac: Mac): IpAddress {
  const bytes = new Uint8Array(16)
  bytes[0] = 0xfe
  bytes[1] = 0x80
  const octets = [5, 4, 3, 2, 1, 0].map((i) => Math.floor(mac / 256 ** i) & 0xff)
  bytes.set([octets[0]! & 0xfd, octets[1]!, octets[2]!, 0xff, 0xfe, octets[3]!, octets[4]!, octets[5]!], 8)
  return IpAddress.of(bytes)!
}
