import { NEVER } from '@zt/sansio'
import { finish } from '../end.js'
import { add, after } from '../seq.js'
import { State, canReceive } from '../states.js'
import { Event, Owed, type Tcb } from '../tcb.js'
import { Flag, type Segment } from '../wire/segment.js'

/**
 * The eighth step of RFC 9293 section 3.10.7.4. A FIN ahead of missing text is only noted, and takes effect with the
 * segment that fills the gap.
 */
export function takeFin(tcb: Tcb, seg: Segment): void {
  const { rcv } = tcb
  if (!canReceive(tcb.state)) return
  if (seg.has(Flag.FIN) && !rcv.hasFin) {
    const finSeq = add(seg.seq, seg.textLength)
    // In a closed window even a FIN has no room.
    if (!after(rcv.edge, finSeq)) {
      tcb.owe(Owed.ACK)
      return
    }
    rcv.hasFin = true
    rcv.finSeq = finSeq
    tcb.owe(Owed.ACK)
  }
  if (!rcv.hasFin || rcv.nxt !== rcv.finSeq) return
  rcv.nxt = add(rcv.finSeq, 1)
  tcb.owe(Owed.ACK)
  tcb.tell(Event.ENDED)
  if (tcb.state === State.ESTABLISHED) {
    tcb.become(State.CLOSE_WAIT)
  } else if (tcb.state === State.FIN_WAIT_1) {
    tcb.become(State.CLOSING)
  } else {
    tcb.become(State.TIME_WAIT)
    tcb.idleAt = NEVER
    finish(tcb, seg.now)
  }
}
