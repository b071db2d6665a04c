/**
 * Who needs to hear from us now: roots, and peers that we exchange frames with (ZeroTierOne node/Node.cpp and
 * node/Peer.cpp, doPingAndKeepalive).
 */
import { PATH_HEARTBEAT_MS, type Path } from '@zt/multipath'
import type { Endpoint, Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import { probe, sendHelloFromAll, sendHelloOn } from './contact.js'
import type { Peer } from './peer.js'
import { announceRoute } from './received.js'
import { steerToRelay } from './steer.js'

/** Between HELLOs over all paths of an active peer (ZT_PEER_PING_PERIOD). */
const PEER_HELLO_MS = 60_000
/** A root that has not answered is asked again after this, then after twice as long, up to the last. */
const ROOT_FIRST_MS = 250
const ROOT_LAST_MS = 5_000
/** A peer that was not heard of for this long is not looked for. */
const WORTHWHILE_MS = 60_000
/** Between rounds while some path is in question or some relayed peer has endpoints worth trying. */
const PATH_CHECK_MS = 500

/** The peers behind the roots of our planet. */
export function rootPeers(core: NodeCore): Peer[] {
  return core.upstreams.roots.flatMap((root) => core.peers.get(root.identity.address) ?? [])
}

/** Say HELLO to the roots that have not answered, and remember to do it again. */
export function greetRoots(core: NodeCore, now: Instant): void {
  let patience = Number.POSITIVE_INFINITY
  for (const peer of rootPeers(core)) {
    if (peer.link.paths.best(now)) continue
    greetRoot(core, now, peer)
    patience = Math.min(patience, ROOT_FIRST_MS * 2 ** Math.min(10, peer.greetings++))
  }
  if (patience < Number.POSITIVE_INFINITY) core.arm('roots', now + Math.min(ROOT_LAST_MS, patience))
}

/** HELLO to one stable endpoint of each family, in turn, that there is no path to. */
function greetRoot(core: NodeCore, now: Instant, peer: Peer): void {
  const endpoints = core.upstreams.rootWith(peer.address)?.endpoints ?? []
  for (const family of [4, 6] as const) {
    if (peer.link.paths.all.some((path) => path.endpoint.ip.family === family && path.isAlive(now))) continue
    const candidates = endpoints.filter((endpoint) => endpoint.ip.family === family && core.isUsableFor(peer, endpoint))
    const endpoint: Endpoint | undefined = candidates[peer.greetings % candidates.length]
    if (endpoint && sendHelloFromAll(core, now, peer, endpoint)) peer.lastHello = now
  }
}

/** Every five seconds. */
export function pingPeers(core: NodeCore, now: Instant): void {
  for (const peer of core.peers.values()) {
    const { link } = peer
    if (link.isUpstream) {
      if (now - peer.lastHello < core.settings.rootHelloIntervalMs) continue
      link.paths.sweep(now)
      helloOnPaths(core, now, peer)
      greetRoot(core, now, peer)
    } else if (link.isActive(now)) {
      link.paths.sweep(now)
      if (now - peer.lastHello >= PEER_HELLO_MS) helloOnPaths(core, now, peer)
      else keepOpen(core, now, peer)
    } else link.paths.sweep(now)
  }
}

function helloOnPaths(core: NodeCore, now: Instant, peer: Peer): void {
  if (peer.link.paths.size > 0) peer.lastHello = now
  for (const path of peer.link.paths.all) sendHelloOn(core, now, peer, path, path.endpoint)
}

function keepOpen(core: NodeCore, now: Instant, peer: Peer): void {
  for (const path of peer.link.paths.all) if (now - path.lastSend >= PATH_HEARTBEAT_MS) probe(core, now, peer, path)
}

/**
 * Twice a second while there is reason: probe paths whose answer is overdue, give up those that stay silent, and try to
 * reach relayed peers directly.
 */
export function checkPaths(core: NodeCore, now: Instant): void {
  let isBusy = false
  for (const peer of core.peers.values()) {
    const { link } = peer
    for (const path of link.paths.all) {
      const next = path.nextProbe(now)
      // HELLO tells a steered peer's view of us, which is needed to end the detour.
      if (next <= now && peer.isSteered) sayHello(core, now, peer, path)
      else if (next <= now) probe(core, now, peer, path)
      if (next < Number.POSITIVE_INFINITY) isBusy = true
    }
    announceRoute(core, now, peer)
    if (!link.isUpstream && link.isActive(now) && link.paths.size > 0 && !link.paths.best(now))
      steerToRelay(core, now, peer)
    if (tryCandidates(core, now, peer)) isBusy = true
  }
  if (isBusy) core.arm('paths', now + PATH_CHECK_MS)
}

function sayHello(core: NodeCore, now: Instant, peer: Peer, path: Path): void {
  path.lastProbe = now
  sendHelloOn(core, now, peer, path, path.endpoint)
}

/** While a peer is relayed, knock at the doors we were told of. Says whether there are any. */
function tryCandidates(core: NodeCore, now: Instant, peer: Peer): boolean {
  const { link, candidates } = peer
  if (candidates.size === 0 || now - link.lastReceive > WORTHWHILE_MS || link.paths.best(now)) return false
  for (const endpoint of candidates.take(now)) {
    if (core.isUsableFor(peer, endpoint)) sendHelloFromAll(core, now, peer, endpoint)
  }
  return true
}
