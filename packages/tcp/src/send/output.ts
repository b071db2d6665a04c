/**
 * The one place that decides what is sent. Called at the end of a burst for every connection that something happened to,
 * after a timer, and when a full link has drained. In this order:
 *
 * reset → SYN → what is lost (under PRR) → new text and FIN (cwnd, window, Nagle, silly windows) → probes → bare ACK
 *
 * Then it arms the deadlines from the same facts, so that what is decided and what is waited for cannot disagree.
 */

import { type Duration, type Instant, NEVER } from '@zt/sansio'
import { add, after, before } from '../seq.js'
import { State, isSynchronized } from '../states.js'
import { Owed, type Tcb } from '../tcb.js'
import { Flag } from '../wire/segment.js'
import { type InFlight, Mark } from './in-flight.js'
import { Phase } from './recovery.js'
import { transmit, transmitReset, transmitSyn } from './transmit.js'

/** Segments that one connection may send before the others have their turn. */
const QUANTUM = 16
/** Added to the time of a tail loss probe: acknowledgements come in bursts, a turn of the event loop apart. */
const PROBE_SLACK: Duration = 2
/** How long a cork may hold a segment back. */
const CORK_LIMIT: Duration = 200
/** RFC 8985 section 7.2: the probe time before there is a round trip. */
const PROBE_INITIAL: Duration = 1000

/** `done`: nothing can be sent now; `more`: the turn was over; `full`: wait for the link to drain. */
export type Outcome = 'done' | 'more' | 'full'

const NOTHING = -1

export function output(tcb: Tcb, now: Instant): Outcome {
  if (tcb.isRetired) return sendLast(tcb, now)
  if (!isSynchronized(tcb.state)) {
    if (tcb.owed & Owed.SYN && transmitSyn(tcb, now) === 'full') return 'full'
    tcb.owed &= ~Owed.SYN
    if (tcb.retransmitAt === NEVER) tcb.retransmitAt = now + tcb.rtt.rto
    tcb.rearm()
    return 'done'
  }
  const outcome = sendAll(tcb, now)
  schedule(tcb, now)
  tcb.rearm()
  return outcome
}

/** The last words of a connection that is over: a reset, or the acknowledgement of the peer's FIN. */
function sendLast(tcb: Tcb, now: Instant): Outcome {
  const { owed } = tcb
  tcb.owed = 0
  if (owed & Owed.RESET) transmitReset(tcb)
  else if (owed & Owed.ACK && tcb.state === State.TIME_WAIT) transmit(tcb, tcb.snd.nxt, Flag.ACK, 0, 0, now)
  return 'done'
}

function sendAll(tcb: Tcb, now: Instant): Outcome {
  let outcome = sendText(tcb, now)
  if (outcome !== 'full' && tcb.owed & PROBES && !sendProbes(tcb, now)) outcome = 'full'
  if (outcome !== 'full' && !sendAcks(tcb, now)) outcome = 'full'
  return outcome
}

const PROBES = Owed.TAIL_PROBE | Owed.WINDOW_PROBE | Owed.KEEP_ALIVE

function sendText(tcb: Tcb, now: Instant): Outcome {
  const { snd, cc } = tcb
  let isCwndLimited = false
  let outcome: Outcome = 'more'
  for (let n = 0; n < QUANTUM; n++) {
    const pipe = tcb.pipe
    const lost = tcb.recovery.sendsNewOnly ? NOTHING : nextLost(tcb)
    const length = lost >= 0 ? snd.ring!.length(lost) : nextLength(tcb)
    if (length < 0) {
      outcome = 'done'
      break
    }
    if (pipe > 0 && pipe + Math.min(length, snd.mss) > cc.cwnd) {
      isCwndLimited = true
      outcome = 'done'
      break
    }
    if (lost < 0 && snd.ring === undefined) restartAfterIdle(tcb, now)
    const isSent = lost >= 0 ? retransmit(tcb, lost, now) : sendNew(tcb, length, now)
    if (!isSent) {
      outcome = 'full'
      break
    }
  }
  noteUsage(tcb, isCwndLimited)
  return outcome
}

function nextLost(tcb: Tcb): number {
  const { ring } = tcb.snd
  return ring === undefined || ring.lostBytes === 0 ? NOTHING : ring.nextLost()
}

/** Text of the next new segment; 0 if it is a bare FIN; `NOTHING` if none may be sent now. */
function nextLength(tcb: Tcb): number {
  const { snd } = tcb
  const { unsent, usable } = snd
  if (unsent === 0) return snd.finQueued && !snd.finSent && usable > 0 ? 0 : NOTHING
  if (usable <= 0) return NOTHING
  const length = Math.min(unsent, snd.mss, usable)
  if (length === snd.mss) return length
  if (length === unsent) {
    if (snd.finQueued) return length
    if (tcb.isCorked && !tcb.isCorkOverdue) return NOTHING
    // Minshall's form of Nagle's rule (RFC 896): one small segment at a time.
    return tcb.noDelay || !after(snd.smallEnd, snd.una) ? length : NOTHING
  }
  // The window ends inside of a segment. RFC 9293 section 3.8.6.2.1: half of the largest window ever is worth it.
  return 2 * length >= snd.maxWnd ? length : NOTHING
}

/** Send text that was never sent, with the FIN if that follows and fits. */
function sendNew(tcb: Tcb, length: number, now: Instant): boolean {
  const { snd } = tcb
  const ring = tcb.inFlight
  const isLast = length === snd.unsent
  // A FIN without text is only asked for when there is room, or as a probe.
  const fin = isLast && snd.finQueued && (snd.usable > length || length === 0) ? 1 : 0
  const flags = Flag.ACK | (isLast ? Flag.PSH : 0) | fin
  const result = transmit(tcb, snd.nxt, flags, snd.textInFlight, length, now)
  if (result !== 'sent') {
    tcb.releaseRing()
    return result === 'retry'
  }
  if (ring.count === 0) tcb.retransmitAt = now + tcb.rtt.rto
  ring.push(snd.nxt, length + fin, now, fin ? Mark.FIN : 0)
  if (fin) snd.finSent = true
  snd.nxt = add(snd.nxt, length + fin)
  if (length < snd.mss && length > 0) snd.smallEnd = snd.nxt
  snd.lastSentAt = now
  snd.bytesSent += length
  if (tcb.troubleSince === NEVER) tcb.troubleSince = now
  if (tcb.recovery.phase === Phase.RECOVERY) tcb.recovery.noteSent(length)
  // An answer soon after text came: acknowledgements can wait for answers.
  if (now - tcb.lastTextAt < tcb.host.settings.delayedAckMs) tcb.isInteractive = true
  tcb.isCorkOverdue = false
  tcb.isTailProbeDue = true
  return true
}

/** Send one entry of the ring again, or as much of it as fits a segment now. */
function retransmit(tcb: Tcb, index: number, now: Instant): boolean {
  const { snd, recovery } = tcb
  const ring = snd.ring!
  const marks = ring.marks(index)
  if (ring.length(index) - (marks & Mark.FIN ? 1 : 0) > snd.mss) ring.split(index, snd.mss)
  const length = ring.length(index)
  const fin = ring.marks(index) & Mark.FIN ? 1 : 0
  const seq = ring.seq(index)
  const result = transmit(tcb, seq, Flag.ACK | (fin ? Flag.FIN : 0), (seq - snd.una) | 0, length - fin, now)
  if (result !== 'sent') return result === 'retry'
  ring.markRetransmitted(index, now)
  recovery.noteRetransmission(tcb.timestamp(now))
  if (recovery.phase === Phase.RECOVERY) recovery.noteSent(length)
  if (index === 0) tcb.retransmitAt = now + tcb.rtt.rto
  snd.segmentsRetransmitted++
  return true
}

/** RFC 5681 section 4.1: what the network carried before a pause says nothing any more. */
function restartAfterIdle(tcb: Tcb, now: Instant): void {
  const idle = now - tcb.snd.lastSentAt
  if (idle > tcb.rtt.rtoBase && tcb.recovery.phase === Phase.OPEN) tcb.cc.onIdle(now, idle)
}

/** Remember for this round trip whether the window is what held us back. @see RFC 7661 section 4.3 */
function noteUsage(tcb: Tcb, isCwndLimited: boolean): void {
  const { pipe } = tcb
  if (before(tcb.snd.una, tcb.usageEnd) && !isCwndLimited && (tcb.isCwndLimited || pipe <= tcb.maxPipe)) return
  tcb.isCwndLimited = isCwndLimited
  tcb.maxPipe = pipe
  tcb.usageEnd = tcb.snd.nxt
}

function sendProbes(tcb: Tcb, now: Instant): boolean {
  if (tcb.owed & Owed.TAIL_PROBE && !probeTail(tcb, now)) return false
  if (tcb.owed & Owed.WINDOW_PROBE && !probeWindow(tcb, now)) return false
  if (tcb.owed & Owed.KEEP_ALIVE && transmit(tcb, add(tcb.snd.nxt, -1), Flag.ACK, 0, 0, now) === 'full') return false
  tcb.owed &= ~PROBES
  return true
}

/** New text if there is some, else the last segment again. @see RFC 8985 section 7.3 */
function probeTail(tcb: Tcb, now: Instant): boolean {
  const { snd } = tcb
  if (snd.ring === undefined || !mayProbeTail(tcb, snd.ring)) return true
  const length = Math.min(snd.unsent, snd.mss, snd.usable)
  tcb.tailProbeWasRetransmission = length <= 0
  const isSent = length > 0 ? sendNew(tcb, length, now) : retransmit(tcb, snd.ring.count - 1, now)
  if (!isSent) return false
  tcb.tailProbeOut = true
  tcb.tailProbeEnd = snd.nxt
  tcb.tailLossProbes++
  tcb.probeTailAt = NEVER
  tcb.isTailProbeDue = false
  tcb.retransmitAt = now + tcb.rtt.rto
  tcb.host.counters.count('tail-probe')
  return true
}

/** One byte, or the FIN, beyond the window; what fits if the window is merely small. @see RFC 9293 section 3.8.6.1 */
function probeWindow(tcb: Tcb, now: Instant): boolean {
  const { snd } = tcb
  tcb.host.counters.count('window-probe')
  if (snd.ring !== undefined) return retransmit(tcb, 0, now)
  const length = Math.min(snd.unsent, snd.mss, Math.max(1, snd.usable))
  if (length === 0 && !snd.finQueued) return true
  if (!sendNew(tcb, length, now)) return false
  tcb.windowProbeOut = snd.usable < 0
  return true
}

function sendAcks(tcb: Tcb, now: Instant): boolean {
  const { snd } = tcb
  while (tcb.owed & Owed.ACK) {
    const wasInteractive = tcb.isInteractive
    if (transmit(tcb, snd.nxt, Flag.ACK, 0, 0, now) === 'full') return false
    tcb.isInteractive = wasInteractive
    if (tcb.duplicateAcks > 0 && --tcb.duplicateAcks > 0) tcb.owed |= Owed.ACK
  }
  tcb.duplicateAcks = 0
  return true
}

/** Arm what must be waited for. */
function schedule(tcb: Tcb, now: Instant): void {
  const { snd } = tcb
  const hasMore = snd.unsent > 0 || (snd.finQueued && !snd.finSent)
  if (!hasMore || !tcb.isCorked) tcb.corkAt = NEVER
  else if (tcb.corkAt === NEVER && !tcb.isCorkOverdue) tcb.corkAt = now + CORK_LIMIT
  if (snd.ring !== undefined && !tcb.windowProbeOut) {
    tcb.persistAt = NEVER
    if (tcb.retransmitAt === NEVER) tcb.retransmitAt = now + tcb.rtt.rto
    if (tcb.isTailProbeDue) scheduleTailProbe(tcb, now)
    return
  }
  tcb.retransmitAt = tcb.probeTailAt = tcb.reorderAt = NEVER
  tcb.isTailProbeDue = false
  if (!tcb.windowProbeOut && !(hasMore && isHeldByWindow(tcb))) tcb.persistAt = NEVER
  else if (tcb.persistAt === NEVER) tcb.persistAt = now + persistInterval(tcb)
}

function isHeldByWindow(tcb: Tcb): boolean {
  const { unsent, usable, mss } = tcb.snd
  return nextLength(tcb) === NOTHING && (usable <= 0 || usable < Math.min(unsent, mss))
}

/** RFC 9293 section 3.8.6.1: from the retransmission timeout on, doubling. */
export function persistInterval(tcb: Tcb): Duration {
  return Math.min(tcb.host.settings.rtoMaxMs, tcb.rtt.rtoBase * 2 ** tcb.persistBackoff)
}

/** Once something is known to be missing, finding out is left to RACK: true when the probe is armed and when it is sent. */
function mayProbeTail(tcb: Tcb, ring: InFlight): boolean {
  return tcb.recovery.phase === Phase.OPEN && ring.sackedCount === 0
}

/** @see RFC 8985 section 7.2 */
function scheduleTailProbe(tcb: Tcb, now: Instant): void {
  tcb.isTailProbeDue = false
  tcb.probeTailAt = NEVER
  const ring = tcb.snd.ring!
  if (!tcb.sackOk || tcb.tailProbeOut || !mayProbeTail(tcb, ring)) return
  const wait = tcb.rtt.hasSample
    ? 2 * tcb.rtt.srtt + (ring.count === 1 ? tcb.host.settings.peerAckDelayMs : PROBE_SLACK)
    : PROBE_INITIAL
  if (now + wait < tcb.retransmitAt) tcb.probeTailAt = now + wait
}
