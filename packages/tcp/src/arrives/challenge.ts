import { RateGate } from '@zt/sansio'
import type { Instant } from '@zt/sansio'
import { Owed, type Tcb } from '../tcb.js'

/**
 * Answer something doubtful with an acknowledgement: a peer that means it will prove it, and whoever guesses learns
 * nothing. Limited for each connection, and by a random number for all of them, so that the limit of one cannot be
 * observed through another.
 *
 * @see RFC 5961 sections 3.2, 4.2, 5.2 and 7
 */
export function challenge(tcb: Tcb, now: Instant): void {
  const perSecond = tcb.host.settings.challengesPerConnectionSecond
  tcb.challenges ??= new RateGate(1000 / perSecond, perSecond)
  if (!tcb.challenges.pass(now) || !tcb.host.mayChallenge(now)) {
    tcb.host.counters.count('challenge-limited')
    return
  }
  tcb.host.counters.count('challenge-ack')
  tcb.owe(Owed.ACK)
}
