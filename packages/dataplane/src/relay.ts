/**
 * Passing on packets that are not ours. A root does it for everyone; any other node only for packets from endpoints
 * that a network of its own vouched for (ZeroTierOne node/Switch.cpp, onRemotePacket).
 */
import {
  PACKET_DESTINATION,
  PACKET_SOURCE,
  RELAY_MAX_HOPS,
  fragmentHops,
  hopsOf,
  incrementFragmentHops,
  incrementHops,
  isFragment as isFragmentAt,
} from '@zt/protocol'
import type { Path } from '@zt/multipath'
import type { Endpoint, Instant } from '@zt/sansio'
import type { Dataplane } from './dataplane.js'
import { readI32 } from './inbound/classify.js'
import { copy } from './inbound/reassemble.js'
import type { PeerLink } from './peers/peer-link.js'

/**
 * Relay `bytes[offset, offset + length)`. Returns the peer that it was sent straight to, if both ends are worth
 * introducing to each other; `d.packet` then names the source.
 */
export function relay(
  d: Dataplane,
  now: Instant,
  from: Endpoint,
  bytes: Uint8Array,
  offset: number,
  length: number,
): PeerLink | undefined {
  if (!d.isRelay && !d.isTrustedSource(now, from)) return d.drop('relay-refused')
  const isFragment = isFragmentAt(bytes, offset)
  const hops = isFragment ? fragmentHops(bytes, offset) : hopsOf(bytes, offset)
  if (hops >= RELAY_MAX_HOPS) return d.drop('relay-too-far')

  const destination = d.peers.find(bytes[offset + PACKET_DESTINATION], readI32(bytes, offset + PACKET_DESTINATION + 1))
  const direct = destination?.paths.best(now)
  const path = direct ?? upstreamPath(d, now, isFragment, bytes, offset)
  if (!path) return d.drop('relay-no-way')

  const at = d.arena.nextTransmitSlot()
  copy(d.arena.bytes, at, bytes, offset, length)
  if (isFragment) incrementFragmentHops(d.arena.bytes, at)
  else incrementHops(d.arena.bytes, at)
  if (!d.port.send(path.socket, path.endpoint, d.arena.bytes, at, length)) return d.drop('relay-not-sent')
  path.lastSend = now
  d.counters.count('relayed')
  if (isFragment || !direct) return undefined
  d.packet.sourceHigh = bytes[offset + PACKET_SOURCE]
  d.packet.sourceLow = readI32(bytes, offset + PACKET_SOURCE + 1)
  return destination
}

/** The way to our own upstream, unless the packet comes from there. */
function upstreamPath(
  d: Dataplane,
  now: Instant,
  isFragment: boolean,
  bytes: Uint8Array,
  offset: number,
): Path | undefined {
  const upstream = d.upstream
  if (!upstream) return undefined
  const isItsOwn =
    bytes[offset + PACKET_SOURCE] === upstream.high && readI32(bytes, offset + PACKET_SOURCE + 1) === upstream.low
  return !isFragment && isItsOwn ? undefined : upstream.paths.best(now)
}
