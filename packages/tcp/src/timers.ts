/** What a connection does unasked: one function for each deadline of the `Tcb`. */

import { type Instant, NEVER } from '@zt/sansio'
import { endWith } from './end.js'
import { beginRecovery, detectLoss } from './send/detect-loss.js'
import { Mark } from './send/in-flight.js'
import { persistInterval } from './send/output.js'
import { Phase } from './send/recovery.js'
import { State, isSynchronized } from './states.js'
import { Owed, type Tcb } from './tcb.js'

/** The wheel has come to the earliest deadline: do all that is due. Calling too early is harmless. */
export function expire(tcb: Tcb, now: Instant): void {
  if (tcb.isRetired) return
  if (tcb.reorderAt <= now) reorderingIsOver(tcb, now)
  if (tcb.probeTailAt <= now) {
    tcb.probeTailAt = NEVER
    tcb.owe(Owed.TAIL_PROBE)
  }
  if (tcb.retransmitAt <= now) retransmissionTimeout(tcb, now)
  if (tcb.persistAt <= now) probeClosedWindow(tcb, now)
  if (tcb.ackAt <= now) {
    // The application did not answer in time: it is no conversation.
    tcb.ackAt = NEVER
    tcb.isInteractive = false
    tcb.owe(Owed.ACK)
  }
  if (tcb.corkAt <= now) {
    tcb.corkAt = NEVER
    tcb.isCorkOverdue = true
    tcb.wake()
  }
  if (tcb.idleAt <= now) beIdle(tcb, now)
  if (!tcb.isRetired) tcb.rearm()
}

/** What was overtaken has had its time. @see RFC 8985 section 6.3 */
function reorderingIsOver(tcb: Tcb, now: Instant): void {
  const priorPipe = tcb.pipe
  detectLoss(tcb, now, 0, false)
  const ring = tcb.snd.ring
  if (ring === undefined || ring.lostBytes === 0) return
  if (tcb.recovery.phase === Phase.OPEN) {
    beginRecovery(tcb, priorPipe, now)
    tcb.cc.cwnd = tcb.recovery.window(0, false, tcb.pipe, tcb.cc.ssthresh, tcb.snd.mss)
  }
  tcb.wake()
}

/** @see RFC 6298 section 5, RFC 8985 section 6.4 */
function retransmissionTimeout(tcb: Tcb, now: Instant): void {
  tcb.retransmitAt = NEVER
  if (!isSynchronized(tcb.state)) {
    synTimeout(tcb, now)
    return
  }
  const { snd, recovery, rtt, cc } = tcb
  const { ring } = snd
  if (ring === undefined) return
  if (isHopeless(tcb, now)) return
  tcb.timeouts++
  tcb.host.counters.count('timeout')
  const isFirst = recovery.phase !== Phase.LOSS || recovery.isOver(snd.una)
  const isFromOpen = recovery.phase === Phase.OPEN
  if (isFirst) {
    recovery.begin(Phase.LOSS, snd.una, snd.nxt, tcb.pipe)
    recovery.isUndecided = isFromOpen
  } else {
    recovery.isUndecided = recovery.sendsNewOnly = false
    recovery.canUndo = false
  }
  cc.onTimeout(now, Math.max(ring.bytes - ring.sackedBytes, snd.mss), isFirst)
  recovery.duplicates = 0
  tcb.tailProbeOut = false
  tcb.probeTailAt = tcb.reorderAt = NEVER
  markLost(tcb, now)
  rtt.backOff()
  tcb.wake()
}

function markLost(tcb: Tcb, now: Instant): void {
  const ring = tcb.snd.ring!
  if (ring.marks(0) & Mark.SACKED) {
    // The peer has sacked what it does not acknowledge: it has thrown it away (RFC 2018 section 8).
    tcb.host.counters.count('sack-reneging')
    ring.clearSacked()
  }
  if (tcb.sackOk && tcb.rtt.hasSample) {
    const { clockResolutionMs } = tcb.host.settings
    tcb.rack.markLostOnTimeout(ring, tcb.rack.window(ring, tcb.rtt, true, clockResolutionMs), now)
    return
  }
  for (let i = 0; i < ring.count; i++) if (!(ring.marks(i) & Mark.SACKED)) ring.markLost(i)
}

/** Has the peer been silent for too long? Then it ends here. */
function isHopeless(tcb: Tcb, now: Instant): boolean {
  const { settings } = tcb.host
  const retriesMax = tcb.isOrphan ? settings.orphanRetriesMax : settings.retriesMax
  const isOver = tcb.userTimeoutMs > 0 ? now - tcb.troubleSince >= tcb.userTimeoutMs : tcb.retries >= retriesMax
  if (!isOver) {
    tcb.retries++
    return false
  }
  endWith(tcb, tcb.softError ?? 'ETIMEDOUT', now)
  return true
}

function synTimeout(tcb: Tcb, now: Instant): void {
  const { settings } = tcb.host
  const most = tcb.state === State.SYN_RCVD ? settings.synAckRetriesMax : settings.synRetriesMax
  if (tcb.synRetries >= most) {
    endWith(tcb, tcb.softError ?? 'ETIMEDOUT', now)
    return
  }
  tcb.synRetries++
  tcb.rtt.backOff()
  tcb.owe(Owed.SYN)
}

/** Unanswered probes count as retries; an answer has set them back. */
function probeClosedWindow(tcb: Tcb, now: Instant): void {
  tcb.persistAt = NEVER
  if (tcb.troubleSince === NEVER) tcb.troubleSince = now
  if (isHopeless(tcb, now)) return
  // A peer may keep its window closed for ever, but not at the expense of a host where nobody waits any more.
  if (tcb.isOrphan && tcb.persistBackoff >= tcb.host.settings.orphanRetriesMax) {
    tcb.owe(Owed.RESET)
    endWith(tcb, 'ETIMEDOUT', now)
    return
  }
  tcb.persistBackoff = Math.min(tcb.persistBackoff + 1, 16)
  tcb.persistAt = now + persistInterval(tcb)
  tcb.owe(Owed.WINDOW_PROBE)
}

/** Keep-alive, or the end of FIN_WAIT_2 for a connection that nobody owns. */
function beIdle(tcb: Tcb, now: Instant): void {
  tcb.idleAt = NEVER
  if (tcb.state === State.FIN_WAIT_2 && tcb.isOrphan) {
    tcb.host.counters.count('fin-wait-2-timeout')
    endWith(tcb, undefined, now)
    return
  }
  if (tcb.keepAliveIdleMs === 0 || !isSynchronized(tcb.state)) return
  // Text in flight has its own timer, and its acknowledgement is a sign of life.
  if (tcb.snd.ring !== undefined || tcb.snd.unsent > 0) {
    tcb.idleAt = now + tcb.keepAliveIdleMs
    return
  }
  const quietUntil = tcb.lastReceivedAt + tcb.keepAliveIdleMs
  if (tcb.keepAliveTries === 0 && quietUntil > now) {
    tcb.idleAt = quietUntil
    return
  }
  const isTimedOut = tcb.userTimeoutMs > 0 && now - tcb.lastReceivedAt >= tcb.userTimeoutMs
  if (tcb.keepAliveTries >= tcb.keepAliveProbes || (isTimedOut && tcb.keepAliveTries > 0)) {
    endWith(tcb, 'ETIMEDOUT', now)
    return
  }
  tcb.keepAliveTries++
  tcb.idleAt = now + tcb.keepAliveIntervalMs
  tcb.owe(Owed.KEEP_ALIVE)
}
