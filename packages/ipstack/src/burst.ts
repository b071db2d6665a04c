import type { Clock, Instant } from '@zt/sansio'
import { NEVER } from '@zt/sansio'
import { TimerWheel } from './timer-wheel.js'

/**
 * The stack's one contact with its clock. Time is read once a burst; the work of a burst is done once, in `soon`; one
 * deadline, that of the timer wheel, is armed.
 */
export class Burst {
  readonly timers: TimerWheel
  readonly #clock: Clock
  readonly #work: (now: Instant) => boolean
  #now: Instant
  /** A burst is open: `#drain` will run, or is running. */
  #open = false
  #closed = false
  #armedFor: Instant = NEVER
  #disarm: (() => void) | undefined

  /** `work` does what a burst has left to do; true if it stopped short of the end, to be called again soon. */
  constructor(clock: Clock, work: (now: Instant) => boolean) {
    this.#clock = clock
    this.#work = work
    this.#now = clock.now()
    this.timers = new TimerWheel(this.#now, () => this.touch())
  }

  /** There is work. The time of the burst that will do it, which this call may have begun. */
  touch(): Instant {
    if (this.#open || this.#closed) return this.#now
    this.#open = true
    this.#now = this.#clock.now()
    this.#clock.soon(this.#drain)
    return this.#now
  }

  /** The time of the present burst; between bursts that of the last one. */
  get now(): Instant {
    return this.#now
  }

  /** The time at this moment, for those who measure it. */
  exactNow(): Instant {
    return this.#clock.now()
  }

  close(): void {
    this.#closed = true
    this.#disarm?.()
    this.#disarm = undefined
  }

  readonly #drain = (): void => {
    if (this.#closed) return
    let isUnfinished = true
    try {
      isUnfinished = this.#work(this.#now)
    } finally {
      // Also after a throw, which can only come from an application's callback: the rest of the work is not lost.
      this.#open = false
      if (isUnfinished) this.touch()
      this.#arm()
    }
  }

  readonly #expire = (): void => {
    this.#disarm = undefined
    this.#armedFor = NEVER
    if (this.#closed) return
    // A burst that is open already will drain by itself a little later; what the timers do is flushed now.
    this.#open = true
    this.#now = this.#clock.now()
    this.timers.advance(this.#now)
    this.#drain()
  }

  /** A deadline that has moved later is left alone: waking early costs less than arming anew for every packet. */
  #arm(): void {
    if (this.#closed) return
    const next = this.timers.nextTimeout()
    if (next === NEVER || next < this.#armedFor) {
      this.#disarm?.()
      this.#disarm = undefined
      this.#armedFor = next
      if (next !== NEVER) this.#disarm = this.#clock.at(next, this.#expire)
    }
  }
}
