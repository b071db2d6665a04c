import { ZtError } from '@zt/sansio'

/** A node's address: 40 bits as an integer. Five bytes, big-endian, on the wire; ten hexadecimal digits as text. */
export type Address = number

/** The first byte that marks a fragment, so that no address begins with it. */
export const RESERVED_ADDRESS_PREFIX = 0xff

/** Zero and `ff…` are nobody's address. */
export function isReservedAddress(address: Address): boolean {
  return address === 0 || address >= RESERVED_ADDRESS_PREFIX * 0x1_0000_0000
}

/** `bc95d77f19` */
export function formatAddress(address: Address): string {
  return address.toString(16).padStart(10, '0')
}

/** @throws ZT_ARG_INVALID unless it is ten hexadecimal digits of an address that is not reserved. */
export function parseAddress(text: string): Address {
  const address = /^[0-9a-f]{10}$/i.test(text) ? Number.parseInt(text, 16) : 0
  if (isReservedAddress(address)) {
    const got = JSON.stringify(text)
    throw new ZtError('ZT_ARG_INVALID', `expected a ZeroTier address of ten hexadecimal digits, got ${got}`)
  }
  return address
}
