/**
 * SEGMENT ARRIVES of RFC 9293 section 3.10.7.4, for a connection whose SYN was answered, in the RFC's order:
 *
 * 1. sequence number (and PAWS, RFC 7323)   `check-sequence.ts`
 * 2. RST (RFC 5961)                         `check-reset.ts`
 * 3. SYN (RFC 5961)                         `check-sequence.ts`: a SYN is never acceptable
 * 4. ACK                                    `check-ack.ts`
 * 5. urgent pointer: ignored, urgent text stays in line (RFC 6093)
 * 6. text                                   `take-text.ts`
 * 7. FIN                                    `take-fin.ts`
 *
 * Each step returns whether the next one follows. None of them sends: what is owed is noted and sent after the burst.
 */

import type { Tcb } from '../tcb.js'
import { State } from '../states.js'
import { Flag, type Segment } from '../wire/segment.js'
import { checkAck } from './check-ack.js'
import { checkReset } from './check-reset.js'
import { checkSequence } from './check-sequence.js'
import { inSynSent } from './in-syn-sent.js'
import { takeFin } from './take-fin.js'
import { takeText } from './take-text.js'

/** A segment for this connection. `false`: its sender is to be reset, and the connection is not concerned. */
export function segmentArrives(tcb: Tcb, seg: Segment, bytes: Uint8Array): boolean {
  tcb.rcv.segmentsReceived++
  tcb.keepAliveTries = 0
  if (tcb.state === State.SYN_SENT) {
    const answer = inSynSent(tcb, seg)
    if (answer !== 'continue') return answer !== 'reset'
  } else {
    if (!checkSequence(tcb, seg)) return true
    if (!checkReset(tcb, seg)) return true
    if (!seg.has(Flag.ACK)) return (tcb.host.counters.count('no-ack'), true)
    if (tcb.state === State.SYN_RCVD && !acknowledgesOurSyn(tcb, seg)) return false
    if (!checkAck(tcb, seg)) return true
  }
  tcb.lastReceivedAt = seg.now
  if (!takeText(tcb, seg, bytes)) return true
  takeFin(tcb, seg)
  return true
}

/** Could this acknowledge our SYN? In SYN_RCVD anything else is answered with a reset. */
function acknowledgesOurSyn(tcb: Tcb, seg: Segment): boolean {
  return ((seg.ack - tcb.snd.una) | 0) > 0 && ((seg.ack - tcb.snd.nxt) | 0) <= 0
}
