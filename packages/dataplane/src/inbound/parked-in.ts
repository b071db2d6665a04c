/** Packets that could not be taken yet, and their second try (ZeroTierOne node/Switch.cpp, doTimerTasks). */
import type { Address } from '@zt/protocol'
import type { Instant } from '@zt/sansio'
import type { Dataplane } from '../dataplane.js'
import { type ParkedIn, PARKED_MS } from '../outbound/parked.js'
import { describe } from './collect.js'
import { copy } from './reassemble.js'

/** Keep `d.packet` until somebody is known or has proved its membership: its sender, or who must vouch for it. */
export function parkInbound(d: Dataplane, now: Instant, waitsFor: Address = d.packet.source): void {
  const { bytes, at, end, isOpen, socket, from, parkedUntil } = d.packet
  if (!from) return
  const until = parkedUntil === 0 ? now + PARKED_MS : parkedUntil
  const packet: ParkedIn = { peer: waitsFor, until, bytes: bytes.slice(at, end), isOpen, socket, from }
  if (!d.parkedIn.add(packet)) d.counters.count('parked-in-crowded-out')
}

/** Make a parked packet the current one again. */
export function unpark(d: Dataplane, parked: ParkedIn): void {
  const at = d.arena.whole
  copy(d.arena.bytes, at, parked.bytes, 0, parked.bytes.length)
  describe(d, at, parked.bytes.length, parked.socket, parked.from)
  d.packet.isOpen = parked.isOpen
  d.packet.parkedUntil = parked.until
}
