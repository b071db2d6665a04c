import type { Instant } from '@zt/sansio'
import type { Seq } from '../seq.js'
import type { InFlight } from './in-flight.js'
import { type BlockPool, SendBuffer } from './send-buffer.js'

/**
 * The send variables of RFC 9293 section 3.3.1 and what belongs to them.
 *
 * ```text
 *     iss        una                nxt              una + wnd
 * ─────┼──────────┼──────────────────┼──────────────────┼─────
 *       acknowledged   in flight       may be sent now     not yet
 * ```
 */
export class SendSpace {
  iss: Seq
  una: Seq
  nxt: Seq
  /** The peer's window, scaled, counted from the acknowledgement in `wl2`. */
  wnd = 0
  /** SEG.SEQ and SEG.ACK of the segment that set `wnd`. */
  wl1: Seq = 0
  wl2: Seq = 0
  /** The largest window the peer ever offered (RFC 9293 section 3.8.6.2.1, RFC 5961 section 5). */
  maxWnd = 0
  /** Shift of the peer's windows. */
  scale = 0
  /** What the peer takes in a segment without options, by its MSS option. */
  peerMss = 536
  /** Text in a full segment now: what peer and path allow, without our options. */
  mss = 536
  /** The text from `una` on; before the handshake is complete, from `iss + 1` on. */
  readonly buffer: SendBuffer
  /** What is in flight, while something is. */
  ring: InFlight | undefined = undefined
  /** Bytes that `buffer` may hold. Grows with the congestion window. */
  limit: number
  /** FIN: the application wants it; it was sent, and then it is `nxt - 1`; it was acknowledged. */
  finQueued = false
  finSent = false
  finAcked = false
  /** When text was last sent. */
  lastSentAt: Instant = 0
  /** The end of the last segment that was not full (Minshall's variable, for Nagle's rule). */
  smallEnd: Seq
  /** The application was refused and is to be told when there is room. */
  isWriterWaiting = false
  bytesSent = 0
  bytesAcked = 0
  segmentsRetransmitted = 0

  constructor(iss: Seq, limit: number, pool: BlockPool) {
    this.iss = this.una = this.nxt = this.smallEnd = iss
    this.limit = limit
    this.buffer = new SendBuffer(pool)
  }

  /** Text that was not sent yet. */
  get unsent(): number {
    return this.buffer.length - this.textInFlight
  }

  /** Text between `una` and `nxt`: without SYN and FIN. */
  get textInFlight(): number {
    return this.ring === undefined ? 0 : this.ring.bytes - (this.finSent && !this.finAcked ? 1 : 0)
  }

  /** How much the peer's window lets us send now; negative if it has shrunk. */
  get usable(): number {
    return (this.una + this.wnd - this.nxt) | 0
  }
}
