/**
 * Neighbour discovery without neighbours: rfc4193 and 6plane addresses contain their member's address, so the answer to
 * a solicitation is worked out here, and nothing is sent (ZeroTierOne node/Switch.cpp, onLocalEthernet).
 */
import { checksum, sumBytes } from '@zt/ipstack/wire'
import { type Address, RFC4193_PREFIX_BITS, macOf } from '@zt/protocol'
import type { Mac } from '@zt/sansio'
import type { Dataplane } from '../dataplane.js'
import type { Port } from '../networks/port.js'
import { type EmulatedPrefix, isInPrefix } from '../networks/port-policy.js'
import { SOLICITED_AT } from './group-of-frame.js'
import { writeMac, writeU16 } from './wrap.js'

const IPV6 = 0x86dd
const ICMPV6 = 0x3a
const ADVERTISEMENT_LENGTH = 72

/** Answer the neighbour solicitation at `bytes[offset]` if its target can be worked out. Says whether it was. */
export function emulateNdp(d: Dataplane, port: Port, asker: Mac, bytes: Uint8Array, offset: number): boolean {
  const target = offset + SOLICITED_AT
  const prefix = port.policy?.emulated.find((candidate) => isInPrefix(candidate, bytes, target))
  if (!prefix) return false
  const address = addressIn(prefix, bytes, target)
  if (address === 0 || address === d.address) return false
  const mac = macOf(address, port.networkId)
  const advertisement = buildAdvertisement(prefix, mac, bytes.subarray(target, target + 16))
  d.deliverLater(port, mac, asker, IPV6, advertisement)
  return true
}

/**
 * Right behind the prefix in 6plane addresses, at the end in rfc4193 ones: in both, five bytes from the prefix's end.
 */
function addressIn(prefix: EmulatedPrefix, bytes: Uint8Array, at: number): Address {
  const start = prefix.bytes === RFC4193_PREFIX_BITS / 8 ? at + 11 : at + 5
  let address = 0
  for (let i = 0; i < 5; i++) address = address * 256 + bytes[start + i]!
  return address
}

/**
 * An IPv6 packet with a neighbour advertisement: solicited, override, with a target link-layer address (RFC 4861, 4.4).
 */
function buildAdvertisement(prefix: EmulatedPrefix, mac: Mac, target: Uint8Array): Uint8Array {
  const packet = new Uint8Array(ADVERTISEMENT_LENGTH)
  packet.set([0x60, 0, 0, 0, 0, 32, ICMPV6, 255])
  packet.set(target, 8)
  packet.set(prefix.own.bytes, 24)
  packet.set([0x88, 0, 0, 0, 0x60, 0, 0, 0], 40)
  packet.set(target, 48)
  packet.set([2, 1], 64)
  writeMac(packet, 66, mac)
  // The pseudo-header: both addresses, the length 32 and the protocol (RFC 8200 section 8.1).
  writeU16(packet, 42, checksum(packet, 40, 32, sumBytes(packet, 8, 32) + 32 + ICMPV6))
  return packet
}
