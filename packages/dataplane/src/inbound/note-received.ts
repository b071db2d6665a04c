/** The bookkeeping for every authenticated packet (ZeroTierOne node/Peer.cpp, received). */
import { Heard } from '@zt/multipath'
import type { Instant } from '@zt/sansio'
import type { Dataplane } from '../dataplane.js'
import { type Outcome, Received } from './outcome.js'

/** How often a trusted endpoint is noted again. */
const TRUST_NOTE_MS = 60_000

/**
 * Note that `d.packet` was received. `isTrusted`: a network of ours vouches for its sender. Returns `seen` if the
 * control plane should look after the peer: its packet came by an unknown path, or our endpoints are to be pushed; else
 * `done`.
 */
export function noteReceived(d: Dataplane, now: Instant, isTrusted: boolean): Outcome {
  const { packet } = d
  const link = packet.link!
  link.lastReceive = now
  let outcome: Outcome = Received.done
  if (packet.hops === 0) {
    link.lastDirectReceive = now
    if (link.paths.heard(now, packet.socket, packet.from!) === Heard.unknown) outcome = Received.seen
  } else link.lastRelayedReceive = now
  if (isTrusted) {
    link.lastTrust = now
    if (packet.hops === 0 && now - link.trustNotedAt >= TRUST_NOTE_MS) {
      link.trustNotedAt = now
      d.trust(now, packet.from!)
    }
  }
  if (now >= link.nextPush && link.isTrusted(now)) outcome = Received.seen
  return outcome
}

/** The same for a packet that carried a frame. */
export function noteFrame(d: Dataplane, now: Instant, isTrusted: boolean): Outcome {
  d.packet.link!.lastFrame = now
  return noteReceived(d, now, isTrusted)
}

/** The same for a frame that is not delivered, for this reason. */
export function noteUseless(d: Dataplane, now: Instant, isTrusted: boolean, reason: string): Outcome {
  d.counters.count(reason)
  return noteFrame(d, now, isTrusted)
}
