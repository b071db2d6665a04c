import { type Instant, NEVER } from '@zt/sansio'
import type { Seq } from '../seq.js'
import type { Tuple } from '../tuple-table.js'

/** What is kept of a connection for twice the maximum segment lifetime. */
export interface TimeWait extends Tuple {
  readonly rcvNxt: Seq
  readonly sndNxt: Seq
  readonly timestampsOk: boolean
  readonly tsRecent: number
  readonly tsOffset: number
}

const INTS = 14

/**
 * Connections in TIME_WAIT, as rows of integers in a ring: all wait equally long, so the order of entry is the order of
 * expiry. A full table gives up the oldest.
 */
export class TimeWaitTable {
  readonly #capacity: number
  #ints: Int32Array
  #expires: Float64Array
  #mask: number
  #head = 0
  /** Rows in the ring, those given up early included. */
  #count = 0
  size = 0

  constructor(capacity: number) {
    this.#capacity = capacity
    this.#mask = 15
    this.#ints = new Int32Array(16 * INTS)
    this.#expires = new Float64Array(16)
  }

  get isFull(): boolean {
    return this.#count >= this.#capacity
  }

  /** Returns the row's number. The table must not be full. */
  add(entry: TimeWait, expires: Instant): number {
    if (this.#count > this.#mask) this.#grow()
    const number = this.#head + this.#count++
    const at = (number & this.#mask) * INTS
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
    ints[at + 9] = entry.rcvNxt
    ints[at + 10] = entry.sndNxt
    ints[at + 11] = entry.timestampsOk ? 1 : 0
    ints[at + 12] = entry.tsRecent
    ints[at + 13] = entry.tsOffset
    this.#expires[number & this.#mask] = expires
    this.size++
    return number & ROW_MASK
  }

  get(row: number): TimeWait {
    const at = (row & this.#mask) * INTS
    const ints = this.#ints
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
      rcvNxt: ints[at + 9]!,
      sndNxt: ints[at + 10]!,
      timestampsOk: ints[at + 11] === 1,
      tsRecent: ints[at + 12]!,
      tsOffset: ints[at + 13]!,
    }
  }

  /** Give a row up before its time. */
  remove(row: number): void {
    this.#expires[row & this.#mask] = GONE
    this.size--
  }

  /** Take the oldest row that has expired, or any oldest one if `now` is `NEVER`. */
  takeExpired(now: Instant): TimeWait | undefined {
    while (this.#count > 0) {
      const slot = this.#head & this.#mask
      const expires = this.#expires[slot]!
      if (expires !== GONE && expires > now) return undefined
      const entry = expires === GONE ? undefined : this.get(this.#head)
      this.#head = (this.#head + 1) & ROW_MASK
      this.#count--
      if (entry !== undefined) {
        this.size--
        return entry
      }
    }
    return undefined
  }

  /** When the oldest row expires, or `NEVER`. */
  next(): Instant {
    return this.#count === 0 ? NEVER : this.#expires[this.#head & this.#mask]!
  }

  #grow(): void {
    const capacity = 2 * (this.#mask + 1)
    const ints = new Int32Array(capacity * INTS)
    const expires = new Float64Array(capacity)
    for (let i = 0; i < this.#count; i++) {
      const from = (this.#head + i) & this.#mask
      const to = (this.#head + i) & (capacity - 1)
      ints.set(this.#ints.subarray(from * INTS, (from + 1) * INTS), to * INTS)
      expires[to] = this.#expires[from]!
    }
    this.#ints = ints
    this.#expires = expires
    this.#mask = capacity - 1
  }
}

/** A row that was given up: expired long ago. */
const GONE = Number.NEGATIVE_INFINITY
/** Row numbers wrap here; far above any capacity. */
const ROW_MASK = 0xff_ffff
