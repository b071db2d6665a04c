/** Get the datagram into a slot of the arena; then, if its packet is complete, describe it in `d.packet`. */
import {
  FRAGMENT_HEADER,
  MAX_DATAGRAM_LENGTH,
  MAX_PACKET_LENGTH,
  MIN_PACKET_LENGTH,
  PACKET_SOURCE,
  fragmentNumber,
  fragmentTotal,
  hopsOf,
  isFragmentUsable,
  verbOf,
} from '@zt/protocol'
import type { Endpoint, Instant } from '@zt/sansio'
import type { Dataplane } from '../dataplane.js'
import { Kind, readI32 } from './classify.js'
import { INCOMPLETE, copy } from './reassemble.js'

/** Says whether there is a whole packet in `d.packet` now. */
export function collect(
  d: Dataplane,
  now: Instant,
  kind: Kind,
  socket: number,
  from: Endpoint,
  bytes: Uint8Array,
  offset: number,
  length: number,
): boolean {
  if (kind === Kind.whole) {
    if (length > MAX_PACKET_LENGTH) return d.refuse('packet-too-long')
    const at = d.arena.whole
    copy(d.arena.bytes, at, bytes, offset, length)
    describe(d, at, length, socket, from)
    return true
  }
  if (length > MAX_DATAGRAM_LENGTH) return d.refuse('packet-too-long')
  const slot =
    kind === Kind.head
      ? addHead(d, now, socket, from, bytes, offset, length)
      : addFragment(d, now, socket, from, bytes, offset, length)
  if (slot === INCOMPLETE) return false
  const joined = d.reassembler.join(slot)
  const head = d.reassembler.origin(slot)
  const headSocket = d.reassembler.socket(slot)
  // The slot stays untouched until the next datagram, and by then we are done with it.
  d.reassembler.free(slot)
  if (joined < MIN_PACKET_LENGTH || !head) return false
  describe(d, d.arena.receiveSlot(slot), joined, headSocket, head)
  return true
}

function addHead(
  d: Dataplane,
  now: Instant,
  socket: number,
  from: Endpoint,
  bytes: Uint8Array,
  offset: number,
  length: number,
) {
  const high = readI32(bytes, offset)
  const low = readI32(bytes, offset + 4)
  return d.reassembler.add(now, socket, from, high, low, 0, 0, bytes, offset, length)
}

function addFragment(
  d: Dataplane,
  now: Instant,
  socket: number,
  from: Endpoint,
  bytes: Uint8Array,
  offset: number,
  length: number,
) {
  const total = fragmentTotal(bytes, offset)
  const part = fragmentNumber(bytes, offset)
  if (!isFragmentUsable(bytes, offset) || part >= total) {
    d.counters.count('fragment-malformed')
    return INCOMPLETE
  }
  const high = readI32(bytes, offset)
  const low = readI32(bytes, offset + 4)
  const start = offset + FRAGMENT_HEADER
  return d.reassembler.add(now, socket, from, high, low, part, total, bytes, start, length - FRAGMENT_HEADER)
}

/** Fill `d.packet` from the header at `at`. */
export function describe(d: Dataplane, at: number, length: number, socket: number, from: Endpoint): void {
  const { packet } = d
  const { bytes } = d.arena
  packet.bytes = bytes
  packet.at = at
  packet.end = at + length
  packet.idHigh = readI32(bytes, at) >>> 0
  packet.idLow = readI32(bytes, at + 4) >>> 0
  packet.sourceHigh = bytes[at + PACKET_SOURCE]
  packet.sourceLow = readI32(bytes, at + PACKET_SOURCE + 1)
  packet.hops = hopsOf(bytes, at)
  packet.socket = socket
  packet.from = from
  packet.link = d.peers.find(packet.sourceHigh, packet.sourceLow)
  packet.verb = verbOf(bytes, at)
  packet.isOpen = false
  packet.parkedUntil = 0
}
