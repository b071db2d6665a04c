import { ByteWriter, IpAddress } from '@zt/sansio'
import type { Address } from './address.js'
import type { NetworkId } from './network-id.js'

/** Members of a network share this many leading bits of their RFC 4193 addresses. */
export const RFC4193_PREFIX_BITS = 88
/** Members of a network share this many leading bits of their 6PLANE addresses; each owns a /80. */
export const SIX_PLANE_PREFIX_BITS = 40

/** The member's address in "rfc4193" mode: `fd`, network id, `9993`, address. */
export function rfc4193Address(networkId: NetworkId, address: Address): IpAddress {
  return IpAddress.of(new ByteWriter(16).u8(0xfd).u64(networkId).u16(0x9993).u40(address).finish())!
}

/** The member's address in "6plane" mode: `fc`, both halves of the network id XORed, address, and one of 2^48 hosts. */
export function sixPlaneAddress(networkId: NetworkId, address: Address): IpAddress {
  const folded = Number((networkId ^ (networkId >> 32n)) & 0xffff_ffffn)
  return IpAddress.of(new ByteWriter(16).u8(0xfc).u32(folded).u40(address).zeros(5).u8(1).finish())!
}
