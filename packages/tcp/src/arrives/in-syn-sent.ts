import { add, after } from '../seq.js'
import { State } from '../states.js'
import { Event, Owed, type Tcb } from '../tcb.js'
import { Flag, type Segment } from '../wire/segment.js'
import { endWith } from '../end.js'
import { establish } from '../open/establish.js'
import { takeSynOptions } from '../open/take-syn-options.js'

/**
 * RFC 9293 section 3.10.7.3. `continue`: established, the segment may carry text; `reset`: its sender is to be reset;
 * `done`: nothing more.
 */
export function inSynSent(tcb: Tcb, seg: Segment): 'continue' | 'reset' | 'done' {
  const { snd, rcv } = tcb
  const hasAck = seg.has(Flag.ACK)
  if (hasAck && seg.ack !== snd.nxt) return seg.has(Flag.RST) ? 'done' : 'reset'
  if (seg.has(Flag.RST)) {
    if (hasAck) endWith(tcb, 'ECONNREFUSED', seg.now)
    return 'done'
  }
  if (!seg.has(Flag.SYN) || seg.has(Flag.FIN)) return 'done'
  rcv.irs = seg.seq
  rcv.start(add(seg.seq, 1), Math.min(rcv.limit, 65_535))
  takeSynOptions(tcb, seg)
  // The window of a SYN is never scaled.
  snd.wnd = snd.maxWnd = seg.wnd
  snd.wl1 = seg.seq
  snd.wl2 = seg.ack
  seg.flags &= ~Flag.SYN
  seg.seq = add(seg.seq, 1)
  if (!hasAck) {
    // Both sides have connected at once.
    tcb.become(State.SYN_RCVD)
    tcb.owe(Owed.SYN)
    return 'done'
  }
  if (after(seg.ack, snd.una)) {
    establish(tcb, seg.now)
    tcb.tell(Event.CONNECTED)
  }
  tcb.owe(Owed.ACK)
  return 'continue'
}
