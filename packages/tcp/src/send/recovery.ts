/**
 * What the sender is doing about loss: nothing (`OPEN`), repairing it while the acknowledgements come in (`RECOVERY`),
 * or starting again after a timeout (`LOSS`).
 *
 * In `RECOVERY` proportional rate reduction (RFC 9937) says how much may be sent for each delivery, so that the window
 * comes down to the new one over a round trip instead of at once. Both end when everything that was in flight at the
 * beginning has been acknowledged, or earlier if it turns out that nothing was lost: then the reduction is taken back.
 */

import { type Seq, before } from '../seq.js'

/** What the sender is doing about loss. */
/** What the sender is doing about loss. */
export const Phase = { OPEN: 0, RECOVERY: 1, LOSS: 2 } as const
export type Phase = (typeof Phase)[keyof typeof Phase]

export class Recovery {
  phase: Phase = Phase.OPEN
  /** SND.NXT when it began (RecoveryPoint). */
  point: Seq = 0
  /** PRR: bytes delivered and sent since it began, and bytes in flight then. */
  #delivered = 0
  #sent = 0
  #flight = 1
  /**
   * Undo is possible, also for a while after the end: this many retransmissions, of what was in flight from `undoFrom`
   * on, have not been reported as unneeded by the peer.
   */
  canUndo = false
  undoFrom: Seq = 0
  undoRetransmissions = 0
  /** Timestamp of the first retransmission: what is acknowledged with an earlier one was never lost (Eifel). */
  hasStamp = false
  stamp = 0
  /** F-RTO: no conclusion yet whether the timeout was spurious. */
  isUndecided = false
  /** F-RTO: something was acknowledged since the timeout. */
  hasAnswer = false
  /** F-RTO: for now send text that was never sent instead of what is marked lost. */
  sendsNewOnly = false
  /** Without SACK: duplicate acknowledgements, each for one segment that has left the network. */
  duplicates = 0
  /** How often it was undone. */
  spurious = 0

  begin(phase: Phase, una: Seq, nxt: Seq, flight: number): void {
    this.phase = phase
    this.undoFrom = una
    this.point = nxt
    this.#delivered = this.#sent = 0
    this.#flight = Math.max(1, flight)
    this.canUndo = true
    this.undoRetransmissions = 0
    this.hasStamp = false
    this.isUndecided = this.sendsNewOnly = this.hasAnswer = false
  }

  end(): void {
    this.phase = Phase.OPEN
    this.isUndecided = this.sendsNewOnly = false
    this.duplicates = 0
  }

  /** Has everything been acknowledged that was in flight when it began? */
  isOver(una: Seq): boolean {
    return !before(una, this.point)
  }

  noteRetransmission(timestamp: number): void {
    this.undoRetransmissions++
    if (this.hasStamp) return
    this.hasStamp = true
    this.stamp = timestamp
  }

  noteSent(bytes: number): void {
    this.#sent += bytes
  }

  /**
   * The window after an acknowledgement. `isSafe` if it moved SND.UNA without showing further loss.
   * @see RFC 9937 section 6
   */
  window(delivered: number, isSafe: boolean, pipe: number, ssthresh: number, mss: number): number {
    this.#delivered += delivered
    let allowed: number
    if (pipe > ssthresh) {
      allowed = Math.ceil((this.#delivered * ssthresh) / this.#flight) - this.#sent
    } else {
      allowed = Math.max(this.#delivered - this.#sent, delivered)
      if (isSafe) allowed += mss
      allowed = Math.min(ssthresh - pipe, allowed)
    }
    // The first retransmission goes out whatever the proportion says.
    if (this.#sent === 0) allowed = Math.max(allowed, mss)
    return pipe + Math.max(0, allowed)
  }
}
