import type { Instant } from '@zt/sansio'
import { endWith } from '../end.js'
import { add, after, before, distance } from '../seq.js'
import { canReceive } from '../states.js'
import { Event, Owed, QUICK_ACKS, type Tcb } from '../tcb.js'
import { Flag, type Segment } from '../wire/segment.js'
import { noteDuplicate } from './check-sequence.js'

/**
 * The seventh step of RFC 9293 section 3.10.7.4. Copies what is inside of the window to the receive buffer and decides
 * how soon it is acknowledged (RFC 5681 section 4.2). `false`: the FIN, if there is one, is not to be looked at.
 */
export function takeText(tcb: Tcb, seg: Segment, bytes: Uint8Array): boolean {
  if (seg.textLength === 0) return true
  if (!canReceive(tcb.state)) return true
  if (!trim(tcb, seg)) return false
  const { rcv } = tcb
  if (tcb.isOrphan) {
    // Nobody will ever read this, and the peer must know (RFC 9293 section 3.6.1, RFC 2525 section 2.17).
    tcb.host.counters.count('text-after-close')
    tcb.owe(Owed.RESET)
    endWith(tcb, undefined, seg.now)
    return false
  }
  const wasMissing = rcv.buffer.ranges !== undefined
  const end = add(seg.seq, seg.textLength)
  if (seg.seq === rcv.nxt) {
    rcv.buffer.store(seg.seq, bytes, seg.textOffset, seg.textLength)
    rcv.bytesReceived += distance(rcv.buffer.nxt, rcv.nxt)
    rcv.nxt = rcv.buffer.nxt
    if (after(rcv.nxt, rcv.edge)) rcv.edge = rcv.nxt
    tcb.tell(Event.READABLE)
    scheduleAck(tcb, seg, wasMissing)
    return true
  }
  // Out of order: the sender learns at once what is missing.
  tcb.host.counters.count('out-of-order')
  if (tcb.sackOk && rcv.buffer.ranges?.covers(seg.seq, end)) noteDuplicate(tcb, seg.seq, end)
  else if (!rcv.buffer.store(seg.seq, bytes, seg.textOffset, seg.textLength)) tcb.host.counters.count('too-many-ranges')
  tcb.quickAcks = Math.max(tcb.quickAcks, QUICK_ACKS)
  if (!tcb.sackOk) tcb.duplicateAcks++
  tcb.owe(Owed.ACK)
  return true
}

/** Cut what was received before, what is beyond the window, and what is beyond the FIN. `false` if nothing is left. */
function trim(tcb: Tcb, seg: Segment): boolean {
  const { rcv } = tcb
  const old = distance(rcv.nxt, seg.seq)
  if (old > 0) {
    if (tcb.sackOk) noteDuplicate(tcb, seg.seq, add(seg.seq, Math.min(old, seg.textLength)))
    if (old >= seg.textLength) {
      // Only its FIN is new.
      seg.seq = add(seg.seq, seg.textLength)
      seg.textLength = 0
      return true
    }
    seg.seq = rcv.nxt
    seg.textOffset += old
    seg.textLength -= old
  }
  const limit = rcv.hasFin && before(rcv.finSeq, rcv.edge) ? rcv.finSeq : rcv.edge
  const beyond = distance(add(seg.seq, seg.textLength), limit)
  if (beyond > 0) {
    tcb.host.counters.count('beyond-window')
    seg.textLength -= beyond
    seg.flags &= ~Flag.FIN
    if (seg.textLength <= 0) {
      tcb.owe(Owed.ACK)
      return false
    }
  }
  return true
}

/** Text in order: acknowledge now, with the burst, or later. */
function scheduleAck(tcb: Tcb, seg: Segment, wasMissing: boolean): void {
  const { rcv } = tcb
  const { settings } = tcb.host
  if (seg.textLength > rcv.segmentSize) rcv.segmentSize = Math.min(seg.textLength, settings.mssMax)
  tcb.unacknowledged += seg.textLength
  if (tcb.timestampsOk && seg.hasTimestamp && seg.tsecr !== 0) measureReceiver(tcb, seg)
  // After a pause longer than a timeout the sender starts slowly again: it needs every acknowledgement.
  if (seg.now - tcb.lastTextAt > tcb.rtt.rto) {
    tcb.quickAcks = QUICK_ACKS
    tcb.isInteractive = false
  }
  tcb.lastTextAt = seg.now
  if (tcb.quickAcks > 0) tcb.quickAcks--
  const isSmall = seg.textLength < rcv.segmentSize
  if (
    wasMissing ||
    (tcb.quickAcks > 0 && !tcb.isInteractive) ||
    tcb.unacknowledged >= 2 * rcv.segmentSize ||
    (isSmall && seg.has(Flag.PSH) && !tcb.isInteractive)
  ) {
    tcb.owe(Owed.ACK)
    return
  }
  holdAck(tcb, seg.now)
}

function holdAck(tcb: Tcb, now: Instant): void {
  tcb.ackAt = Math.min(tcb.ackAt, now + tcb.host.settings.delayedAckMs)
  tcb.wake()
}

/** The round trip as the receiver sees it, from echoed timestamps: how often the window may grow. */
function measureReceiver(tcb: Tcb, seg: Segment): void {
  const rtt = Math.max(1, distance(tcb.timestamp(seg.now), seg.tsecr))
  const { rcv } = tcb
  if (rcv.rtt === 0 || rtt < rcv.rtt) rcv.rtt = rtt
  else rcv.rtt += (rtt - rcv.rtt) / 8
}
