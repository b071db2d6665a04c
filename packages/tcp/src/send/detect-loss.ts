import { type Instant, NEVER } from '@zt/sansio'
import { after, before } from '../seq.js'
import type { Tcb } from '../tcb.js'
import { Mark } from './in-flight.js'
import { Phase } from './recovery.js'

/** Duplicate acknowledgements that mean loss, without SACK (RFC 5681 section 3.2). */
const DUP_THRESH = 3

/**
 * Mark what must be lost: by time where the peer sends SACK (RFC 8985), by duplicate acknowledgements where it does not
 * (RFC 6582). `delivered` and `hasAdvanced` are those of the acknowledgement at hand.
 */
export function detectLoss(tcb: Tcb, now: Instant, delivered: number, hasAdvanced: boolean): void {
  const { recovery } = tcb
  const ring = tcb.inFlight
  if (ring.count === 0) return
  if (tcb.sackOk) {
    if (delivered === 0 && tcb.reorderAt === NEVER) return
    const resolution = tcb.host.settings.clockResolutionMs
    const window = tcb.rack.window(ring, tcb.rtt, recovery.phase !== Phase.OPEN, resolution)
    const wait = tcb.rack.detectLoss(ring, window, now)
    tcb.reorderAt = wait > 0 ? now + wait : NEVER
    return
  }
  // Duplicates below the recovery point are echoes of what was sent again already.
  const isLoss =
    recovery.phase === Phase.OPEN && recovery.duplicates >= DUP_THRESH && after(tcb.snd.una, recovery.point)
  const isPartial = recovery.phase === Phase.RECOVERY && hasAdvanced && before(tcb.snd.una, recovery.point)
  if ((isLoss || isPartial) && !(ring.marks(0) & Mark.LOST)) ring.markLost(0)
}

/** Something was lost: reduce the window, once for all that is in flight now. */
export function beginRecovery(tcb: Tcb, priorPipe: number, now: Instant): void {
  tcb.cc.onLoss(now)
  tcb.recovery.begin(Phase.RECOVERY, tcb.snd.una, tcb.snd.nxt, Math.max(priorPipe, tcb.snd.mss))
  tcb.tailProbeOut = false
  tcb.probeTailAt = NEVER
  tcb.host.counters.count('recovery')
}
