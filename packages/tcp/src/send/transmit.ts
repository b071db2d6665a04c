import { checksum } from '@zt/ipstack'
import { type Instant, NEVER } from '@zt/sansio'
import { synWindowField, windowField } from '../receive/advertise-window.js'
import { windowScaleFor } from '../open/take-syn-options.js'
import { type Seq, add } from '../seq.js'
import { State } from '../states.js'
import { Owed, type Tcb } from '../tcb.js'
import { writeSackHead, writeSynOptions, writeTimestamps } from '../wire/options.js'
import { Flag, HEADER_LENGTH, writeHeader } from '../wire/segment.js'

/** SACK blocks in a segment: what fits 40 bytes of options, with and without timestamps. */
const SACK_BLOCKS = 4
const SACK_BLOCKS_WITH_TIMESTAMPS = 3

const edges = new Int32Array(2 * SACK_BLOCKS)

/** How a transmission went. `retry`: the segment size was out of date, and is not any more. */
export type Transmission = 'sent' | 'full' | 'retry'

/**
 * Build one segment of an open connection and send it. `from` is where the text begins, counted from SND.UNA. Whatever
 * is sent acknowledges, so an acknowledgement that was owed is not owed any more.
 */
export function transmit(tcb: Tcb, seq: Seq, flags: number, from: number, length: number, now: Instant): Transmission {
  const { bytes, view, offset } = tcb.host.scratch
  const { rcv, sink } = tcb
  let at = offset + HEADER_LENGTH
  if (tcb.timestampsOk) at = writeTimestamps(view, at, tcb.timestamp(now), tcb.tsRecent)
  let hasReported = true
  if (tcb.sackOk && (rcv.hasDuplicate || rcv.buffer.ranges !== undefined)) {
    const room = sink.maxSegment - (at - offset) - length
    const end = writeSack(tcb, view, at, room)
    hasReported = end > at
    at = end
  }
  const headerLength = at - offset
  writeHeader(view, offset, tcb.ports, seq, rcv.nxt, headerLength, flags, windowField(tcb))
  if (length > 0) tcb.snd.buffer.copyTo(bytes, at, from, length)
  const total = headerLength + length
  view.setUint16(offset + 16, checksum(bytes, offset, total, sink.pseudoSum + total))
  switch (sink.send(total)) {
    case 'full':
      return 'full'
    case 'too-big': {
      const before = tcb.snd.mss
      tcb.updateMss()
      if (tcb.snd.mss < before) return 'retry'
      break
    }
    case 'unreachable':
      tcb.softError = 'EHOSTUNREACH'
      break
    case 'sent':
      break
  }
  if (hasReported) acknowledged(tcb)
  tcb.segmentsSent++
  return 'sent'
}

/** Send our SYN or SYN,ACK. */
export function transmitSyn(tcb: Tcb, now: Instant): Transmission {
  const { bytes, view, offset } = tcb.host.scratch
  const { settings } = tcb.host
  const isAnswer = tcb.state === State.SYN_RCVD
  const at = writeSynOptions(
    view,
    offset + HEADER_LENGTH,
    Math.min(tcb.sink.maxSegment - HEADER_LENGTH, settings.mssMax),
    isAnswer && !tcb.hasScaling ? -1 : windowScaleFor(settings.receiveBufferMaxBytes),
    isAnswer ? tcb.sackOk : settings.sack,
    isAnswer ? tcb.timestampsOk : settings.timestamps,
    tcb.timestamp(now),
    tcb.tsRecent,
  )
  const total = at - offset
  const flags = isAnswer ? Flag.SYN | Flag.ACK : Flag.SYN
  writeHeader(view, offset, tcb.ports, tcb.snd.iss, isAnswer ? tcb.rcv.nxt : 0, total, flags, synWindowField(tcb))
  view.setUint16(offset + 16, checksum(bytes, offset, total, tcb.sink.pseudoSum + total))
  const result = tcb.sink.send(total)
  if (result === 'full') return 'full'
  if (result === 'unreachable') tcb.softError = 'EHOSTUNREACH'
  tcb.snd.nxt = add(tcb.snd.iss, 1)
  tcb.snd.lastSentAt = now
  tcb.segmentsSent++
  return 'sent'
}

/** Send the reset that ends a connection. If the link is full it is lost, like any other. */
export function transmitReset(tcb: Tcb): void {
  const { bytes, view, offset } = tcb.host.scratch
  writeHeader(view, offset, tcb.ports, tcb.snd.nxt, tcb.rcv.nxt, HEADER_LENGTH, Flag.RST | Flag.ACK, 0)
  view.setUint16(offset + 16, checksum(bytes, offset, HEADER_LENGTH, tcb.sink.pseudoSum + HEADER_LENGTH))
  tcb.sink.send(HEADER_LENGTH)
  tcb.segmentsSent++
}

function acknowledged(tcb: Tcb): void {
  const { rcv } = tcb
  tcb.owed &= ~Owed.ACK
  tcb.ackAt = NEVER
  tcb.unacknowledged = 0
  rcv.lastAckSent = rcv.nxt
  rcv.hasDuplicate = false
}

/** The duplicate first (RFC 2883), then what arrived out of order, newest first (RFC 2018 section 4). */
function writeSack(tcb: Tcb, view: DataView, at: number, room: number): number {
  const { rcv } = tcb
  const blocks = tcb.timestampsOk ? SACK_BLOCKS_WITH_TIMESTAMPS : SACK_BLOCKS
  const most = Math.min(blocks, Math.floor((room - 4) / 8))
  if (most < 1) return at
  let count = 0
  if (rcv.hasDuplicate) {
    edges[0] = rcv.duplicateStart
    edges[1] = rcv.duplicateEnd
    count = 1
  }
  if (rcv.buffer.ranges !== undefined) count += rcv.buffer.ranges.newest(edges, 2 * count, most - count)
  at = writeSackHead(view, at, count)
  for (let i = 0; i < 2 * count; i++, at += 4) view.setInt32(at, edges[i]!)
  return at
}
