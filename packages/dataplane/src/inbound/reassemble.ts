/**
 * Reassembler: parts of packets, each copied once to where it will be needed. Parts may come in any order; a part whose
 * final place cannot be known yet is put where it would be at the usual size, and moved at the end if that was wrong.
 *
 * Slots form a ring: a new packet takes the oldest slot, whoever's it was (ZeroTierOne node/Switch.cpp, RXQueueEntry).
 * Anyone can send parts under any packet id, so nothing here is believed; the packet's authenticator settles it.
 */
import { DEFAULT_PHYSICAL_MTU, MAX_FRAGMENTS, MAX_PACKET_LENGTH } from '@zt/protocol'
import type { Counters, Endpoint, Instant } from '@zt/sansio'
import type { Arena } from '../arena.js'

/** An incomplete packet is given up after this (ZT_RECEIVE_QUEUE_TIMEOUT). */
const INCOMPLETE_MS = 5_000
/** A fragment's own header. */
const FRAGMENT_HEADER = 16

/** More parts are to come, or this one was of no use. */
export const INCOMPLETE = -1

const FREE: Instant = Number.NEGATIVE_INFINITY

/** Bounded by the arena's receive slots. */
export class Reassembler {
  private readonly arena: Arena
  private readonly counters: Counters
  private readonly slots: number
  private next = 0
  private recent = 0
  // Descriptors, by slot; parts by slot and number.
  private readonly idHigh: Int32Array
  private readonly idLow: Int32Array
  private readonly since: Float64Array
  private readonly present: Uint8Array
  private readonly total: Uint8Array
  private readonly partAt: Int32Array
  private readonly partLength: Int32Array
  private readonly sockets: Int32Array
  private readonly origins: (Endpoint | undefined)[]
  private readonly scratch = new Uint8Array(MAX_PACKET_LENGTH)

  constructor(arena: Arena, counters: Counters) {
    const slots = arena.receiveSlots
    this.arena = arena
    this.counters = counters
    this.slots = slots
    this.idHigh = new Int32Array(slots)
    this.idLow = new Int32Array(slots)
    this.since = new Float64Array(slots).fill(FREE)
    this.present = new Uint8Array(slots)
    this.total = new Uint8Array(slots)
    this.partAt = new Int32Array(slots * MAX_FRAGMENTS)
    this.partLength = new Int32Array(slots * MAX_FRAGMENTS)
    this.sockets = new Int32Array(slots)
    this.origins = new Array<Endpoint | undefined>(slots).fill(undefined)
  }

  /**
   * Take one part, `bytes[offset, offset + length)`: the head (number 0, total 0 because it does not say) as a whole
   * datagram, or what follows a fragment's header. Returns the slot if the packet is complete, else `INCOMPLETE`.
   */
  add(
    now: Instant,
    socket: number,
    from: Endpoint,
    idHigh: number,
    idLow: number,
    part: number,
    total: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): number {
    const slot = this.slotOf(now, idHigh, idLow)
    if (total !== 0) this.total[slot] = total
    if (this.present[slot] & (1 << part)) return this.drop('fragment-duplicate')
    const at = this.place(slot, part, length)
    if (at === INCOMPLETE) return this.drop('fragment-too-long')
    copy(this.arena.bytes, this.arena.receiveSlot(slot) + at, bytes, offset, length)
    this.partAt[slot * MAX_FRAGMENTS + part] = at
    this.partLength[slot * MAX_FRAGMENTS + part] = length
    this.present[slot] |= 1 << part
    if (part === 0) {
      this.sockets[slot] = socket
      this.origins[slot] = from
    }
    const all = (1 << this.total[slot]) - 1
    if (this.total[slot] === 0 || (this.present[slot] & all) !== all) return INCOMPLETE
    return slot
  }

  /** Put a complete packet's parts in a row, from the slot's beginning. Returns its length, or 0 if it is too long. */
  join(slot: number): number {
    const parts = this.total[slot]
    const base = slot * MAX_FRAGMENTS
    let length = 0
    let inPlace = true
    for (let part = 0; part < parts; part++) {
      if (this.partAt[base + part] !== length) inPlace = false
      length += this.partLength[base + part]
    }
    if (length > MAX_PACKET_LENGTH) {
      this.counters.count('packet-too-long')
      return 0
    }
    if (!inPlace) this.rearrange(slot, length)
    return length
  }

  private rearrange(slot: number, length: number): void {
    const { bytes } = this.arena
    const start = this.arena.receiveSlot(slot)
    const base = slot * MAX_FRAGMENTS
    let to = 0
    for (let part = 0; part < this.total[slot]; part++) {
      const size = this.partLength[base + part]
      copy(this.scratch, to, bytes, start + this.partAt[base + part], size)
      to += size
    }
    copy(bytes, start, this.scratch, 0, length)
  }

  /** Where the head came from: that is the packet's path. */
  origin(slot: number): Endpoint | undefined {
    return this.origins[slot]
  }

  socket(slot: number): number {
    return this.sockets[slot]
  }

  /** The packet in this slot is done with. */
  free(slot: number): void {
    this.since[slot] = FREE
    this.present[slot] = 0
    this.origins[slot] = undefined
  }

  private slotOf(now: Instant, idHigh: number, idLow: number): number {
    const { recent } = this
    if (this.idLow[recent] === idLow && this.idHigh[recent] === idHigh && this.isFresh(recent, now)) return recent
    for (let slot = 0; slot < this.slots; slot++) {
      if (this.idLow[slot] === idLow && this.idHigh[slot] === idHigh && this.isFresh(slot, now))
        return (this.recent = slot)
    }
    const slot = this.next
    this.next = (slot + 1) % this.slots
    if (this.isFresh(slot, now)) this.counters.count('reassembly-crowded-out')
    else if (this.since[slot] !== FREE) this.counters.count('reassembly-expired')
    this.free(slot)
    this.idHigh[slot] = idHigh
    this.idLow[slot] = idLow
    this.since[slot] = now
    this.total[slot] = 0
    return (this.recent = slot)
  }

  private isFresh(slot: number, now: Instant): boolean {
    return now - this.since[slot] < INCOMPLETE_MS
  }

  /** An offset in the slot for this part: its final one if the other parts tell, or else one that is free. */
  private place(slot: number, part: number, length: number): number {
    const head = this.headLength(slot, part, length)
    const wanted = part === 0 ? 0 : head + (part - 1) * (head - FRAGMENT_HEADER)
    if (wanted + length <= MAX_PACKET_LENGTH && this.isFree(slot, wanted, length)) return wanted
    // The last part may have been put where it would be at the usual size. It never lies in the way at the slot's end.
    this.moveLastPart(slot)
    if (wanted + length <= MAX_PACKET_LENGTH && this.isFree(slot, wanted, length)) return wanted
    const last = MAX_PACKET_LENGTH - length
    return last >= 0 && this.isFree(slot, last, length) ? last : INCOMPLETE
  }

  private isFree(slot: number, at: number, length: number): boolean {
    const base = slot * MAX_FRAGMENTS
    for (let i = 0; i < MAX_FRAGMENTS; i++) {
      if (!(this.present[slot] & (1 << i))) continue
      const from = this.partAt[base + i]
      if (at < from + this.partLength[base + i] && from < at + length) return false
    }
    return true
  }

  private moveLastPart(slot: number): void {
    const last = this.total[slot] - 1
    if (last < 1 || last >= MAX_FRAGMENTS || !(this.present[slot] & (1 << last))) return
    const index = slot * MAX_FRAGMENTS + last
    const length = this.partLength[index]
    const from = this.partAt[index]
    const to = MAX_PACKET_LENGTH - length
    this.present[slot] &= ~(1 << last)
    if (this.isFree(slot, to, length)) {
      const start = this.arena.receiveSlot(slot)
      this.arena.bytes.copyWithin(start + to, start + from, start + from + length)
      this.partAt[index] = to
    }
    this.present[slot] |= 1 << last
  }

  /** The length of the head as far as it can be told: all parts but the last are as long as the path allows. */
  private headLength(slot: number, part: number, length: number): number {
    const base = slot * MAX_FRAGMENTS
    if (this.present[slot] & 1) return this.partLength[base]
    const last = this.total[slot] - 1
    if (part !== 0 && part < last) return length + FRAGMENT_HEADER
    for (let i = 1; i < last; i++) {
      if (this.present[slot] & (1 << i)) return this.partLength[base + i] + FRAGMENT_HEADER
    }
    return DEFAULT_PHYSICAL_MTU
  }

  private drop(reason: string): number {
    this.counters.count(reason)
    return INCOMPLETE
  }
}

/** Copy between buffers. A view is made only where it pays. */
export function copy(to: Uint8Array, at: number, from: Uint8Array, offset: number, length: number): void {
  if (length < 64) for (let i = 0; i < length; i++) to[at + i] = from[offset + i]
  else to.set(from.subarray(offset, offset + length), at)
}
