import { type Duration, type Instant, NEVER } from '@zt/sansio'
import { type Seq, after } from '../seq.js'
import type { InFlight } from './in-flight.js'
import type { RoundTrip } from './round-trip.js'
import { Mark } from './in-flight.js'

/** Segments sacked that mean loss by themselves as long as no reordering was ever seen. */
const DUP_THRESH = 3
/** Recoveries without a DSACK after which a widened reordering window narrows again. */
const PERSIST = 16

/**
 * Recent acknowledgement: loss is detected by time. If a segment that was sent later has arrived, one sent a reordering
 * window earlier should have. The window starts at a quarter of the least round trip and widens when the peer reports
 * (by DSACK) that a retransmission was not needed.
 *
 * @see RFC 8985 section 6
 */
export class Rack {
  /** Of the most recently sent segment that was delivered: when it was sent, where it ends, its round trip. */
  #sentAt: Instant = Number.NEGATIVE_INFINITY
  #end: Seq = 0
  #rtt: Duration = 0
  /** The highest sequence number that was delivered. */
  #fack: Seq
  reorderingSeen = false
  #multiplier = 1
  #persist = 0
  /** DSACKs widen the window once a round: until SND.UNA passes this. */
  #dsackRound: Seq = 0
  #inDsackRound = false

  constructor(iss: Seq) {
    this.#fack = iss
  }

  /**
   * A segment was delivered (acknowledged or sacked, for the first time). `isOriginal` if it was sent only once.
   * `isSuspect` if it was retransmitted and the acknowledgement is probably that of an earlier transmission.
   */
  delivered(sentAt: Instant, end: Seq, isOriginal: boolean, isSuspect: boolean, now: Instant): void {
    if (after(end, this.#fack)) this.#fack = end
    else if ((isOriginal || isSuspect) && end !== this.#fack) this.reorderingSeen = true
    if (isSuspect) return
    if (sentAt > this.#sentAt || (sentAt === this.#sentAt && after(end, this.#end))) {
      this.#sentAt = sentAt
      this.#end = end
      this.#rtt = now - sentAt
    }
  }

  /** The peer received something twice: we retransmit too early. */
  dsack(una: Seq, nxt: Seq): void {
    if (this.#inDsackRound && !after(una, this.#dsackRound)) return
    this.#inDsackRound = true
    this.#dsackRound = nxt
    this.#multiplier = Math.min(this.#multiplier + 1, 64)
    this.#persist = PERSIST
    this.reorderingSeen = true
  }

  /** A recovery ended. */
  recovered(): void {
    if (this.#persist > 0 && --this.#persist === 0) this.#multiplier = 1
  }

  /** How much later than expected a segment may be. */
  window(ring: InFlight, rtt: RoundTrip, inRecovery: boolean, resolution: Duration): Duration {
    if (!this.reorderingSeen && (inRecovery || ring.sackedCount >= DUP_THRESH)) return 0
    if (rtt.minRtt === NEVER) return resolution
    return Math.min((this.#multiplier * rtt.minRtt) / 4, rtt.srtt) + resolution
  }

  /**
   * Mark what must be lost. Returns how long until more of it must be, if nothing arrives meanwhile (0: nothing is
   * waited for). `onLost` sees every entry that is marked.
   * @see RFC 8985 section 6.2 step 5
   */
  detectLoss(ring: InFlight, window: Duration, now: Instant): Duration {
    let wait: Duration = 0
    for (let i = ring.oldest; i >= 0;) {
      const next = ring.newerThan(i)
      const sentAt = ring.sentAt(i)
      const isSentBefore =
        sentAt < this.#sentAt || (sentAt === this.#sentAt && after(this.#end, ring.seq(i) + ring.length(i)))
      if (!isSentBefore) break
      const left = sentAt + this.#rtt + window - now
      if (left <= 0) ring.markLost(i)
      else wait = Math.max(wait, left)
      i = next
    }
    return wait
  }

  /** On a retransmission timeout: what was sent a round trip and a window ago, and the first in any case. */
  markLostOnTimeout(ring: InFlight, window: Duration, now: Instant): void {
    for (let i = ring.oldest; i >= 0;) {
      const next = ring.newerThan(i)
      if (ring.sentAt(i) + this.#rtt + window - now > 0) break
      ring.markLost(i)
      i = next
    }
    if (ring.count > 0 && !(ring.marks(0) & Mark.SACKED)) ring.markLost(0)
  }
}
