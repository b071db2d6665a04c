import { type Instant, NEVER } from '@zt/sansio'

/** Whose turn it is when a timer expires. */
export interface TimerOwner {
  handleTimer(now: Instant): void
}

/** One deadline of one owner. It links itself into the wheel, so arming allocates nothing. */
export class Timer {
  /** When it is due, or `NEVER`. */
  at: Instant = NEVER
  /** The tick it is filed under; never later than `at`, earlier when the deadline has moved back since. */
  tick = NEVER
  slot = -1
  next: Timer | undefined
  previous: Timer | undefined
  readonly owner: TimerOwner

  constructor(owner: TimerOwner) {
    this.owner = owner
    this.next = undefined
    this.previous = undefined
  }

  get isArmed(): boolean {
    return this.at !== NEVER
  }
}

const LEVELS = 4
const SLOTS = 64
/** Ticks that the wheel spans; what is due later is filed at the far end and refiled there. */
const SPAN = SLOTS ** LEVELS

/**
 * A hierarchical timer wheel of 1 ms ticks: four levels of 64 slots span 4.6 hours. A timer fires up to 1 ms late and
 * never early. Moving a deadline later, the usual case, only writes a number; the timer is refiled when its old slot
 * comes up.
 *
 * @see Varghese and Lauck, "Hashed and hierarchical timing wheels", scheme 7
 */
export class TimerWheel {
  readonly #slots: (Timer | undefined)[] = new Array<Timer | undefined>(LEVELS * SLOTS).fill(undefined)
  /** How many timers are filed at each level. */
  readonly #filed = new Int32Array(LEVELS)
  readonly #epoch: Instant
  /** Everything due at or before this tick has fired. */
  #tick = 0
  readonly #onEarlier: () => void

  /** `onEarlier` is told when the next deadline may have come nearer. */
  constructor(now: Instant, onEarlier: () => void) {
    this.#epoch = Math.floor(now)
    this.#onEarlier = onEarlier
  }

  /** Arm or move the timer. What is due in the past fires at the next `advance`. */
  schedule(timer: Timer, at: Instant): void {
    timer.at = at
    if (at === NEVER) {
      if (timer.slot >= 0) this.#unfile(timer)
      return
    }
    const tick = Math.max(this.#tick + 1, Math.ceil(at - this.#epoch))
    if (timer.slot >= 0) {
      if (timer.tick <= tick) return
      this.#unfile(timer)
    }
    this.#file(timer, tick)
    this.#onEarlier()
  }

  cancel(timer: Timer): void {
    this.schedule(timer, NEVER)
  }

  /** When `advance` has something to do next, or `NEVER`. At times it only refiles. */
  nextTimeout(): Instant {
    const tick = this.#nextTick()
    return tick === NEVER ? NEVER : this.#epoch + tick
  }

  /** Fire what is due. An owner may arm and cancel any timer; what it arms for now or earlier waits for the next call. */
  advance(now: Instant): void {
    const target = Math.floor(now - this.#epoch)
    for (;;) {
      const tick = this.#nextTick()
      if (tick > target) break
      this.#tick = tick
      this.#cascade(tick)
      this.#fire(tick & (SLOTS - 1), now)
    }
    if (target > this.#tick) this.#tick = target
  }

  #fire(slot: number, now: Instant): void {
    const timers = this.#slots
    for (let timer = timers[slot]; timer !== undefined; timer = timers[slot]) {
      this.#unfile(timer)
      const tick = Math.ceil(timer.at - this.#epoch)
      if (tick > this.#tick) {
        this.#file(timer, tick)
      } else {
        timer.at = NEVER
        timer.owner.handleTimer(now)
      }
    }
  }

  /** Move the timers of the coarse slots that begin at this tick to finer ones. */
  #cascade(tick: number): void {
    for (let level = LEVELS - 1; level > 0; level--) {
      const width = SLOTS ** level
      if (tick % width !== 0) continue
      const slot = level * SLOTS + (Math.floor(tick / width) & (SLOTS - 1))
      let timer = this.#slots[slot]
      this.#slots[slot] = undefined
      while (timer !== undefined) {
        const next = timer.next
        this.#filed[level]--
        timer.slot = -1
        timer.next = timer.previous = undefined
        this.#file(timer, Math.max(tick, Math.ceil(timer.at - this.#epoch)))
        timer = next
      }
    }
  }

  /** The first tick after the present one with a timer to fire or a coarse slot to refile. */
  #nextTick(): number {
    let best = NEVER
    for (let level = 0; level < LEVELS; level++) {
      if (this.#filed[level] === 0) continue
      const width = SLOTS ** level
      const first = Math.floor(this.#tick / width) + 1
      for (let i = 0; i < SLOTS; i++) {
        if (this.#slots[level * SLOTS + ((first + i) & (SLOTS - 1))] === undefined) continue
        best = Math.min(best, (first + i) * width)
        break
      }
    }
    return best
  }

  #file(timer: Timer, tick: number): void {
    const ahead = tick - this.#tick
    const reachable = ahead < SPAN ? tick : this.#tick + SPAN - 1
    let level = 0
    // A slot is unambiguous while its number differs from the present one of its level by less than a full turn.
    while (
      level < LEVELS - 1 &&
      Math.floor(reachable / SLOTS ** level) - Math.floor(this.#tick / SLOTS ** level) >= SLOTS
    )
      level++
    const slot = level * SLOTS + (Math.floor(reachable / SLOTS ** level) & (SLOTS - 1))
    timer.tick = reachable
    timer.slot = slot
    timer.previous = undefined
    timer.next = this.#slots[slot]
    if (timer.next !== undefined) timer.next.previous = timer
    this.#slots[slot] = timer
    this.#filed[level]++
  }

  #unfile(timer: Timer): void {
    if (timer.previous === undefined) this.#slots[timer.slot] = timer.next
    else timer.previous.next = timer.next
    if (timer.next !== undefined) timer.next.previous = timer.previous
    this.#filed[timer.slot >> 6]--
    timer.slot = -1
    timer.tick = NEVER
    timer.next = timer.previous = undefined
  }
}
