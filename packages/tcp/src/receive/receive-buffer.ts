import { type Seq, add, distance } from '../seq.js'
import { OutOfOrder } from './out-of-order.js'

/** The largest block. Larger ones would not be faster to fill, and cost more to give away. */
const BLOCK_MAX = 65_536

/**
 * The bytes that have arrived, from the first unread one on. Text is copied once, out of the borrowed segment to where
 * it will stay, also when what comes before it is still missing. The application is given whole blocks, so it gets
 * one buffer a burst rather than one a segment; their size follows what it took last time.
 */
export class ReceiveBuffer {
  /** The first unread byte, and the first one that is missing: RCV.NXT, until FIN. */
  #read: Seq
  #nxt: Seq
  /** Blocks follow each other in sequence space, from `#base` to `#end`. */
  #blocks: Uint8Array<ArrayBuffer>[] = []
  #base: Seq
  #end: Seq
  #ranges: OutOfOrder | undefined
  /** Bytes read since the buffer was last empty, and how many it was then: the size to expect. */
  #drained = 0
  #hint = 0

  constructor(first: Seq) {
    this.#read = this.#nxt = this.#base = this.#end = first
    this.#ranges = undefined
  }

  /** The first sequence number that is missing. */
  get nxt(): Seq {
    return this.#nxt
  }

  /** Bytes that can be read. */
  get length(): number {
    return distance(this.#nxt, this.#read)
  }

  /** What has arrived out of order, or `undefined` if there is nothing. */
  get ranges(): OutOfOrder | undefined {
    return this.#ranges
  }

  /**
   * Keep text that begins at or after `nxt`. If it begins there, `nxt` moves past it and past what joins.
   * `false` if too much is out of order already.
   */
  store(seq: Seq, bytes: Uint8Array, offset: number, length: number): boolean {
    const end = add(seq, length)
    if (seq === this.#nxt) {
      this.#place(seq, end, bytes, offset, length)
      this.#nxt = end
      if (this.#ranges !== undefined) this.#join()
      return true
    }
    const ranges = (this.#ranges ??= new OutOfOrder())
    if (!ranges.insert(seq, end)) return false
    this.#place(seq, end, bytes, offset, length)
    return true
  }

  /** The next bytes, at most `max`. The buffer is the caller's. */
  take(max: number): Uint8Array<ArrayBuffer> | undefined {
    const ready = this.length
    if (ready === 0 || max <= 0) return undefined
    const block = this.#blocks[0]!
    const from = distance(this.#read, this.#base)
    const there = Math.min(ready, block.length - from)
    const taken = Math.min(there, max)
    const isWholeBlock = from + taken === block.length
    const isLast = taken === ready && this.#ranges === undefined
    let given: Uint8Array<ArrayBuffer>
    if (isWholeBlock || isLast) {
      // A buffer that is mostly empty is not given away: its owner would keep the whole of it alive.
      given = 2 * taken >= block.length ? block.subarray(from, from + taken) : block.slice(from, from + taken)
      if (from === 0 && isWholeBlock) given = block
      this.#blocks.shift()
      this.#base = add(this.#base, block.length)
    } else {
      given = block.slice(from, from + taken)
    }
    this.#read = add(this.#read, taken)
    this.#drained += taken
    if (taken === ready) {
      this.#hint = Math.min(BLOCK_MAX, this.#drained)
      this.#drained = 0
      if (this.#ranges === undefined) {
        this.#blocks.length = 0
        this.#base = this.#end = this.#read
      }
    }
    return given
  }

  /** Forget everything. */
  clear(): void {
    this.#blocks = []
    this.#ranges = undefined
    this.#read = this.#base = this.#end = this.#nxt
  }

  #join(): void {
    const ranges = this.#ranges!
    this.#nxt = ranges.advance(this.#nxt)
    if (ranges.count === 0) this.#ranges = undefined
  }

  #place(seq: Seq, end: Seq, bytes: Uint8Array, offset: number, length: number): void {
    while (distance(end, this.#end) > 0) this.#extend(distance(end, this.#end))
    // From the end, because new text goes there as a rule.
    let i = this.#blocks.length - 1
    let blockStart = add(this.#end, -this.#blocks[i]!.length)
    while (distance(seq, blockStart) < 0) blockStart = add(blockStart, -this.#blocks[--i]!.length)
    let within = distance(seq, blockStart)
    while (length > 0) {
      const block = this.#blocks[i++]!
      const n = Math.min(length, block.length - within)
      copy(bytes, offset, block, within, n)
      offset += n
      length -= n
      within = 0
    }
  }

  #extend(needed: number): void {
    const last = this.#blocks.length === 0 ? this.#hint : 2 * this.#blocks[this.#blocks.length - 1]!.length
    const block = new Uint8Array(Math.min(BLOCK_MAX, Math.max(needed, last)))
    this.#blocks.push(block)
    this.#end = add(this.#end, block.length)
  }
}

function copy(from: Uint8Array, at: number, to: Uint8Array, toAt: number, length: number): void {
  if (length > SHORT) {
    to.set(from.subarray(at, at + length), toAt)
    return
  }
  for (let i = 0; i < length; i++) to[toAt + i] = from[at + i]!
}

/** Up to this many bytes a loop is cheaper than making a view. */
const SHORT = 64
