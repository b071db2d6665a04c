import { add, after, distance } from '../seq.js'
import { Owed, type Tcb } from '../tcb.js'

/**
 * The window field of the next segment. The right edge never moves left, and to the right only by steps that are worth
 * a segment (silly window avoidance, RFC 9293 section 3.8.6.2.2).
 */
export function windowField(tcb: Tcb): number {
  const { rcv } = tcb
  const free = rcv.limit - rcv.buffer.length
  const wanted = add(rcv.nxt, Math.min(free, 65_535 * 2 ** rcv.scale))
  if (distance(wanted, rcv.edge) >= worthwhileStep(tcb)) rcv.edge = wanted
  const unit = 1 << rcv.scale
  const wnd = Math.max(0, rcv.wnd)
  // Rounding up keeps the promise to the byte; it is not repeated for ever, or small segments would find no end.
  let field = Math.ceil(wnd / unit)
  if (field * unit > wnd && field * unit > free + unit) field--
  field = Math.min(field, 65_535)
  rcv.announcedEdge = add(rcv.nxt, field * unit)
  if (after(rcv.announcedEdge, rcv.edge)) rcv.edge = rcv.announcedEdge
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
  const step = distance(add(rcv.nxt, rcv.limit - rcv.buffer.length), rcv.announcedEdge)
  // While the peer has half of the window it will hear of the rest with the next acknowledgement.
  if (step >= worthwhileStep(tcb) && 2 * distance(rcv.announcedEdge, rcv.nxt) < rcv.limit) tcb.owe(Owed.ACK)
}

function worthwhileStep(tcb: Tcb): number {
  return Math.min(tcb.rcv.limit / 2, 2 * Math.max(tcb.rcv.segmentSize, tcb.host.settings.mssMin))
}
