import type { Duration, Instant } from './instant.js'

/** A token bucket: at most `burst` at once and one more every `interval` after that. */
export class RateGate {
  readonly #interval: Duration
  readonly #burst: number
  #tokens: number
  #last: Instant = Number.NEGATIVE_INFINITY

  constructor(interval: Duration, burst = 1) {
    this.#interval = interval
    this.#burst = burst
    this.#tokens = burst
  }

  /** May one more pass now? Taking it is part of the question. */
  pass(now: Instant): boolean {
    if (this.#last === Number.NEGATIVE_INFINITY) this.#last = now
    const earned = Math.floor((now - this.#last) / this.#interval)
    if (earned > 0) {
      this.#tokens = Math.min(this.#burst, this.#tokens + earned)
      this.#last = this.#tokens === this.#burst ? now : this.#last + earned * this.#interval
    }
    if (this.#tokens === 0) return false
    if (this.#tokens === this.#burst) this.#last = now
    this.#tokens--
    return true
  }
}
