import { type Instant, NEVER } from '@zt/sansio'
import { State } from '../states.js'
import type { Tcb } from '../tcb.js'

/** Our SYN was acknowledged: the connection is up. `una` moves past the SYN. */
export function establish(tcb: Tcb, now: Instant): void {
  const { snd, rtt } = tcb
  snd.una = (snd.iss + 1) | 0
  snd.smallEnd = tcb.usageEnd = tcb.roundEnd = snd.una
  tcb.retransmitAt = NEVER
  tcb.retries = 0
  tcb.troubleSince = NEVER
  if (tcb.synRetries === 0) {
    rtt.sample(now - snd.lastSentAt)
    rtt.observeLeast(now - snd.lastSentAt, now)
  } else {
    rtt.startAfterLostSyn()
  }
  tcb.become(State.ESTABLISHED)
  tcb.rcv.measuredFrom = now
  tcb.lastReceivedAt = now
  if (snd.finQueued) tcb.become(State.FIN_WAIT_1)
  if (tcb.keepAliveIdleMs > 0) tcb.idleAt = now + tcb.keepAliveIdleMs
  tcb.wake()
}
