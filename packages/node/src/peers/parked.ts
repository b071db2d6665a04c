/** Packets that wait: see to it that they do not wait in vain (ZeroTierOne node/Switch.cpp, doTimerTasks). */
import { sendParked } from '@zt/dataplane'
import type { Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import { WHOIS_RETRY_MS, askWhois } from './whois.js'

/** Twice a second while packets are parked: ask again for whom they wait, and drop those that waited for 5 s. */
export function retryParked(core: NodeCore, now: Instant): void {
  const { parkedIn, parkedOut } = core.d
  const expired = parkedIn.expire(now) + parkedOut.expire(now)
  if (expired > 0) core.counters.count('parked-expired', expired)
  for (const address of parkedOut.peers()) {
    const peer = core.peers.get(address)
    if (peer) sendParked(core.d, peer.link)
    else askWhois(core, now, address)
  }
  for (const address of parkedIn.peers()) {
    // A known peer's frames wait for its certificate: trying them again asks for it again.
    if (core.peers.has(address)) core.released.push(address)
    else askWhois(core, now, address)
  }
  if (parkedIn.size + parkedOut.size > 0) core.arm('parked', now + WHOIS_RETRY_MS)
}
