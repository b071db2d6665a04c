import type { Duration, Instant } from '@zt/sansio'
import type { CongestionName } from '../settings.js'

/** What an acknowledgement says, for a congestion controller. One object serves all; never keep it. */
export interface AckSample {
  now: Instant
  /** Bytes newly acknowledged. */
  delivered: number
  /** The round trip time measured, 0 if this acknowledgement measured none. */
  rtt: Duration
  srtt: Duration
  minRtt: Duration
  /** True if the window, and not the application or the peer, held back the sender in this round trip. */
  isCwndLimited: boolean
  /** The acknowledgement begins a new round trip. */
  isRoundStart: boolean
}

/**
 * How much may be in the network. Windows are bytes, with fractions, so that small increments are not lost. During a
 * recovery the window belongs to proportional rate reduction (`send/recovery.ts`) and the controller is not asked.
 */
export interface CongestionController {
  readonly name: CongestionName
  cwnd: number
  ssthresh: number
  /** Bytes were acknowledged outside of a recovery. */
  onAck(sample: AckSample): void
  /** A recovery begins: reduce `ssthresh`, and remember what to restore. */
  onLoss(now: Instant): void
  /** The retransmission timer expired. `isFirst` unless it expires again for the same segment. */
  onTimeout(now: Instant, bytesInFlight: number, isFirst: boolean): void
  /** The last reduction was for nothing. */
  onUndo(now: Instant): void
  /** The sender was idle for longer than a retransmission timeout. @see RFC 5681 section 4.1 */
  onIdle(now: Instant, idle: Duration): void
  onMssChange(mss: number): void
}

/** RFC 6928: ten segments, but not more than 14,600 bytes unless that is less than two. */
export function initialWindow(mss: number): number {
  return Math.min(10 * mss, Math.max(2 * mss, 14_600))
}
