import { State } from '../states.js'
import type { Tcb } from '../tcb.js'
import { Flag, type Segment } from '../wire/segment.js'
import { endWith } from '../end.js'
import { challenge } from './challenge.js'

/** A reset counts only with exactly the sequence number that is next; another one in the window is questioned. */
export function checkReset(tcb: Tcb, seg: Segment): boolean {
  if (!seg.has(Flag.RST)) return true
  if (seg.seq !== tcb.rcv.nxt) {
    challenge(tcb, seg.now)
    return false
  }
  tcb.host.counters.count('reset-received')
  if (tcb.state === State.SYN_RCVD) endWith(tcb, 'ECONNREFUSED', seg.now)
  else if (isOverForBoth(tcb)) endWith(tcb, undefined, seg.now)
  else endWith(tcb, 'ECONNRESET', seg.now)
  return false
}

/** Both have said that they are done, and the peer has all our text: of our FIN at most the acknowledgement is missing. */
function isOverForBoth({ state, snd }: Tcb): boolean {
  return (state === State.CLOSING || state === State.LAST_ACK) && snd.buffer.length === 0
}
