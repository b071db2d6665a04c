/**
 * PUSH_DIRECT_PATHS: a peer says where it can be reached (ZeroTierOne node/IncomingPacket.cpp, _doPUSH_DIRECT_PATHS).
 */
import { selectPushed } from '@zt/multipath'
import { decodePushDirectPaths } from '@zt/protocol'
import type { Endpoint, Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import { sendHello, tryEndpoint } from '../peers/contact.js'
import type { Peer } from '../peers/peer.js'
import { received } from '../peers/received.js'
import { payloadOf } from './handler.js'

export function onPushDirectPaths(core: NodeCore, now: Instant, peer: Peer): void {
  if (peer.pushGate.pass(now)) takePush(core, now, peer)
  else core.counters.count('push-limited')
  received(core, now, peer)
}

function takePush(core: NodeCore, now: Instant, peer: Peer): void {
  const push = decodePushDirectPaths(payloadOf(core))
  if (!push) return core.counters.count('packet-malformed')
  const { paths } = peer.link
  const usable = push.paths.filter(({ endpoint, forget }) => !forget && core.isUsableFor(peer, endpoint))
  const redirect = usable.find((path) => path.redirect)
  if (redirect && isRootEndpoint(core, redirect.endpoint)) {
    // It cannot hear us, and asks to be reached through a root: doubt our paths, which leaves just that.
    for (const path of paths.all) path.doubt()
    paths.reconsider()
    return
  }
  if (redirect) {
    const { socket, from } = core.d.packet
    sendHello(core, now, peer, socket, redirect.endpoint)
    paths.redirect(now, from && paths.find(socket, from), socket, redirect.endpoint)
    return
  }
  const wanted = selectPushed(
    usable.map(({ endpoint }) => endpoint),
    (endpoint) => !paths.reaches(now, endpoint),
  )
  for (const endpoint of wanted) {
    peer.candidates.add(now, endpoint)
    tryEndpoint(core, now, peer, endpoint)
  }
  if (wanted.length > 0) core.arm('paths', now + 1_000)
}

function isRootEndpoint(core: NodeCore, endpoint: Endpoint): boolean {
  return core.upstreams.roots.some((root) => root.endpoints.some((known) => known.equals(endpoint)))
}
