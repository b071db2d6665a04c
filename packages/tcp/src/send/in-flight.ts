/**
 * What is sent and not yet acknowledged: one entry per segment from SND.UNA to SND.NXT, in a ring of typed arrays. The
 * ring is also the SACK scoreboard (each entry knows whether it is sacked or lost) and the transmission history of RACK:
 * a second order, by time of the last transmission, is linked through the entries that may still arrive.
 *
 * The amount of data in the network (`pipe` of RFC 6675) is kept up to date with each mark; nothing ever scans the ring
 * for it.
 */

import { type Seq, distance } from '../seq.js'

/** Marks of an entry. */
export const Mark = {
  /** The peer has it (RFC 2018), but may still forget it. */
  SACKED: 1,
  /** Believed lost. */
  LOST: 2,
  /** Sent again since it was last believed lost. */
  RETRANSMITTED: 4,
  /** Ever sent again: a round trip time measured with it would be ambiguous (Karn). */
  EVER_RETRANSMITTED: 8,
  /** Its last sequence number is the FIN. */
  FIN: 16,
} as const

const NONE = -1

export class InFlight {
  #mask: number
  /** First sequence number; sequence length (text and FIN); marks; time of the last transmission. */
  #seq: Int32Array
  #length: Int32Array
  #marks: Uint8Array
  #sentAt: Float64Array
  /** Neighbours in the order of transmission, as slots. An entry that is not linked has itself in `#older`. */
  #older: Int32Array
  #newer: Int32Array
  #head = 0
  #oldest = NONE
  #newest = NONE
  /** Entries. */
  count = 0
  /** Sequence space in entries with these marks. `retransmitted` counts second copies that may still arrive. */
  bytes = 0
  sackedBytes = 0
  lostBytes = 0
  retransmittedBytes = 0
  sackedCount = 0
  /** The SACK blocks of the last acknowledgement, as pairs: a shortcut past what is marked already. */
  readonly seenEdges = new Int32Array(8)
  seenCount = 0
  /** No entry before this index is lost and waits to be sent again. */
  #lostFrom = 0

  constructor(capacity = 16) {
    this.#mask = capacity - 1
    this.#seq = new Int32Array(capacity)
    this.#length = new Int32Array(capacity)
    this.#marks = new Uint8Array(capacity)
    this.#sentAt = new Float64Array(capacity)
    this.#older = new Int32Array(capacity)
    this.#newer = new Int32Array(capacity)
  }

  /** Room without growing. */
  get capacity(): number {
    return this.#mask + 1
  }

  /** Bytes that are believed to be in the network. @see RFC 6675 section 4, SetPipe */
  get pipe(): number {
    return this.bytes - this.sackedBytes - this.lostBytes + this.retransmittedBytes
  }

  seq(index: number): Seq {
    return this.#seq[(this.#head + index) & this.#mask]!
  }

  length(index: number): number {
    return this.#length[(this.#head + index) & this.#mask]!
  }

  marks(index: number): number {
    return this.#marks[(this.#head + index) & this.#mask]!
  }

  sentAt(index: number): number {
    return this.#sentAt[(this.#head + index) & this.#mask]!
  }

  /** A new segment at SND.NXT was sent. */
  push(seq: Seq, length: number, now: number, marks: number): void {
    if (this.count > this.#mask) this.#grow()
    const slot = (this.#head + this.count++) & this.#mask
    this.#seq[slot] = seq
    this.#length[slot] = length
    this.#marks[slot] = marks
    this.#sentAt[slot] = now
    this.bytes += length
    this.#linkNewest(slot)
  }

  /** The first entry was acknowledged as a whole: forget it. */
  shift(): void {
    const slot = this.#head
    const length = this.#length[slot]!
    this.#unaccount(this.#marks[slot]!, length)
    this.bytes -= length
    this.#unlink(slot)
    this.#head = (slot + 1) & this.#mask
    this.count--
    if (this.#lostFrom > 0) this.#lostFrom--
  }

  /** The first `length` of the first entry were acknowledged. */
  trim(length: number): void {
    const slot = this.#head
    const marks = this.#marks[slot]!
    this.bytes -= length
    if (marks & Mark.SACKED) this.sackedBytes -= length
    if (marks & Mark.LOST) this.lostBytes -= length
    if (marks & Mark.RETRANSMITTED) this.retransmittedBytes -= length
    this.#seq[slot] = (this.#seq[slot]! + length) | 0
    this.#length[slot] = this.#length[slot]! - length
  }

  /** The peer has it. */
  markSacked(index: number): void {
    const slot = (this.#head + index) & this.#mask
    const length = this.#length[slot]!
    const marks = this.#marks[slot]!
    this.#unaccount(marks, length)
    this.sackedBytes += length
    this.sackedCount++
    this.#marks[slot] = (marks & ~(Mark.LOST | Mark.RETRANSMITTED)) | Mark.SACKED
    this.#unlink(slot)
  }

  /** It will not arrive. A retransmission that was on its way is lost too. */
  markLost(index: number): void {
    this.#markSlotLost((this.#head + index) & this.#mask, index)
  }

  /** It was sent once more. */
  markRetransmitted(index: number, now: number): void {
    const slot = (this.#head + index) & this.#mask
    const marks = this.#marks[slot]!
    if (marks & Mark.LOST && !(marks & Mark.RETRANSMITTED)) this.retransmittedBytes += this.#length[slot]!
    const copies = marks & Mark.LOST ? Mark.RETRANSMITTED : 0
    this.#marks[slot] = marks | copies | Mark.EVER_RETRANSMITTED
    this.#sentAt[slot] = now
    this.#unlink(slot)
    this.#linkNewest(slot)
  }

  /** The first entry that is lost and not sent again, or -1. */
  nextLost(): number {
    if (this.lostBytes === this.retransmittedBytes) return NONE
    for (let i = this.#lostFrom; i < this.count; i++) {
      const marks = this.#marks[(this.#head + i) & this.#mask]!
      if ((marks & (Mark.LOST | Mark.RETRANSMITTED)) === Mark.LOST) {
        this.#lostFrom = i
        return i
      }
    }
    return NONE
  }

  /** Every loss was imagined: what was marked lost is on its way. */
  clearLost(): void {
    for (let i = 0; i < this.count; i++) {
      const slot = (this.#head + i) & this.#mask
      const marks = this.#marks[slot]!
      if (!(marks & Mark.LOST)) continue
      this.#unaccount(marks, this.#length[slot]!)
      this.#marks[slot] = marks & ~(Mark.LOST | Mark.RETRANSMITTED)
      if (!this.#isLinked(slot)) this.#linkNewest(slot)
    }
  }

  /** The peer may have forgotten what it sacked (RFC 2018 section 8): what it has not acknowledged is unsacked. */
  clearSacked(): void {
    for (let i = 0; i < this.count; i++) {
      const slot = (this.#head + i) & this.#mask
      if (!(this.#marks[slot]! & Mark.SACKED)) continue
      this.#marks[slot] = this.#marks[slot]! & ~Mark.SACKED
      this.#linkNewest(slot)
    }
    this.sackedBytes = 0
    this.sackedCount = 0
    this.seenCount = 0
  }

  /** Cut entry `index` after `length`, so that its pieces fit a smaller segment size. */
  split(index: number, length: number): void {
    if (this.count > this.#mask) this.#grow()
    this.count++
    for (let i = this.count - 1; i > index; i--) this.#copyEntry(i - 1, i)
    const slot = (this.#head + index) & this.#mask
    const rest = (slot + 1) & this.#mask
    this.#seq[rest] = (this.#seq[slot]! + length) | 0
    this.#length[rest] = this.#length[slot]! - length
    this.#length[slot] = length
    if (this.#marks[slot]! & Mark.SACKED) this.sackedCount++
    this.#marks[slot] = this.#marks[slot]! & ~Mark.FIN
    this.#relink()
    if (this.#lostFrom > index) this.#lostFrom = index
  }

  /** The index of the entry that contains `seq`, which must be in flight. */
  find(seq: Seq): number {
    const target = distance(seq, this.#seq[this.#head]!)
    let low = 0
    let high = this.count - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (distance(this.seq(middle), this.#seq[this.#head]!) <= target) low = middle
      else high = middle - 1
    }
    return low
  }

  /** The entry whose last transmission is longest ago, among those that may still arrive; -1 if there is none. */
  get oldest(): number {
    return this.#oldest === NONE ? NONE : (this.#oldest - this.#head) & this.#mask
  }

  /** The one that was transmitted next after `index`; -1 if there is none. */
  newerThan(index: number): number {
    const next = this.#newer[(this.#head + index) & this.#mask]!
    return next === NONE ? NONE : (next - this.#head) & this.#mask
  }

  clear(): void {
    this.#head = this.count = 0
    this.#oldest = this.#newest = NONE
    this.bytes = this.sackedBytes = this.lostBytes = this.retransmittedBytes = 0
    this.sackedCount = this.seenCount = this.#lostFrom = 0
  }

  #markSlotLost(slot: number, index: number): void {
    const marks = this.#marks[slot]!
    const length = this.#length[slot]!
    if (marks & Mark.RETRANSMITTED) this.retransmittedBytes -= length
    if (!(marks & Mark.LOST)) this.lostBytes += length
    this.#marks[slot] = (marks & ~Mark.RETRANSMITTED) | Mark.LOST
    this.#unlink(slot)
    if (index < this.#lostFrom) this.#lostFrom = index
  }

  #unaccount(marks: number, length: number): void {
    if (marks & Mark.SACKED) {
      this.sackedBytes -= length
      this.sackedCount--
    }
    if (marks & Mark.LOST) this.lostBytes -= length
    if (marks & Mark.RETRANSMITTED) this.retransmittedBytes -= length
  }

  #isLinked(slot: number): boolean {
    return this.#older[slot] !== slot
  }

  #linkNewest(slot: number): void {
    this.#older[slot] = this.#newest
    this.#newer[slot] = NONE
    if (this.#newest === NONE) this.#oldest = slot
    else this.#newer[this.#newest] = slot
    this.#newest = slot
  }

  #unlink(slot: number): void {
    if (!this.#isLinked(slot)) return
    const older = this.#older[slot]!
    const newer = this.#newer[slot]!
    if (older === NONE) this.#oldest = newer
    else this.#newer[older] = newer
    if (newer === NONE) this.#newest = older
    else this.#older[newer] = older
    this.#older[slot] = slot
  }

  #copyEntry(from: number, to: number): void {
    const a = (this.#head + from) & this.#mask
    const b = (this.#head + to) & this.#mask
    this.#seq[b] = this.#seq[a]!
    this.#length[b] = this.#length[a]!
    this.#marks[b] = this.#marks[a]!
    this.#sentAt[b] = this.#sentAt[a]!
  }

  /** Entries have moved: link them anew, by time and then by sequence. Rare, so simplicity goes before speed. */
  #relink(): void {
    const linked: number[] = []
    for (let i = 0; i < this.count; i++) {
      const slot = (this.#head + i) & this.#mask
      this.#older[slot] = slot
      const marks = this.#marks[slot]!
      if (!(marks & Mark.SACKED) && (marks & (Mark.LOST | Mark.RETRANSMITTED)) !== Mark.LOST) linked.push(slot)
    }
    this.#oldest = this.#newest = NONE
    linked.sort((a, b) => this.#sentAt[a]! - this.#sentAt[b]! || distance(this.#seq[a]!, this.#seq[b]!))
    for (const slot of linked) this.#linkNewest(slot)
  }

  #grow(): void {
    const capacity = 2 * (this.#mask + 1)
    const seq = new Int32Array(capacity)
    const length = new Int32Array(capacity)
    const marks = new Uint8Array(capacity)
    const sentAt = new Float64Array(capacity)
    const older = new Int32Array(capacity)
    const newer = new Int32Array(capacity)
    const moved = (slot: number): number => (slot === NONE ? NONE : (slot - this.#head) & this.#mask)
    for (let i = 0; i < this.count; i++) {
      const slot = (this.#head + i) & this.#mask
      seq[i] = this.#seq[slot]!
      length[i] = this.#length[slot]!
      marks[i] = this.#marks[slot]!
      sentAt[i] = this.#sentAt[slot]!
      older[i] = moved(this.#older[slot]!)
      newer[i] = moved(this.#newer[slot]!)
    }
    this.#oldest = moved(this.#oldest)
    this.#newest = moved(this.#newest)
    this.#head = 0
    this.#mask = capacity - 1
    this.#seq = seq
    this.#length = length
    this.#marks = marks
    this.#sentAt = sentAt
    this.#older = older
    this.#newer = newer
  }
}

/** Rings that are not in use: an idle connection has none. */
export class InFlightPool {
  readonly #free: InFlight[] = []

  take(): InFlight {
    return this.#free.pop() ?? new InFlight()
  }

  give(ring: InFlight): void {
    ring.clear()
    if (this.#free.length < RINGS_MAX && ring.capacity <= RING_CAPACITY_MAX) this.#free.push(ring)
  }
}

const RINGS_MAX = 64
const RING_CAPACITY_MAX = 2048
