import { addressOf } from '@zt/ipstack'
import { type ErrorCode, type Instant, NEVER, ZtError } from '@zt/sansio'
import { State } from './states.js'
import { Event, Owed, type Tcb } from './tcb.js'

const SENTENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the peer refused the connection',
  ECONNRESET: 'the peer reset the connection',
  ECONNABORTED: 'the connection was aborted',
  ETIMEDOUT: 'the peer does not answer',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  EADDRNOTAVAIL: 'the local address is gone',
}

/** The connection is over, at once. With a code that is an error for the application. */
export function endWith(tcb: Tcb, code: ErrorCode | undefined, now: Instant): void {
  if (tcb.state === State.CLOSED || tcb.isRetired) return
  if (code !== undefined) {
    const verb = tcb.state <= State.SYN_RCVD ? 'connect' : 'read'
    const { r0, r1, r2, r3, ports } = tcb.tuple
    const address = addressOf(r0, r1, r2, r3).toString()
    const port = ports >>> 16
    tcb.error = new ZtError(code, `${verb} ${code} ${address}:${port}: ${SENTENCES[code] ?? 'the connection failed'}`, {
      syscall: verb,
      address,
      port,
    })
  }
  // All that may still go out is a reset.
  tcb.owed &= Owed.RESET
  tcb.state = State.CLOSED
  finish(tcb, now)
}

/** Nothing is left to be done: give back what it holds, leave the tables, tell the application. */
export function finish(tcb: Tcb, now: Instant): void {
  if (tcb.isRetired) return
  tcb.isRetired = true
  tcb.retransmitAt = tcb.probeTailAt = tcb.reorderAt = tcb.persistAt = NEVER
  tcb.ackAt = tcb.idleAt = tcb.corkAt = NEVER
  tcb.rearm()
  tcb.snd.buffer.clear()
  if (tcb.snd.ring !== undefined) {
    tcb.snd.ring.clear()
    tcb.releaseRing()
  }
  tcb.tell(Event.CLOSED)
  tcb.host.retire(tcb, now)
}
