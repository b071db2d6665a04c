import { type ByteReader, type ByteWriter, Endpoint, IpAddress } from '@zt/sansio'
import type { Address } from '../address.js'

/**
 * "You two could talk directly: try each other there."
 *
 *     28  u8   flags, 0
 *     29  [5]  the other's address
 *     34  u16  port
 *     36  u8   length of the IP address, 4 or 16
 *     37  …    IP address
 *
 * The port comes before the address, unlike in an InetAddress. Trailing bytes are ignored.
 */
export interface Rendezvous {
  readonly peer: Address
  readonly endpoint: Endpoint
}

export function decodeRendezvous(r: ByteReader): Rendezvous | undefined {
  r.u8()
  const peer = r.u40()
  const port = r.u16()
  const ip = IpAddress.of(r.take(r.u8()))
  return ip && port !== 0 && r.ok ? { peer, endpoint: new Endpoint(ip, port) } : undefined
}

export function encodeRendezvous(w: ByteWriter, { peer, endpoint }: Rendezvous): void {
  w.u8(0).u40(peer).u16(endpoint.port).u8(endpoint.ip.bytes.length).put(endpoint.ip.bytes)
}
