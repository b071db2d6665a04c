/**
 * The fifth step of RFC 9293 section 3.10.7.4: what the acknowledgement says about what we sent. It moves SND.UNA, marks
 * the scoreboard, measures the round trip, finds losses, and adjusts the congestion window; see `send/recovery.ts` for
 * the phases.
 */

import { NEVER } from '@zt/sansio'
import type { AckSample } from '../congestion/controller.js'
import { endWith, finish } from '../end.js'
import { establish } from '../open/establish.js'
import { add, after, atOrAfter, atOrBefore, before, distance } from '../seq.js'
import { beginRecovery, detectLoss } from '../send/detect-loss.js'
import { Mark } from '../send/in-flight.js'
import { Phase } from '../send/recovery.js'
import { State } from '../states.js'
import { Event, type Tcb } from '../tcb.js'
import { Flag, type Segment } from '../wire/segment.js'
import { challenge } from './challenge.js'

/** No such entry. */
const NONE = -1

/** What one acknowledgement has brought. One object serves all. */
class Arrival {
  /** Bytes newly acknowledged or sacked; those that SND.UNA moved over, and how many entries that were. */
  delivered = 0
  acked = 0
  ackedCount = 0
  /** When the oldest and the newest entry were sent that were acknowledged and never retransmitted, or -1. */
  oldestSentAt = NONE
  newestSentAt = NONE
  /** Something was delivered that was sent only once, and before the present recovery. */
  originalDelivered = false
  /** When something was last sent that SND.UNA moved over and that was sent more than once, or -1. */
  retransmittedAt = NONE
  /** Something was newly sacked. */
  sacked = false
  duplicate = false

  clear(): void {
    this.delivered = this.acked = this.ackedCount = 0
    this.oldestSentAt = this.newestSentAt = this.retransmittedAt = NONE
    this.originalDelivered = this.sacked = this.duplicate = false
  }
}

const arrival = new Arrival()
const sample: AckSample = {
  now: 0,
  delivered: 0,
  rtt: 0,
  srtt: 0,
  minRtt: 0,
  isCwndLimited: false,
  isRoundStart: false,
}

/** `false`: the rest of the segment is not to be looked at. */
export function checkAck(tcb: Tcb, seg: Segment): boolean {
  const { snd } = tcb
  if (after(seg.ack, snd.nxt)) {
    tcb.host.counters.count('ack-of-unsent')
    challenge(tcb, seg.now)
    return false
  }
  if (tcb.state === State.SYN_RCVD) {
    takeWindow(tcb, seg)
    establish(tcb, seg.now)
    tcb.tell(Event.CONNECTED)
  }
  if (before(seg.ack, snd.una)) {
    // RFC 5961 section 5.2: older than any window we were ever offered, so it cannot be merely late.
    if (distance(snd.una, seg.ack) > snd.maxWnd) {
      challenge(tcb, seg.now)
      return false
    }
    return true
  }
  const wasWnd = snd.wnd
  const isWindowNews = takeWindow(tcb, seg)
  if (snd.ring !== undefined) {
    const isDuplicate =
      seg.ack === snd.una && seg.textLength === 0 && !seg.has(Flag.FIN) && !(isWindowNews && snd.wnd !== wasWnd)
    acknowledge(tcb, seg, isDuplicate)
  }
  if (tcb.windowProbeOut || tcb.persistAt !== NEVER) probeAnswered(tcb)
  if (snd.unsent > 0 || snd.finQueued) tcb.wake()
  return afterAck(tcb, seg)
}

/** The states that wait for our FIN to be acknowledged. `false` when the connection is over. */
function afterAck(tcb: Tcb, seg: Segment): boolean {
  if (!tcb.snd.finAcked) return true
  if (tcb.state === State.FIN_WAIT_1) {
    tcb.become(State.FIN_WAIT_2)
    if (tcb.isOrphan) tcb.idleAt = seg.now + tcb.host.settings.finWait2Ms
    tcb.wake()
  } else if (tcb.state === State.CLOSING) {
    tcb.become(State.TIME_WAIT)
    finish(tcb, seg.now)
    return false
  } else if (tcb.state === State.LAST_ACK) {
    endWith(tcb, undefined, seg.now)
    return false
  }
  return true
}

/** SND.WND, unless from a segment older than the one that set it. Returns whether it was taken. */
function takeWindow(tcb: Tcb, seg: Segment): boolean {
  const { snd } = tcb
  if (!(before(snd.wl1, seg.seq) || (snd.wl1 === seg.seq && atOrBefore(snd.wl2, seg.ack)))) return false
  const wnd = seg.wnd * 2 ** snd.scale
  snd.wnd = wnd
  if (wnd > snd.maxWnd) snd.maxWnd = wnd
  snd.wl1 = seg.seq
  snd.wl2 = seg.ack
  return true
}

function acknowledge(tcb: Tcb, seg: Segment, isDuplicate: boolean): void {
  const { snd, recovery, cc } = tcb
  const { now } = seg
  const ring = tcb.inFlight
  const priorPipe = tcb.pipe
  const wasOut = ring.count > 0
  const isRoundStart = after(seg.ack, tcb.roundEnd)
  if (isRoundStart) tcb.roundEnd = snd.nxt
  arrival.clear()
  const isDsack = tcb.sackOk && seg.sackCount > 0 && takeDsack(tcb, seg)
  if (after(seg.ack, snd.una)) advance(tcb, seg)
  if (tcb.sackOk && seg.sackCount > 0) takeSack(tcb, seg, isDsack)
  if (!tcb.sackOk) takeDuplicate(tcb, isDuplicate && wasOut)
  const rtt = measure(tcb, seg)
  const lostBefore = ring.lostBytes
  detectLoss(tcb, now, arrival.delivered, arrival.acked > 0)
  settleTailProbe(tcb, seg, isDsack)
  if (recovery.phase === Phase.LOSS) settleTimeout(tcb, seg)
  else if (recovery.phase === Phase.RECOVERY) settleRecovery(tcb, seg)
  else if (isDsack) undoIfAllUnneeded(tcb, now)
  if (recovery.phase === Phase.OPEN && ring.lostBytes > 0) beginRecovery(tcb, priorPipe, now)
  if (recovery.phase === Phase.RECOVERY) {
    const isSafe = arrival.acked > 0 && ring.lostBytes <= lostBefore
    cc.cwnd = recovery.window(arrival.delivered, isSafe, tcb.pipe, cc.ssthresh, snd.mss)
  } else if (arrival.acked > 0) {
    // What is sacked counts when it is acknowledged: duplicates do not open the window (RFC 3042 section 2).
    sample.now = now
    sample.delivered = arrival.acked
    sample.rtt = rtt
    sample.srtt = tcb.rtt.srtt
    sample.minRtt = tcb.rtt.minRtt
    sample.isCwndLimited =
      tcb.isCwndLimited || recovery.phase === Phase.LOSS || (cc.cwnd < cc.ssthresh && cc.cwnd < 2 * tcb.maxPipe)
    sample.isRoundStart = isRoundStart
    cc.onAck(sample)
  }
  if (arrival.acked > 0) progress(tcb, now)
  if (wasOut) tcb.wake()
}

/** SND.UNA moved: the peer is alive, timers start anew, there is room in the send buffer. */
function progress(tcb: Tcb, now: number): void {
  const { snd } = tcb
  tcb.sink.confirm()
  tcb.retries = 0
  tcb.softError = undefined
  tcb.releaseRing()
  const isOut = snd.ring !== undefined
  tcb.troubleSince = isOut ? now : NEVER
  tcb.retransmitAt = isOut ? now + tcb.rtt.rto : NEVER
  tcb.probeTailAt = NEVER
  if (!isOut) tcb.reorderAt = NEVER
  tcb.isTailProbeDue = isOut
  growSendBuffer(tcb)
  if (snd.isWriterWaiting && 3 * (snd.limit - snd.buffer.length) >= snd.limit) {
    snd.isWriterWaiting = false
    tcb.tell(Event.WRITABLE)
  }
}

/** Twice the congestion window: one in flight, one to be sent as it is acknowledged. */
function growSendBuffer(tcb: Tcb): void {
  const wanted = Math.floor(Math.min(2 * tcb.cc.cwnd, tcb.host.settings.sendBufferMaxBytes))
  if (wanted > tcb.snd.limit) tcb.snd.limit = wanted
}

/** Drop what was acknowledged from ring and buffer. */
function advance(tcb: Tcb, seg: Segment): void {
  const { snd } = tcb
  const ring = tcb.inFlight
  const { ack } = seg
  while (ring.count > 0) {
    const seq = ring.seq(0)
    const length = ring.length(0)
    const over = distance(ack, seq)
    if (over <= 0) break
    if (over < length) {
      if (!(ring.marks(0) & Mark.SACKED)) arrival.delivered += over
      ring.trim(over)
      break
    }
    const marks = ring.marks(0)
    if (!(marks & Mark.SACKED)) {
      arrival.delivered += length
      noteDelivered(tcb, seg, ring.sentAt(0), add(seq, length), marks)
    }
    if (marks & Mark.EVER_RETRANSMITTED) arrival.retransmittedAt = Math.max(arrival.retransmittedAt, ring.sentAt(0))
    ring.shift()
    arrival.ackedCount++
  }
  let acked = distance(ack, snd.una)
  arrival.acked = acked
  if (snd.finSent && !snd.finAcked && ack === snd.nxt) {
    snd.finAcked = true
    acked--
  }
  snd.una = ack
  snd.buffer.drop(acked)
  snd.bytesAcked += acked
  if (before(snd.smallEnd, ack)) snd.smallEnd = ack
  tcb.windowProbeOut &&= ring.count > 0
}

function noteDelivered(tcb: Tcb, seg: Segment, sentAt: number, end: number, marks: number): void {
  const isOriginal = !(marks & Mark.EVER_RETRANSMITTED)
  if (isOriginal) {
    if (arrival.oldestSentAt === NONE) arrival.oldestSentAt = sentAt
    if (sentAt > arrival.newestSentAt) arrival.newestSentAt = sentAt
    if (atOrBefore(end, tcb.recovery.point)) arrival.originalDelivered = true
  }
  if (!tcb.sackOk) return
  // RFC 8985 section 6.2 step 2: too early for a retransmission, so it is the original that was delivered.
  const isSuspect =
    !isOriginal &&
    (seg.now - sentAt < tcb.rtt.minRtt ||
      (tcb.timestampsOk && seg.hasTimestamp && before(seg.tsecr, tcb.timestamp(sentAt))))
  tcb.rack.delivered(sentAt, end, isOriginal, isSuspect, seg.now)
}

/** RFC 2883 section 4: a first block below the acknowledgement, or inside the second block, reports a duplicate. */
function takeDsack(tcb: Tcb, seg: Segment): boolean {
  const start = seg.sackEdges[0]!
  const end = seg.sackEdges[1]!
  const isBelow = atOrBefore(end, seg.ack) && before(start, seg.ack)
  const isInside = seg.sackCount > 1 && atOrAfter(start, seg.sackEdges[2]!) && atOrBefore(end, seg.sackEdges[3]!)
  if (!isBelow && !isInside) return false
  const { snd, recovery } = tcb
  if (!before(start, end) || after(end, snd.nxt) || distance(snd.una, start) > snd.maxWnd) return true
  tcb.rack.dsack(snd.una, snd.nxt)
  if (recovery.canUndo && recovery.undoRetransmissions > 0 && after(end, recovery.undoFrom))
    recovery.undoRetransmissions--
  return true
}

/** Mark what the SACK blocks say. What earlier acknowledgements said already is skipped. */
function takeSack(tcb: Tcb, seg: Segment, isDsack: boolean): void {
  const { snd } = tcb
  const edges = seg.sackEdges
  for (let i = isDsack ? 1 : 0; i < seg.sackCount; i++) {
    const start = edges[2 * i]!
    const end = edges[2 * i + 1]!
    if (!before(start, end) || before(start, snd.una) || after(end, snd.nxt)) {
      if (after(end, snd.una)) tcb.host.counters.count('bad-sack')
      continue
    }
    markUnseen(tcb, seg, start, end)
  }
  const ring = tcb.inFlight
  ring.seenCount = seg.sackCount
  ring.seenEdges.set(edges)
}

/** Mark `[start, end)` but for what the blocks of the last acknowledgement covered of it. */
function markUnseen(tcb: Tcb, seg: Segment, start: number, end: number): void {
  const { seenEdges: seen, seenCount } = tcb.inFlight
  for (let i = 0; i < seenCount; i++) {
    const from = seen[2 * i]!
    const to = seen[2 * i + 1]!
    if (!before(from, end) || !before(start, to) || !before(from, to)) continue
    if (before(start, from)) markSacked(tcb, seg, start, from, start, end)
    if (!after(end, to)) return
    start = atOrAfter(to, start) ? to : start
    // The entry at the edge may have been covered in part only: look at it again as a whole.
    markSacked(tcb, seg, start, end, from, end)
    return
  }
  markSacked(tcb, seg, start, end, start, end)
}

/** Mark the entries that touch `[from, to)` and lie wholly in `[blockStart, blockEnd)`. */
function markSacked(tcb: Tcb, seg: Segment, from: number, to: number, blockStart: number, blockEnd: number): void {
  const ring = tcb.inFlight
  if (ring.count === 0) return
  for (let i = ring.find(from); i < ring.count; i++) {
    const seq = ring.seq(i)
    if (!before(seq, to)) return
    const length = ring.length(i)
    const end = add(seq, length)
    const marks = ring.marks(i)
    if (marks & Mark.SACKED || before(seq, blockStart) || after(end, blockEnd)) continue
    noteDelivered(tcb, seg, ring.sentAt(i), end, marks)
    ring.markSacked(i)
    arrival.delivered += length
    arrival.sacked = true
  }
}

/** Without SACK each duplicate acknowledgement stands for one segment that has arrived. RFC 6582 */
function takeDuplicate(tcb: Tcb, isDuplicate: boolean): void {
  const { recovery, snd } = tcb
  if (arrival.acked > 0) {
    // What the duplicates announced is acknowledged now: it was delivered before.
    arrival.delivered = Math.max(0, arrival.delivered - recovery.duplicates * snd.mss)
    recovery.duplicates = Math.max(0, recovery.duplicates - Math.max(0, arrival.ackedCount - 1))
    if (tcb.inFlight.count === 0) recovery.duplicates = 0
  } else if (isDuplicate && recovery.phase !== Phase.LOSS) {
    arrival.duplicate = true
    if (recovery.duplicates < tcb.inFlight.count - 1) {
      recovery.duplicates++
      arrival.delivered += snd.mss
    }
  }
}

/**
 * Take round trip samples. Returns one for the congestion controller, or 0.
 *
 * Something that was sent more than once gives a sample only if the echoed timestamp (RFC 7323 section 4) is of the last
 * time. If it is of an earlier one, its acknowledgement may have been lost, and this be that of a duplicate: the time
 * would be that of our own patience.
 */
function measure(tcb: Tcb, seg: Segment): number {
  const { now } = seg
  const { oldestSentAt, newestSentAt, retransmittedAt, acked } = arrival
  if (retransmittedAt !== NONE) {
    if (!tcb.timestampsOk || !seg.hasTimestamp || before(seg.tsecr, tcb.timestamp(retransmittedAt))) return 0
    tcb.rtt.sample(now - retransmittedAt)
    return 0
  }
  if (oldestSentAt === NONE) return 0
  const expected = Math.max(1, (tcb.inFlight.count + arrival.ackedCount) >> 1)
  if (acked > 0 || !tcb.rtt.hasSample) tcb.rtt.sample(now - oldestSentAt, expected)
  tcb.rtt.observeLeast(now - newestSentAt, now)
  return Math.max(now - newestSentAt, tcb.host.settings.clockResolutionMs)
}

/** @see RFC 8985 section 7.4.2 */
function settleTailProbe(tcb: Tcb, seg: Segment, isDsack: boolean): void {
  if (!tcb.tailProbeOut || before(seg.ack, tcb.tailProbeEnd)) return
  if (!tcb.tailProbeWasRetransmission) {
    tcb.tailProbeOut = false
  } else if (isDsack) {
    tcb.tailProbeOut = false
    tcb.host.counters.count('tail-probe-unneeded')
  } else if (after(seg.ack, tcb.tailProbeEnd)) {
    // The probe has repaired a loss that would otherwise have gone unnoticed: it counts like any other.
    tcb.tailProbeOut = false
    if (tcb.recovery.phase === Phase.OPEN) {
      tcb.cc.onLoss(seg.now)
      tcb.cc.cwnd = Math.min(tcb.cc.cwnd, tcb.cc.ssthresh)
    }
  } else if (arrival.acked === 0 && !arrival.sacked) {
    tcb.tailProbeOut = false
  }
}

function settleRecovery(tcb: Tcb, seg: Segment): void {
  const { recovery, cc, snd } = tcb
  if (arrival.acked > 0 && isEifelSpurious(tcb, seg)) return undo(tcb, seg.now)
  if (undoIfAllUnneeded(tcb, seg.now)) return
  if (!recovery.isOver(snd.una)) return
  recovery.end()
  tcb.rack.recovered()
  cc.cwnd = cc.ssthresh
}

/**
 * After a timeout: was it spurious? An acknowledgement of something that was sent only once, before the timeout, says so
 * (F-RTO, RFC 5682 section 3), as does a timestamp from before the retransmission (Eifel, RFC 3522).
 */
function settleTimeout(tcb: Tcb, seg: Segment): void {
  const { recovery, snd } = tcb
  if (arrival.acked > 0 && isEifelSpurious(tcb, seg)) return undo(tcb, seg.now)
  if (recovery.isUndecided && decideTimeout(tcb)) return undo(tcb, seg.now)
  if (undoIfAllUnneeded(tcb, seg.now) || !recovery.isOver(snd.una)) return
  recovery.end()
  tcb.rack.recovered()
}

/** One step of F-RTO. `true`: the timeout was spurious. */
function decideTimeout(tcb: Tcb): boolean {
  const { recovery, snd } = tcb
  // Without SACK the first answer may acknowledge originals that arrived long before, behind the one that was lost.
  if (arrival.originalDelivered && (tcb.sackOk || recovery.hasAnswer)) return true
  if (arrival.acked === 0) {
    if (arrival.sacked || arrival.duplicate) recovery.isUndecided = recovery.sendsNewOnly = false
  } else if (recovery.sendsNewOnly) {
    recovery.isUndecided = recovery.sendsNewOnly = false
  } else if (!recovery.hasAnswer && snd.unsent > 0 && snd.usable > 0) {
    // Step 2b: new text instead of what may have arrived: the answer to it tells more.
    recovery.sendsNewOnly = true
  }
  recovery.hasAnswer ||= arrival.acked > 0
  return false
}

function isEifelSpurious(tcb: Tcb, seg: Segment): boolean {
  const { recovery } = tcb
  if (!recovery.canUndo || !recovery.hasStamp || !tcb.timestampsOk || !seg.hasTimestamp || seg.tsecr === 0) return false
  return before(seg.tsecr, recovery.stamp)
}

/** Every retransmission since the reduction was reported as a duplicate: nothing was lost. */
function undoIfAllUnneeded(tcb: Tcb, now: number): boolean {
  const { recovery } = tcb
  if (!recovery.canUndo || !recovery.hasStamp || recovery.undoRetransmissions > 0) return false
  undo(tcb, now)
  return true
}

function undo(tcb: Tcb, now: number): void {
  const { recovery, snd } = tcb
  tcb.host.counters.count('recovery-undone')
  recovery.spurious++
  recovery.canUndo = false
  recovery.end()
  tcb.cc.onUndo(now)
  snd.ring?.clearLost()
  tcb.rtt.backoff = 0
}

/** A closed window was probed, and this is the answer: the peer is alive, whatever it says. */
function probeAnswered(tcb: Tcb): void {
  const { snd } = tcb
  tcb.retries = 0
  tcb.troubleSince = NEVER
  if (snd.wnd === 0) return
  tcb.persistAt = NEVER
  tcb.persistBackoff = 0
  if (!tcb.windowProbeOut) return
  // The probe's byte was refused: it goes out again, now that there is room.
  tcb.windowProbeOut = false
  if (snd.ring !== undefined && !(snd.ring.marks(0) & (Mark.SACKED | Mark.LOST))) snd.ring.markLost(0)
}
