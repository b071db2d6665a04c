import { type Instant, NEVER } from '@zt/sansio'
import type { Seq } from '../seq.js'
import type { Tuple } from '../tuple-table.js'

/** A connection that is not one yet: a SYN was answered and the third segment of the handshake is awaited. */
export interface HalfOpen extends Tuple {
  readonly irs: Seq
  readonly iss: Seq
  /** The peer's MSS option, 0 if absent; its window scale, -1 if absent; the window of its SYN. */
  readonly mss: number
  readonly windowScale: number
  readonly wnd: number
  readonly sackOk: boolean
  readonly timestampsOk: boolean
  readonly tsval: number
  /** The listener's number. */
  readonly listener: number
}

const INTS = 16
const DOUBLES = 2

/**
 * The half-open connections of all listeners, as rows of integers: strangers fill this table, so a row costs 80 bytes
 * and no connection exists before the handshake is complete. A full table forgets its oldest row.
 */
export class HalfOpenTable {
  #ints = new Int32Array(16 * INTS)
  /** Per row: when to send the SYN,ACK again; when it was first sent, `NEVER` in a free row. */
  #times = new Float64Array(16 * DOUBLES)
  readonly #free: number[] = []
  #rows = 0
  size = 0

  /** Returns the row's number. */
  add(entry: HalfOpen, now: Instant, deadline: Instant): number {
    const row = this.#free.pop() ?? this.#append()
    const at = row * INTS
    const ints = this.#ints
    ints[at] = entry.r0
    ints[at + 1] = entry.r1
    ints[at + 2] = entry.r2
    ints[at + 3] = entry.r3
    ints[at + 4] = entry.l0
    ints[at + 5] = entry.l1
    ints[at + 6] = entry.l2
    ints[at + 7] = entry.l3
    ints[at + 8] = entry.ports
    ints[at + 9] = entry.irs
    ints[at + 10] = entry.iss
    ints[at + 11] = entry.tsval
    ints[at + 12] = (entry.mss << 16) | entry.wnd
    ints[at + 13] = (entry.windowScale + 1) | (entry.sackOk ? 0x100 : 0) | (entry.timestampsOk ? 0x200 : 0)
    ints[at + 14] = entry.listener
    ints[at + 15] = 0
    this.#times[row * DOUBLES] = deadline
    this.#times[row * DOUBLES + 1] = now
    this.size++
    return row
  }

  get(row: number): HalfOpen {
    const at = row * INTS
    const ints = this.#ints
    const packed = ints[at + 13]!
    return {
      r0: ints[at]!,
      r1: ints[at + 1]!,
      r2: ints[at + 2]!,
      r3: ints[at + 3]!,
      l0: ints[at + 4]!,
      l1: ints[at + 5]!,
      l2: ints[at + 6]!,
      l3: ints[at + 7]!,
      ports: ints[at + 8]!,
      irs: ints[at + 9]!,
      iss: ints[at + 10]!,
      tsval: ints[at + 11]!,
      mss: ints[at + 12]! >>> 16,
      wnd: ints[at + 12]! & 0xffff,
      windowScale: (packed & 0xff) - 1,
      sackOk: (packed & 0x100) !== 0,
      timestampsOk: (packed & 0x200) !== 0,
      listener: ints[at + 14]!,
    }
  }

  irs(row: number): Seq {
    return this.#ints[row * INTS + 9]!
  }

  iss(row: number): Seq {
    return this.#ints[row * INTS + 10]!
  }

  listener(row: number): number {
    return this.#ints[row * INTS + 14]!
  }

  /** How often the SYN,ACK was sent again. */
  retries(row: number): number {
    return this.#ints[row * INTS + 15]!
  }

  startedAt(row: number): Instant {
    return this.#times[row * DOUBLES + 1]!
  }

  deadline(row: number): Instant {
    return this.#times[row * DOUBLES]!
  }

  retried(row: number, deadline: Instant): void {
    this.#ints[row * INTS + 15]!++
    this.#times[row * DOUBLES] = deadline
  }

  remove(row: number): void {
    this.#times[row * DOUBLES] = NEVER
    this.#times[row * DOUBLES + 1] = NEVER
    this.#free.push(row)
    this.size--
  }

  isUsed(row: number): boolean {
    return row < this.#rows && this.#times[row * DOUBLES + 1] !== NEVER
  }

  /** Rows there have been at the most at one time: `0 … rows - 1` are worth looking at. */
  get rows(): number {
    return this.#rows
  }

  /** The row that waits longest, of one listener or of all (-1); -1 if there is none. */
  oldest(listener: number): number {
    let oldest = -1
    for (let row = 0; row < this.#rows; row++) {
      if (!this.isUsed(row) || (listener >= 0 && this.listener(row) !== listener)) continue
      if (oldest < 0 || this.startedAt(row) < this.startedAt(oldest)) oldest = row
    }
    return oldest
  }

  #append(): number {
    if ((this.#rows + 1) * INTS > this.#ints.length) {
      const ints = new Int32Array(2 * this.#ints.length)
      ints.set(this.#ints)
      const times = new Float64Array(2 * this.#times.length)
      times.set(this.#times)
      this.#ints = ints
      this.#times = times
    }
    return this.#rows++
  }
}
