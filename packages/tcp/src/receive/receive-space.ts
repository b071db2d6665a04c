import type { Instant } from '@zt/sansio'
import type { Seq } from '../seq.js'
import { ReceiveBuffer } from './receive-buffer.js'

/**
 * The receive variables of RFC 9293 section 3.3.1 and what belongs to them.
 *
 * ```text
 *          read              nxt                edge
 * ──────────┼─────────────────┼──────────────────┼─────
 *             to be read        may arrive          refused
 * ```
 */
export class ReceiveSpace {
  irs: Seq
  nxt: Seq
  /** The right edge of what we have promised to take: RCV.NXT + RCV.WND. Never moves left. */
  edge: Seq
  /** The right edge that the peer has been told. */
  announcedEdge: Seq
  /** Shift of our windows. */
  scale = 0
  buffer: ReceiveBuffer
  /** Bytes that `buffer` may hold. Grows as the application keeps up. */
  limit: number
  /** A FIN has arrived, perhaps ahead of text that is missing; `finSeq` is its sequence number. */
  hasFin = false
  finSeq: Seq = 0
  /** The largest segment seen: what counts as a full one. */
  segmentSize = 0
  /** RCV.NXT when the last acknowledgement was sent. */
  lastAckSent: Seq
  bytesReceived = 0
  segmentsReceived = 0
  /** A duplicate to be reported (RFC 2883), if `hasDuplicate`. */
  hasDuplicate = false
  duplicateStart: Seq = 0
  duplicateEnd: Seq = 0
  /** Autotuning: bytes read by the application since `measuredFrom`. */
  readBytes = 0
  measuredFrom: Instant = 0
  /** The round trip as seen by echoed timestamps, in milliseconds; 0 if unknown. */
  rtt = 0

  constructor(irs: Seq, limit: number) {
    this.irs = irs
    this.nxt = this.edge = this.announcedEdge = this.lastAckSent = (irs + 1) | 0
    this.limit = limit
    this.buffer = new ReceiveBuffer(this.nxt)
  }

  /** The peer's SYN tells where its text begins, and ours has promised a window. */
  start(first: Seq, wnd: number): void {
    this.nxt = this.lastAckSent = first
    this.edge = this.announcedEdge = (first + wnd) | 0
    this.buffer = new ReceiveBuffer(first)
  }

  /** What may still arrive. */
  get wnd(): number {
    return (this.edge - this.nxt) | 0
  }
}
