import { type Clock, DeadlineQueue, type Duration, type Instant, NEVER, ZtError } from '@zt/sansio'

/**
 * Time that moves only when it is told to.
 *
 * Each instant is worked off as an event loop would: first every timer that is due, in the order (deadline, order of
 * arming), then what was asked for with `soon` meanwhile, and again until nothing is left; only then does time move, and
 * straight to the next deadline. Equal programs with equal seeds therefore take equal steps, always.
 */
export class VirtualClock implements Clock {
  readonly #timers = new DeadlineQueue()
  #soon: (() => void)[] = []
  #now: Instant
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
    const timer = this.#timers.push(Math.max(at, this.#now), run)
    return () => this.#timers.cancel(timer)
  }

  soon(run: () => void): void {
    this.#soon.push(run)
  }

  /** When something is to happen next, or `NEVER`. */
  nextDeadline(): Instant {
    return this.#soon.length > 0 ? this.#now : this.#timers.next()
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
    if (this.#soon.length === 0) this.#moveTo(this.#timers.next())
    if (++this.#turnsWithoutTime > MAX_TURNS_PER_INSTANT) {
      throw new ZtError('ZT_BUG', `virtual time stands still: ${MAX_TURNS_PER_INSTANT} turns at instant ${this.#now}`, {
        hint: 'look for a timer that is armed for the past, or a soon that always asks for another',
      })
    }
    // What these callbacks arm for this same instant belongs to the next turn.
    const fresh = this.#timers.nextSequence
    for (let run = this.#timers.takeDue(this.#now, fresh); run; run = this.#timers.takeDue(this.#now, fresh)) run()
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
