import { type ByteReader, type ByteWriter, Endpoint, IpAddress, IpPrefix } from '@zt/sansio'

/**
 * IP address and port inside payloads ("InetAddress"):
 *
 *     u8 0                            none
 *     u8 1 or 2, 6 bytes              Ethernet, Bluetooth: reserved, read as none
 *     u8 3, u16 length, bytes         reserved, read as none
 *     u8 4, IPv4 [4], u16 port
 *     u8 6, IPv6 [16], u16 port
 *
 * Network configs keep a prefix length in the port field. Source: `node/InetAddress.hpp`.
 */

/** Stands for "none" in lists whose length and order are signed. No address that anything can be sent to. */
export const NO_ENDPOINT = new Endpoint(IpAddress.v4(0), 0)

/** `undefined` is "none" while the reader is well, and a malformed address when it has become faulty. */
export function decodeInetAddress(r: ByteReader): Endpoint | undefined {
  const ip = decodeIp(r)
  return ip && new Endpoint(ip, r.u16())
}

/**
 * As `decodeInetAddress`, with the port field as prefix length. `undefined` from a reader that is well is "none", or an
 * address with more bits than it has, which names no subnet.
 */
export function decodeInetPrefix(r: ByteReader): IpPrefix | undefined {
  const ip = decodeIp(r)
  if (!ip) return undefined
  const bits = r.u16()
  return bits <= 8 * ip.bytes.length ? new IpPrefix(ip, bits) : undefined
}

/** `undefined` and `NO_ENDPOINT` are written as "none". */
export function encodeInetAddress(w: ByteWriter, endpoint: Endpoint | undefined): void {
  if (endpoint && endpoint !== NO_ENDPOINT) encodeIp(w, endpoint.ip, endpoint.port)
  else w.u8(0)
}

export function encodeInetPrefix(w: ByteWriter, prefix: IpPrefix | undefined): void {
  if (prefix) encodeIp(w, prefix.address, prefix.bits)
  else w.u8(0)
}

function decodeIp(r: ByteReader): IpAddress | undefined {
  switch (r.u8()) {
    case 0:
      return undefined
    case 1:
    case 2:
      r.skip(6)
      return undefined
    case 3:
      r.skip(r.u16())
      return undefined
    case 4:
      return IpAddress.of(r.take(4))
    case 6:
      return IpAddress.of(r.take(16))
    default:
      r.fail()
      return undefined
  }
}

function encodeIp(w: ByteWriter, ip: IpAddress, port: number): void {
  w.u8(ip.family).put(ip.bytes).u16(port)
}
