import { type Instant, NEVER } from './instant.js'

/** Something to be run at an instant. `run` is absent once it was taken back. */
export interface Deadline {
  readonly at: Instant
  /** Counts up: what was armed first runs first among equals. */
  readonly sequence: number
  run: (() => void) | undefined
}

/**
 * Callbacks by time: what a `Clock` is made of. A binary heap ordered by (instant, order of arming). Taking back is
 * cheap and leaves a dead entry; when the dead outnumber the living they are swept out, so that callers who re-arm with
 * every packet do not fill the memory.
 */
export class DeadlineQueue {
  #heap: Deadline[] = []
  #sequence = 0
  #dead = 0

  /** The sequence number that the next entry will get. */
  get nextSequence(): number {
    return this.#sequence
  }

  /** Entries that wait. */
  get size(): number {
    return this.#heap.length - this.#dead
  }

  push(at: Instant, run: () => void): Deadline {
    const deadline: Deadline = { at, sequence: this.#sequence++, run }
    this.#heap.push(deadline)
    this.#siftUp(this.#heap.length - 1)
    return deadline
  }

  /** Take back. Harmless if it has run or was taken back before. */
  cancel(deadline: Deadline): void {
    if (!deadline.run) return
    deadline.run = undefined
    if (++this.#dead <= 64 || this.#dead < this.#heap.length / 2) return
    this.#heap = this.#heap.filter(({ run }) => run)
    this.#dead = 0
    for (let i = (this.#heap.length >> 1) - 1; i >= 0; i--) this.#siftDown(i)
  }

  /** The earliest entry, or `undefined`. */
  peek(): Deadline | undefined {
    while (this.#heap.length > 0 && !this.#heap[0].run) {
      this.#removeTop()
      this.#dead--
    }
    return this.#heap[0]
  }

  /** When the earliest entry is due, or `NEVER`. */
  next(): Instant {
    return this.peek()?.at ?? NEVER
  }

  /** Remove the earliest entry and hand out its callback, if it is due and older than `beforeSequence`. */
  takeDue(now: Instant, beforeSequence = Number.POSITIVE_INFINITY): (() => void) | undefined {
    const top = this.peek()
    if (!top || top.at > now || top.sequence >= beforeSequence) return undefined
    this.#removeTop()
    const { run } = top
    top.run = undefined
    return run
  }

  #removeTop(): void {
    const last = this.#heap.pop()!
    if (this.#heap.length === 0) return
    this.#heap[0] = last
    this.#siftDown(0)
  }

  #siftUp(at: number): void {
    const heap = this.#heap
    const moving = heap[at]
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(moving, heap[parent])) break
      heap[at] = heap[parent]
      at = parent
    }
    heap[at] = moving
  }

  #siftDown(at: number): void {
    const heap = this.#heap
    const moving = heap[at]
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++
      if (!isBefore(heap[child], moving)) break
      heap[at] = heap[child]
      at = child
    }
    heap[at] = moving
  }
}

function isBefore(a: Deadline, b: Deadline): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence)
}
