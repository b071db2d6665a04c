/**
 * Steering a peer that does not notice that the direct path is dead. ZeroTierOne goes on sending on it for four minutes
 * (its paths expire 243 s after the last packet); we know better after seconds. It does obey a redirect, so we ask it
 * to reach us at a root's endpoint, which relays, and later at our own again (ZeroTierOne node/Peer.cpp,
 * clusterRedirect).
 *
 * A redirected path has a higher priority than those before, and ZeroTierOne drops all of lower priority. The first
 * redirect back therefore only stands beside the relay's path; the second, sent on it, replaces everything.
 */
import { sendOn, sendTo } from '@zt/dataplane'
import type { Path } from '@zt/multipath'
import { Verb, encodePushDirectPaths } from '@zt/protocol'
import { ByteWriter, type Endpoint, type Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import type { Peer } from './peer.js'

/** A peer whose relayed packets arrive has noticed by itself. */
const NOTICED_MS = 3_000
/** Between two attempts. */
const AGAIN_MS = 10_000

/** The direct paths to an active peer have gone silent. */
export function steerToRelay(core: NodeCore, now: Instant, peer: Peer): void {
  const { upstream } = core.d
  const relay = upstream?.paths.best(now)
  if (!upstream || !relay || !core.upstreams.rootWith(upstream.address)) return
  if (now - peer.steeredAt < AGAIN_MS || now - peer.link.lastRelayedReceive < NOTICED_MS) return
  peer.steeredAt = now
  core.counters.count('peer-steered')
  sendTo(core.d, peer.link, Verb.PushDirectPaths, redirectTo(relay.endpoint))
}

/** The direct path works again, and the peer sees us at `own`: end the detour that we asked for. */
export function steerBack(core: NodeCore, peer: Peer, path: Path, own: Endpoint): void {
  if (!peer.isSteered) return
  peer.steeredAt = Number.NEGATIVE_INFINITY
  core.counters.count('peer-steered-back')
  for (let i = 0; i < 2; i++) sendOn(core.d, peer.link, path, Verb.PushDirectPaths, redirectTo(own))
}

function redirectTo(endpoint: Endpoint): Uint8Array {
  const w = new ByteWriter(32)
  encodePushDirectPaths(w, { paths: [{ endpoint, redirect: true }] })
  return w.finish()
}
