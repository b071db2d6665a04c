/**
 * What is kept of a peer from one run to the next, in ZeroTierOne's own file format (ZeroTierOne node/Peer.hpp,
 * serializeForCache).
 */
import {
  type Address,
  type Identity,
  type SoftwareVersion,
  decodeIdentity,
  decodeInetAddress,
  encodeIdentity,
  encodeInetAddress,
} from '@zt/protocol'
import { ByteReader, ByteWriter, type Endpoint } from '@zt/sansio'

const FORMAT = 2
/** Endpoints kept of a peer. */
export const MOST_ENDPOINTS = 16
/** As many peers are read back; more would only take time that starting should not. */
const MOST_PEERS = 256

/**
 * A peer as it is kept.
 *
 * | size | |
 * | --- | --- |
 * | 1 | format, 2 |
 * | 71 | identity |
 * | 2 | protocol version |
 * | 2, 2, 2 | software version: major, minor, revision |
 * | 2 | number of endpoints |
 * | 7 or 19 each | InetAddress |
 */
export interface CachedPeer {
  readonly identity: Identity
  readonly protocol: number
  readonly software: SoftwareVersion
  readonly endpoints: readonly Endpoint[]
}

/** `undefined` for anything that is not such a file. */
export function decodeCachedPeer(bytes: Uint8Array): CachedPeer | undefined {
  const r = new ByteReader(bytes)
  if (r.u8() !== FORMAT) return undefined
  const identity = decodeIdentity(r)
  const protocol = r.u16()
  const software = { major: r.u16(), minor: r.u16(), revision: r.u16() }
  const endpoints: Endpoint[] = []
  for (let left = Math.min(MOST_ENDPOINTS, r.u16()); left > 0 && r.ok; left--) {
    const endpoint = decodeInetAddress(r)
    if (endpoint) endpoints.push(endpoint)
  }
  return identity && r.ok ? { identity, protocol, software, endpoints } : undefined
}

/** The file for a peer. */
export function encodeCachedPeer(peer: CachedPeer): Uint8Array {
  const w = new ByteWriter(256).u8(FORMAT)
  encodeIdentity(w, peer.identity)
  w.u16(peer.protocol).u16(peer.software.major).u16(peer.software.minor).u16(peer.software.revision)
  w.u16(peer.endpoints.length)
  for (const endpoint of peer.endpoints) encodeInetAddress(w, endpoint)
  return w.finish()
}

/** Read back what was kept. */
export function readCache(restored: ReadonlyMap<string, Uint8Array>): Map<Address, CachedPeer> {
  const cache = new Map<Address, CachedPeer>()
  for (const [key, bytes] of restored) {
    if (!key.startsWith('peers.d/') || cache.size >= MOST_PEERS) continue
    const peer = decodeCachedPeer(bytes)
    if (peer) cache.set(peer.identity.address, peer)
  }
  return cache
}
