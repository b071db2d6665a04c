/**
 * After every packet of a peer: new paths are confirmed and learnt, our endpoints are pushed, and what was parked for
 * the peer goes on (ZeroTierOne node/Peer.cpp, received).
 */
import { type Outcome, Received, noteReceived, sendOn } from '@zt/dataplane'
import { PATH_CHALLENGE_MS, Path, endpointsToPush } from '@zt/multipath'
import { Verb, encodePushDirectPaths } from '@zt/protocol'
import { ByteWriter, type Endpoint, type Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import { probe, sendHello } from './contact.js'
import type { Peer } from './peer.js'

/** No push is due earlier than this after another one. */
const PUSH_MS = 15_000
const HEARD_JUST_NOW_MS = 1_000
/** Endpoints in one packet. */
const PUSHED_PER_PACKET = 40

/** A control packet of this peer was handled. */
export function received(core: NodeCore, now: Instant, peer: Peer, isTrusted = false): void {
  lookAfter(core, now, peer, noteReceived(core.d, now, isTrusted))
}

/** `outcome` is what the data path's bookkeeping said about the packet. */
export function lookAfter(core: NodeCore, now: Instant, peer: Peer, outcome: Outcome): void {
  if (outcome !== Received.seen) return
  const { hops, socket, from, verb } = core.d.packet
  if (!from) return
  const { link } = peer
  if (hops === 0 && !link.paths.find(socket, from) && core.isUsableFor(peer, from)) {
    if (verb === Verb.Ok) learnPath(core, now, peer, socket, from)
    else if (peer.maySpendTry(now, socket, from)) sendHello(core, now, peer, socket, from)
  }
  if (now >= link.nextPush && link.isTrusted(now)) pushEndpoints(core, now, peer, hops > 0)
}

function learnPath(core: NodeCore, now: Instant, peer: Peer, socket: number, from: Endpoint): void {
  const learnt = peer.link.paths.learn(now, socket, from)
  challengeOthers(core, now, peer, learnt)
  core.punches.done(peer.address, from)
  core.counters.count('path-learnt')
  announceRoute(core, now, peer)
}

/**
 * A peer that appears elsewhere may have left where it was: paths that were not heard from just now must prove
 * themselves.
 */
export function challengeOthers(core: NodeCore, now: Instant, peer: Peer, fresh: Path | undefined): void {
  for (const path of peer.link.paths.all) {
    if (path === fresh || now - path.lastReceive < HEARD_JUST_NOW_MS || path.isSuspect(now)) continue
    probe(core, now, peer, path)
    path.challenge(now)
    core.arm('paths', now + PATH_CHALLENGE_MS)
  }
}

/** Tell if packets for a peer go another way than was told last: straight, or through a root. */
export function announceRoute(core: NodeCore, now: Instant, peer: Peer): void {
  const { link } = peer
  if (link.isUpstream) return
  const path = link.paths.best(now)
  if (path) {
    const isTold = link.announcedPath !== undefined
    link.announcedPath = path.endpoint
    if (!isTold) core.emit({ type: 'peer-direct', address: peer.address, endpoint: path.endpoint })
  } else if (link.announcedPath !== undefined) {
    link.announcedPath = undefined
    core.emit({ type: 'peer-relayed', address: peer.address, via: core.d.upstream?.address })
  }
}

/** Tell a peer where we can be reached, on the path that its packet came by. */
function pushEndpoints(core: NodeCore, now: Instant, peer: Peer, isRelayed: boolean): void {
  const { link } = peer
  if (!peer.pushes.due(now, isRelayed)) {
    link.nextPush = now + 1_000
    return
  }
  link.nextPush = now + PUSH_MS
  const endpoints = endpointsToPush(core.localEndpoints, core.surface.endpoints(now), core.allowLoopback)
  const { socket, from } = core.d.packet
  if (endpoints.length === 0 || !from) return
  const path = link.paths.find(socket, from) ?? new Path(socket, from, core.settings.physicalMtu)
  const w = new ByteWriter(1200)
  encodePushDirectPaths(w, { paths: endpoints.slice(0, PUSHED_PER_PACKET).map((endpoint) => ({ endpoint })) })
  sendOn(core.d, link, path, Verb.PushDirectPaths, w.bytes, { compress: true })
}
