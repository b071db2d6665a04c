import type { Duration, Instant } from '@zt/sansio'
import { type AckSample, type CongestionController, initialWindow } from './controller.js'

/** The standard of RFC 5681, counting bytes (RFC 3465): half on loss, one segment a round trip otherwise. */
export class NewReno implements CongestionController {
  readonly name = 'new-reno'
  cwnd: number
  ssthresh = Number.POSITIVE_INFINITY
  #mss: number
  readonly #most: number
  #priorCwnd = 0
  #priorSsthresh = 0

  constructor(mss: number, most: number) {
    this.#mss = mss
    this.#most = most
    this.cwnd = initialWindow(mss)
  }

  onAck(sample: AckSample): void {
    if (!sample.isCwndLimited) return
    if (this.cwnd < this.ssthresh)
      this.cwnd = Math.min(this.cwnd + sample.delivered, Math.max(this.ssthresh, this.cwnd))
    else this.cwnd += (this.#mss * Math.min(sample.delivered, this.cwnd)) / this.cwnd
    this.cwnd = Math.min(this.cwnd, this.#most)
  }

  onLoss(): void {
    this.#priorCwnd = this.cwnd
    this.#priorSsthresh = this.ssthresh
    this.ssthresh = Math.max(this.cwnd / 2, 2 * this.#mss)
  }

  onTimeout(_now: Instant, bytesInFlight: number, isFirst: boolean): void {
    if (isFirst) {
      this.#priorCwnd = this.cwnd
      this.#priorSsthresh = this.ssthresh
      this.ssthresh = Math.max(bytesInFlight / 2, 2 * this.#mss)
    }
    this.cwnd = this.#mss
  }

  onUndo(): void {
    this.cwnd = Math.max(this.cwnd, this.#priorCwnd)
    this.ssthresh = Math.max(this.ssthresh, this.#priorSsthresh)
  }

  onIdle(_now: Instant, _idle: Duration): void {
    this.ssthresh = Math.max(this.ssthresh, 0.75 * this.cwnd)
    this.cwnd = Math.min(this.cwnd, initialWindow(this.#mss))
  }

  onMssChange(mss: number): void {
    this.#mss = mss
    this.cwnd = Math.max(this.cwnd, mss)
  }
}
