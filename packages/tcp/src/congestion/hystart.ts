import { type Duration, NEVER } from '@zt/sansio'

/** RFC 9406 section 4.3. */
const MIN_RTT_THRESH: Duration = 4
const MAX_RTT_THRESH: Duration = 16
const MIN_RTT_DIVISOR = 8
const RTT_SAMPLES = 8
const CSS_GROWTH_DIVISOR = 4
const CSS_ROUNDS = 5

/**
 * HyStart++: leaves slow start when round trips grow, before the queue that makes them grow overflows. First it goes on
 * carefully for some rounds, and returns to full slow start if the growth was a mistake.
 *
 * Deviation: no limit L on the growth per acknowledgement. Receivers that acknowledge once a burst, as this stack does,
 * would be held to a fraction of the doubling that slow start means.
 *
 * @see RFC 9406
 */
export class HyStart {
  #lastRoundMinRtt: Duration = NEVER
  #currentRoundMinRtt: Duration = NEVER
  #samples = 0
  #inCss = false
  #cssBaselineMinRtt: Duration = NEVER
  #cssRounds = 0

  /** What share of the delivered bytes the window grows by: 1, or less while being careful. */
  get growth(): number {
    return this.#inCss ? 1 / CSS_GROWTH_DIVISOR : 1
  }

  /** An acknowledgement in slow start. `true`: leave slow start now. */
  onAck(rtt: Duration, isRoundStart: boolean): boolean {
    if (isRoundStart && this.#startRound()) return true
    if (rtt <= 0) return false
    this.#currentRoundMinRtt = Math.min(this.#currentRoundMinRtt, rtt)
    this.#samples++
    if (this.#samples < RTT_SAMPLES || this.#currentRoundMinRtt === NEVER) return false
    if (this.#inCss) {
      if (this.#currentRoundMinRtt < this.#cssBaselineMinRtt) this.#inCss = false
    } else if (this.#lastRoundMinRtt !== NEVER) {
      const threshold = Math.max(MIN_RTT_THRESH, Math.min(this.#lastRoundMinRtt / MIN_RTT_DIVISOR, MAX_RTT_THRESH))
      if (this.#currentRoundMinRtt >= this.#lastRoundMinRtt + threshold) {
        this.#cssBaselineMinRtt = this.#currentRoundMinRtt
        this.#inCss = true
        this.#cssRounds = 0
      }
    }
    return false
  }

  /** Slow start begins again. */
  restart(): void {
    this.#lastRoundMinRtt = this.#currentRoundMinRtt = this.#cssBaselineMinRtt = NEVER
    this.#samples = this.#cssRounds = 0
    this.#inCss = false
  }

  #startRound(): boolean {
    this.#lastRoundMinRtt = this.#currentRoundMinRtt
    this.#currentRoundMinRtt = NEVER
    this.#samples = 0
    return this.#inCss && ++this.#cssRounds >= CSS_ROUNDS
  }
}
