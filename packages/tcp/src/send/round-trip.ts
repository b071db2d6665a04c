import { type Duration, type Instant, NEVER } from '@zt/sansio'
import type { TcpSettings } from '../settings.js'

/** RFC 6298 section 2: the weights of a new sample, and how many variances the timeout stands off. */
const ALPHA = 1 / 8
const BETA = 1 / 4
const K = 4
/** How long the least round trip is believed before newer ones replace it. */
const MIN_RTT_WINDOW: Duration = 300_000

/**
 * Round trip times and the retransmission timeout. All in milliseconds with fractions.
 *
 * Deviation: the floor of the timeout applies to its variance term, RTO = SRTT + max(floor, 4 · RTTVAR), because a floor
 * on the sum would put the timeout of a steady 180 ms path at 200.
 *
 * @see RFC 6298 section 2; RFC 7323 appendix G for many samples a round trip
 */
export class RoundTrip {
  /** 0 until there is a sample. */
  srtt: Duration = 0
  rttvar: Duration = 0
  /** The least of the last minutes, `NEVER` (infinite) until there is a sample. */
  minRtt: Duration = NEVER
  #minRttAt: Instant = 0
  #base: Duration
  /** Doublings since the last valid sample. */
  backoff = 0
  readonly #settings: TcpSettings

  constructor(settings: TcpSettings) {
    this.#settings = settings
    this.#base = settings.rtoInitialMs
  }

  get hasSample(): boolean {
    return this.srtt > 0
  }

  /** The retransmission timeout with its present back-off. */
  get rto(): Duration {
    return Math.min(this.#settings.rtoMaxMs, this.#base * 2 ** this.backoff)
  }

  /** The timeout without back-off. */
  get rtoBase(): Duration {
    return Math.min(this.#settings.rtoMaxMs, this.#base)
  }

  /** The shortest time that a segment took, which need not be a sample for the timeout. */
  observeLeast(rtt: Duration, now: Instant): void {
    rtt = Math.max(rtt, this.#settings.clockResolutionMs)
    if (rtt > this.minRtt && now - this.#minRttAt <= MIN_RTT_WINDOW) return
    this.minRtt = rtt
    this.#minRttAt = now
  }

  /** A segment that was sent once took `rtt` to be acknowledged. `expected` samples are likely in this round trip. */
  sample(rtt: Duration, expected = 1): void {
    rtt = Math.max(rtt, this.#settings.clockResolutionMs)
    if (this.srtt === 0) {
      this.srtt = rtt
      this.rttvar = rtt / 2
    } else {
      this.rttvar += (Math.abs(this.srtt - rtt) - this.rttvar) * (BETA / expected)
      this.srtt += (rtt - this.srtt) * (ALPHA / expected)
    }
    this.#base = this.srtt + Math.max(this.#settings.rtoMinMs, K * this.rttvar)
    this.backoff = 0
  }

  /** The timer expired. @see RFC 6298 section 5.5 */
  backOff(): void {
    if (this.backoff < 16) this.backoff++
  }

  /** RFC 6298 section 5.7: the SYN had to be sent again, so text starts with three seconds, if nothing was measured. */
  startAfterLostSyn(): void {
    this.backoff = 0
    if (!this.hasSample) this.#base = Math.max(this.#base, 3000)
  }
}
