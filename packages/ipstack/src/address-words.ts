import { IpAddress } from '@zt/sansio'

/**
 * An address as four signed 32-bit integers in network order, the form of the data path. An IPv4 address takes its
 * IPv4-mapped form `(0, 0, 0xffff, address)`: one shape for both families, so that one table serves both.
 */
export interface AddressWords {
  readonly w0: number
  readonly w1: number
  readonly w2: number
  readonly w3: number
}

/** The third word of every IPv4 address. */
export const V4_MARK = 0xffff

/** The four words of an address. */
export function wordsOf(address: IpAddress): AddressWords {
  const b = address.bytes
  if (address.isV4) return { w0: 0, w1: 0, w2: V4_MARK, w3: word(b, 0) }
  return { w0: word(b, 0), w1: word(b, 4), w2: word(b, 8), w3: word(b, 12) }
}

/** The address with these words. */
export function addressOf(w0: number, w1: number, w2: number, w3: number): IpAddress {
  if (isV4Words(w0, w1, w2)) return IpAddress.v4(w3)
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  view.setInt32(0, w0)
  view.setInt32(4, w1)
  view.setInt32(8, w2)
  view.setInt32(12, w3)
  return IpAddress.of(bytes)!
}

/** Do these first three words belong to an IPv4 address? */
export function isV4Words(w0: number, w1: number, w2: number): boolean {
  return w0 === 0 && w1 === 0 && w2 === V4_MARK
}

/** The big-endian signed 32-bit word at an offset. */
export function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]
}

/** A key for tables off the data path. */
export function keyOf(address: AddressWords): string {
  return `${address.w0},${address.w1},${address.w2},${address.w3}`
}

/** Is this a multicast address of either family? */
export function isMulticastWords(w0: number, w1: number, w2: number, w3: number): boolean {
  return isV4Words(w0, w1, w2) ? w3 >>> 28 === 14 : w0 >>> 24 === 255
}
