import { type Seq, after, before, distance } from '../seq.js'

/** Ranges kept at the most. What would make more is not taken, and comes again. */
const RANGES_MAX = 512

/**
 * Which sequence numbers beyond RCV.NXT have arrived: sorted, disjoint, non-adjacent ranges, each with the order in which
 * it last grew, since SACK reports the newest first.
 *
 * @see RFC 2018 section 4
 */
export class OutOfOrder {
  #starts = new Int32Array(8)
  #ends = new Int32Array(8)
  #stamps = new Int32Array(8)
  #clock = 0
  count = 0

  start(index: number): Seq {
    return this.#starts[index]!
  }

  end(index: number): Seq {
    return this.#ends[index]!
  }

  /** Does one range hold all of `[from, to)`? */
  covers(from: Seq, to: Seq): boolean {
    const i = this.#firstEndingAtOrAfter(to)
    return i < this.count && !after(this.#starts[i]!, from)
  }

  /** Add `[from, to)`. `false` if there is no room for one more range. */
  insert(from: Seq, to: Seq): boolean {
    const first = this.#firstEndingAtOrAfter(from)
    let last = first
    while (last < this.count && !after(this.#starts[last]!, to)) last++
    if (first === last && !this.#open(first)) return false
    if (first < last) {
      if (before(this.#starts[first]!, from)) from = this.#starts[first]!
      if (after(this.#ends[last - 1]!, to)) to = this.#ends[last - 1]!
      this.#close(first + 1, last)
    }
    this.#starts[first] = from
    this.#ends[first] = to
    this.#stamps[first] = ++this.#clock
    return true
  }

  /** RCV.NXT has come to `nxt`: drop what it covers. Returns where it comes to with the range that now joins. */
  advance(nxt: Seq): Seq {
    let gone = 0
    while (gone < this.count && !after(this.#starts[gone]!, nxt)) {
      if (after(this.#ends[gone]!, nxt)) nxt = this.#ends[gone]!
      gone++
    }
    if (gone > 0) this.#close(0, gone)
    return nxt
  }

  /** Write up to `most` ranges into `edges` as pairs, the one that grew last first. Returns how many. */
  newest(edges: Int32Array, at: number, most: number): number {
    let written = 0
    let below = this.#clock + 1
    while (written < most && written < this.count) {
      let best = -1
      for (let i = 0; i < this.count; i++) {
        const stamp = this.#stamps[i]!
        if (stamp < below && (best < 0 || stamp > this.#stamps[best]!)) best = i
      }
      below = this.#stamps[best]!
      edges[at++] = this.#starts[best]!
      edges[at++] = this.#ends[best]!
      written++
    }
    return written
  }

  /** Bytes held. */
  get bytes(): number {
    let sum = 0
    for (let i = 0; i < this.count; i++) sum += distance(this.#ends[i]!, this.#starts[i]!)
    return sum
  }

  #firstEndingAtOrAfter(seq: Seq): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >> 1
      if (before(this.#ends[middle]!, seq)) low = middle + 1
      else high = middle
    }
    return low
  }

  #open(index: number): boolean {
    if (this.count === RANGES_MAX) return false
    if (this.count === this.#starts.length) this.#grow()
    this.#starts.copyWithin(index + 1, index, this.count)
    this.#ends.copyWithin(index + 1, index, this.count)
    this.#stamps.copyWithin(index + 1, index, this.count)
    this.count++
    return true
  }

  #close(from: number, to: number): void {
    this.#starts.copyWithin(from, to, this.count)
    this.#ends.copyWithin(from, to, this.count)
    this.#stamps.copyWithin(from, to, this.count)
    this.count -= to - from
  }

  #grow(): void {
    const enlarged = (old: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
      const array = new Int32Array(2 * old.length)
      array.set(old)
      return array
    }
    this.#starts = enlarged(this.#starts)
    this.#ends = enlarged(this.#ends)
    this.#stamps = enlarged(this.#stamps)
  }
}
