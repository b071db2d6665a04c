import type { Duration } from '@zt/sansio'
import { add, after, atOrAfter, atOrBefore, before, distance, earlier } from '../seq.js'
import { State } from '../states.js'
import { Owed, type Tcb } from '../tcb.js'
import { Flag, type Segment } from '../wire/segment.js'
import { challenge } from './challenge.js'

/** RFC 7323 section 5.5: after so long without a segment TS.Recent means nothing any more. */
const TS_RECENT_AGE: Duration = 24 * 24 * 3600 * 1000

/**
 * Is the segment one that can be expected now? What is not is dropped and, unless it is a reset, answered with an
 * acknowledgement of what is expected. Takes the segment's timestamp if it is acceptable.
 */
export function checkSequence(tcb: Tcb, seg: Segment): boolean {
  if (seg.has(Flag.SYN)) return checkSyn(tcb, seg)
  if (tcb.timestampsOk && !checkTimestamp(tcb, seg)) return false
  if (!isAcceptable(tcb, seg)) {
    answerUnacceptable(tcb, seg)
    return false
  }
  // RFC 7323 section 4.3 (2): the echo is of the segment at the left edge, so that held back ACKs count in the RTT.
  if (tcb.timestampsOk && seg.hasTimestamp && atOrBefore(seg.seq, tcb.rcv.lastAckSent)) {
    tcb.tsRecent = seg.tsval
    tcb.tsRecentAt = seg.now
  }
  return true
}

/**
 * Deviation from RFC 9293 section 3.4, as in other stacks: a segment without text may stand at the right edge, because a
 * peer that has filled the window sends its acknowledgements from there; and one may be as old as our last
 * acknowledgement, because the peer could not know better.
 */
function isAcceptable(tcb: Tcb, seg: Segment): boolean {
  const { rcv } = tcb
  if (after(seg.seq, rcv.edge)) return false
  const length = seg.len
  if (length === 0) return atOrAfter(seg.seq, earlier(rcv.lastAckSent, rcv.nxt))
  // In a closed window text is not taken, but the segment's acknowledgement is (section 3.10.7.4, first step).
  return after(add(seg.seq, length), rcv.nxt)
}

/** PAWS: a timestamp that goes back belongs to a segment from long ago. @see RFC 7323 section 5 */
function checkTimestamp(tcb: Tcb, seg: Segment): boolean {
  if (seg.has(Flag.RST)) return true
  if (!seg.hasTimestamp) {
    // Some peers forget it on the last ACK of the handshake.
    if (tcb.state === State.SYN_RCVD) return true
    tcb.host.counters.count('no-timestamp')
    return false
  }
  if (!before(seg.tsval, tcb.tsRecent) || seg.now - tcb.tsRecentAt > TS_RECENT_AGE) return true
  tcb.host.counters.count('paws')
  if (seg.textLength > 0) tcb.owe(Owed.ACK)
  else challenge(tcb, seg.now)
  return false
}

/** RFC 5961 section 4: no SYN has business here; its sender is asked what it knows. */
function checkSyn(tcb: Tcb, seg: Segment): boolean {
  if (seg.has(Flag.RST) || seg.has(Flag.FIN)) {
    tcb.host.counters.count('bad-flags')
    return false
  }
  // The peer's SYN,ACK again: our ACK was lost. In SYN_RCVD, its SYN again: our SYN,ACK was lost.
  if (tcb.state === State.SYN_RCVD && seg.seq === tcb.rcv.irs) {
    if (seg.has(Flag.ACK) && seg.ack === tcb.snd.nxt) return acceptSynAck(tcb, seg)
    tcb.owe(Owed.SYN)
    return false
  }
  challenge(tcb, seg.now)
  return false
}

/** The SYN,ACK of a simultaneous open: what is new in it is the acknowledgement. */
function acceptSynAck(tcb: Tcb, seg: Segment): boolean {
  seg.flags &= ~Flag.SYN
  // The window of a SYN is not scaled, while that of what it is turned into would be.
  seg.wnd >>= tcb.snd.scale
  seg.seq = add(seg.seq, 1)
  return true
}

function answerUnacceptable(tcb: Tcb, seg: Segment): void {
  const { rcv } = tcb
  const isOld = atOrBefore(add(seg.seq, seg.len), rcv.nxt)
  tcb.host.counters.count(isOld ? 'old-duplicate' : 'out-of-window')
  if (seg.has(Flag.RST)) return
  if (seg.len === 0) {
    challenge(tcb, seg.now)
    return
  }
  if (isOld && seg.textLength > 0 && tcb.sackOk && distance(rcv.nxt, seg.seq) < 0x4000_0000) {
    noteDuplicate(tcb, seg.seq, add(seg.seq, seg.textLength))
  }
  // A peer that sends again what we have did not get our acknowledgement, or is impatient.
  tcb.quickAcks = Math.max(tcb.quickAcks, 2)
  tcb.owe(Owed.ACK)
}

/** Report `[from, to)` as received twice with the next acknowledgement. @see RFC 2883 */
export function noteDuplicate(tcb: Tcb, from: number, to: number): void {
  tcb.rcv.hasDuplicate = true
  tcb.rcv.duplicateStart = from
  tcb.rcv.duplicateEnd = to
}
