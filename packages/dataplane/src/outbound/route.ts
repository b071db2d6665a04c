/** The way to a peer: straight, or through a root (ZeroTierOne node/Switch.cpp, _trySend). */
import type { Path } from '@zt/multipath'
import type { Dataplane } from '../dataplane.js'
import type { PeerLink } from '../peers/peer-link.js'

/** The path to send on, or `undefined` if there is none at all. */
export function route(d: Dataplane, link: PeerLink): Path | undefined {
  const direct = link.paths.best(d.now)
  if (direct !== undefined) {
    link.isRelayed = false
    return direct
  }
  const { upstream } = d
  const relayed = upstream === undefined || upstream === link ? undefined : upstream.paths.lastResort(d.now)
  if (relayed === undefined) return link.paths.lastResort(d.now)
  link.lastRelayedSend = d.now
  if (!link.isRelayed) {
    link.isRelayed = true
    d.upcalls.relayUsed(link)
  }
  return relayed
}

/** A packet goes out on this path: an answer is due from now on. */
export function noteSent(d: Dataplane, path: Path): void {
  path.lastSend = d.now
  if (path.awaitingSince !== 0) return
  path.awaitingSince = d.now
  d.noteUse(path)
}
