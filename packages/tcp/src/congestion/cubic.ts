import type { Duration, Instant } from '@zt/sansio'
import { type AckSample, type CongestionController, initialWindow } from './controller.js'
import { HyStart } from './hystart.js'

/** RFC 9438 section 4: growth in segments per cubic second, the share kept on loss, and Reno's equal share. */
const C = 0.4
const BETA = 0.7
const ALPHA = (3 * (1 - BETA)) / (1 + BETA)

/**
 * CUBIC: after a loss the window grows back fast, hesitates where the loss was, and then looks for more, by a cubic
 * function of time rather than of round trips. Slow start is HyStart++'s.
 *
 * @see RFC 9438
 */
export class Cubic implements CongestionController {
  readonly name = 'cubic'
  cwnd: number
  ssthresh = Number.POSITIVE_INFINITY
  readonly #slowStart = new HyStart()
  readonly #most: number
  #mss: number
  /** When the present growth began, or 0; time without being limited by the window does not count (section 5.8). */
  #epochStart: Instant = 0
  #lastAckAt: Instant = 0
  /** Bytes: the window before the last reduction, Reno's estimate, and the window when the epoch began. */
  #wMax = 0
  #wEst = 0
  #cwndEpoch = 0
  /** Seconds from the start of the epoch to the plateau. */
  #k = 0
  /** What `onUndo` restores. */
  #priorCwnd = 0
  #priorSsthresh = 0
  #priorWMax = 0
  #priorK = 0
  #priorEpochStart: Instant = 0
  #cwndPrior = 0

  constructor(mss: number, most: number) {
    this.#mss = mss
    this.#most = most
    this.cwnd = initialWindow(mss)
  }

  onAck(sample: AckSample): void {
    const elapsed = sample.now - this.#lastAckAt
    this.#lastAckAt = sample.now
    if (this.cwnd < this.ssthresh) {
      if (this.#slowStart.onAck(sample.rtt, sample.isRoundStart)) this.ssthresh = this.cwnd
      if (!sample.isCwndLimited) return
      const grown = this.cwnd + sample.delivered * this.#slowStart.growth
      this.cwnd = Math.min(grown, Math.max(this.cwnd, this.ssthresh), this.#most)
      return
    }
    if (!sample.isCwndLimited) {
      if (this.#epochStart !== 0) this.#epochStart += elapsed
      return
    }
    this.#avoidCongestion(sample)
  }

  onLoss(_now: Instant): void {
    this.#save()
    this.#reduce(this.cwnd)
  }

  onTimeout(_now: Instant, bytesInFlight: number, isFirst: boolean): void {
    if (isFirst) {
      this.#save()
      this.#reduce(Math.min(this.cwnd, Math.max(bytesInFlight, this.#mss)))
    }
    this.cwnd = this.#mss
    this.#slowStart.restart()
  }

  onUndo(_now: Instant): void {
    this.cwnd = Math.max(this.cwnd, this.#priorCwnd)
    this.ssthresh = Math.max(this.ssthresh, this.#priorSsthresh)
    this.#wMax = this.#priorWMax
    this.#k = this.#priorK
    this.#epochStart = this.#priorEpochStart
  }

  onIdle(_now: Instant, idle: Duration): void {
    if (this.#epochStart !== 0) this.#epochStart += idle
    this.#lastAckAt += idle
    this.ssthresh = Math.max(this.ssthresh, 0.75 * this.cwnd)
    this.cwnd = Math.min(this.cwnd, initialWindow(this.#mss))
    this.#slowStart.restart()
  }

  onMssChange(mss: number): void {
    this.#mss = mss
    this.cwnd = Math.max(this.cwnd, mss)
  }

  #avoidCongestion(sample: AckSample): void {
    const mss = this.#mss
    if (this.#epochStart === 0) this.#startEpoch(sample.now)
    const t = (sample.now - this.#epochStart) / 1000
    // Section 4.4: where the curve will be one round trip from now, but at most half more than now.
    const distance = t + sample.srtt / 1000 - this.#k
    const curve = C * distance * distance * distance * mss + this.#wMax
    const target = Math.min(Math.max(curve, this.cwnd), 1.5 * this.cwnd)
    const delivered = Math.min(sample.delivered, this.cwnd)
    // Section 4.3: as fast as Reno at least; as Reno once it has reached the window before the reduction.
    const alpha = this.#wEst >= this.#cwndPrior ? 1 : ALPHA
    this.#wEst += (alpha * delivered * mss) / this.cwnd
    const now = t - this.#k
    if (C * now * now * now * mss + this.#wMax < this.#wEst) this.cwnd = Math.max(this.cwnd, this.#wEst)
    else this.cwnd += ((target - this.cwnd) * delivered) / this.cwnd
    this.cwnd = Math.min(this.cwnd, this.#most)
  }

  #startEpoch(now: Instant): void {
    this.#epochStart = now
    this.#cwndEpoch = this.#wEst = this.cwnd
    if (this.#wMax <= this.cwnd) {
      this.#wMax = this.cwnd
      this.#k = 0
    } else {
      this.#k = Math.cbrt((this.#wMax - this.#cwndEpoch) / this.#mss / C)
    }
  }

  #reduce(from: number): void {
    this.#epochStart = 0
    this.#cwndPrior = from
    // Section 4.7, fast convergence: a window that shrinks from loss to loss leaves room for others at once.
    this.#wMax = from < this.#wMax ? (from * (1 + BETA)) / 2 : from
    this.ssthresh = Math.max(from * BETA, 2 * this.#mss)
  }

  #save(): void {
    this.#priorCwnd = this.cwnd
    this.#priorSsthresh = this.ssthresh
    this.#priorWMax = this.#wMax
    this.#priorK = this.#k
    this.#priorEpochStart = this.#epochStart
  }
}
