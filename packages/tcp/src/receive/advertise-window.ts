import { type Seq, add, distance } from '../seq.js'
import { Owed, type Tcb } from '../tcb.js'

/**
 * The window field of the next segment. The right edge, up to which text is taken, never moves left, and to the right
 * only by steps that are worth a segment (silly window avoidance, RFC 9293 section 3.8.6.2.2). What the peer is told is
 * rounded down to the unit of the scale, and so may fall short of an earlier promise by less than that: the promise is
 * kept all the same (RFC 7323 section 2.4).
 */
export function windowField(tcb: Tcb): number {
  const { rcv } = tcb
  const wanted = wantedEdge(tcb)
  if (distance(wanted, rcv.edge) >= worthwhileStep(tcb)) rcv.edge = wanted
  const field = Math.min(Math.max(0, rcv.wnd) >> rcv.scale, 65_535)
  rcv.announcedEdge = add(rcv.nxt, field << rcv.scale)
  return field
}

/** The window field of a SYN: never scaled, and the first promise. */
export function synWindowField(tcb: Tcb): number {
  const { rcv } = tcb
  const wnd = Math.min(rcv.limit, 65_535)
  rcv.edge = rcv.announcedEdge = add(rcv.nxt, wnd)
  return wnd
}

/** The application has read: does the peer have to be told at once? */
export function updateWindow(tcb: Tcb): void {
  const { rcv } = tcb
  const step = distance(wantedEdge(tcb), rcv.announcedEdge)
  // While the peer has half of the window it will hear of the rest with the next acknowledgement.
  if (step >= worthwhileStep(tcb) && 2 * distance(rcv.announcedEdge, rcv.nxt) < rcv.limit) tcb.owe(Owed.ACK)
}

/** The right edge that the buffer has room for and the window field can express. */
function wantedEdge({ rcv }: Tcb): Seq {
  return add(rcv.nxt, Math.min(rcv.limit - rcv.buffer.length, 65_535 * 2 ** rcv.scale))
}

function worthwhileStep(tcb: Tcb): number {
  return Math.min(tcb.rcv.limit / 2, 2 * Math.max(tcb.rcv.segmentSize, tcb.host.settings.mssMin))
}
