import { type Clock, type Duration, type Instant, NEVER, ZtError } from '@zt/sansio'

/**
 * Time that moves only when it is told to.
 *
 * Each instant is worked off as an event loop would: first every timer that is due, in the order (deadline, order of
 * arming), then what was asked for with `soon` meanwhile, and again until nothing is left; only then does time move, and
 * straight to the next deadline. Equal programs with equal seeds therefore take equal steps, always.
 */
export class VirtualClock implements Clock {
  readonly #timers = new TimerHeap()
  #soon: (() => void)[] = []
  #now: Instant
  #sequence = 0
  #turnsWithoutTime = 0

  /** @param start the first instant; the default is a plausible date, so that certificate times are plausible too. */
  constructor(start: Instant = 1_700_000_000_000) {
    this.#now = start
  }

  now(): Instant {
    return this.#now
  }

  at(at: Instant, run: () => void): () => void {
    if (Number.isNaN(at)) throw new ZtError('ZT_ARG_INVALID', 'expected an instant in milliseconds, got NaN')
    if (at === NEVER) return () => {}
    const timer: Timer = { at: Math.max(at, this.#now), sequence: this.#sequence++, run }
    this.#timers.push(timer)
    return () => {
      timer.run = undefined
    }
  }

  soon(run: () => void): void {
    this.#soon.push(run)
  }

  /** When something is to happen next, or `NEVER`. */
  nextDeadline(): Instant {
    return this.#soon.length > 0 ? this.#now : this.#timers.nextAt()
  }

  /** Do everything that is due up to and including `until`, which is the time afterwards. */
  run(until: Instant): void {
    while (this.nextDeadline() <= until) this.#turn()
    this.#moveTo(until)
  }

  /** Let `ms` milliseconds pass; 0 works off the present instant. */
  advance(ms: Duration): void {
    this.run(this.#now + ms)
  }

  /**
   * Let time pass until `predicate` holds, for `limitMs` at the most. Says whether it holds. It is asked before the
   * start and after each turn. Time stops where it came true, or after the limit.
   */
  runUntil(predicate: () => boolean, limitMs: Duration = 60_000): boolean {
    const until = this.#now + limitMs
    while (!predicate()) {
      if (this.nextDeadline() > until) {
        this.#moveTo(until)
        return false
      }
      this.#turn()
    }
    return true
  }

  /**
   * `runUntil` for programs that also use promises or streams: `turn` is awaited between the steps and lets them run,
   * for example `setImmediate` of `node:timers/promises`. Virtual time stands still meanwhile.
   */
  async runUntilAsync(
    predicate: () => boolean,
    turn: () => Promise<unknown>,
    limitMs: Duration = 60_000,
  ): Promise<boolean> {
    const until = this.#now + limitMs
    for (;;) {
      await turn()
      if (predicate()) return true
      if (this.nextDeadline() > until) {
        this.#moveTo(until)
        return false
      }
      this.#turn()
    }
  }

  /** One turn: all timers of the next instant that has any, then the present `soon` queue. */
  #turn(): void {
    if (this.#soon.length === 0) this.#moveTo(this.#timers.nextAt())
    if (++this.#turnsWithoutTime > MAX_TURNS_PER_INSTANT) {
      throw new ZtError('ZT_BUG', `virtual time stands still: ${MAX_TURNS_PER_INSTANT} turns at instant ${this.#now}`, {
        hint: 'look for a timer that is armed for the past, or a soon that always asks for another',
      })
    }
    // What these callbacks arm for this same instant belongs to the next turn.
    const last = this.#sequence
    for (let timer = this.#timers.peek(); timer && timer.at <= this.#now && timer.sequence < last; timer = this.#timers.peek()) {
      this.#timers.pop()
      timer.run?.()
    }
    const soon = this.#soon
    this.#soon = []
    for (const run of soon) run()
  }

  #moveTo(at: Instant): void {
    if (at === NEVER || at <= this.#now) return
    this.#now = at
    this.#turnsWithoutTime = 0
  }
}

const MAX_TURNS_PER_INSTANT = 100_000

interface Timer {
  readonly at: Instant
  readonly sequence: number
  /** Absent once taken back. */
  run: (() => void) | undefined
}

/** A binary heap by (at, sequence). Timers taken back are dropped when they come to the top. */
class TimerHeap {
  readonly #heap: Timer[] = []

  nextAt(): Instant {
    return this.peek()?.at ?? NEVER
  }

  peek(): Timer | undefined {
    while (this.#heap.length > 0 && !this.#heap[0].run) this.pop()
    return this.#heap[0]
  }

  push(timer: Timer): void {
    const heap = this.#heap
    let i = heap.length
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (!before(timer, heap[parent])) break
      heap[i] = heap[parent]
      i = parent
    }
    heap[i] = timer
  }

  pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++
      if (!before(heap[child], last)) break
      heap[i] = heap[child]
      i = child
    }
    heap[i] = last
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence)
}
