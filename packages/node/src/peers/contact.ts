/** Probing an endpoint: HELLO to introduce ourselves, ECHO where that is enough. The answer makes it a path. */
import { sendOn } from '@zt/dataplane'
import { Path } from '@zt/multipath'
import { Verb, encodeHello } from '@zt/protocol'
import { ByteWriter, type Endpoint, type Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import type { Peer } from './peer.js'

const NOTHING = new Uint8Array(0)

/** Send HELLO from one socket. Says whether it left. */
export function sendHello(core: NodeCore, now: Instant, peer: Peer, socket: number, endpoint: Endpoint): boolean {
  const path = peer.link.paths.find(socket, endpoint) ?? new Path(socket, endpoint, core.settings.physicalMtu)
  return sendHelloOn(core, now, peer, path, endpoint)
}

/** Send HELLO from every socket that can reach the endpoint. */
export function sendHelloFromAll(core: NodeCore, now: Instant, peer: Peer, endpoint: Endpoint): boolean {
  let isSent = false
  for (const socket of socketsFor(core, endpoint)) isSent = sendHello(core, now, peer, socket, endpoint) || isSent
  return isSent
}

/** Send HELLO to a peer on this path, which may lead to a relay. */
export function sendHelloOn(core: NodeCore, now: Instant, peer: Peer, path: Path, sentTo: Endpoint): boolean {
  const w = new ByteWriter(256)
  const { planet } = core.upstreams
  const maskFrom = encodeHello(w, {
    protocolVersion: core.settings.protocolVersion,
    software: core.software,
    sentAt: now,
    identity: core.identity,
    sentTo,
    planet: { id: planet.id, timestamp: planet.timestamp },
  })
  const isSent = sendOn(core.d, peer.link, path, Verb.Hello, w.bytes, { suite: 0, maskFrom })
  if (!isSent) return false
  peer.hellosSent++
  return true
}

/** Ask whether a path works: ECHO if the peer understands it, else HELLO. */
export function probe(core: NodeCore, now: Instant, peer: Peer, path: Path): void {
  path.lastProbe = now
  if (!peer.answersEcho) {
    sendHelloOn(core, now, peer, path, path.endpoint)
    return
  }
  sendOn(core.d, peer.link, path, Verb.Echo, NOTHING)
}

/** Try an endpoint that may become a path, from every socket that can reach it. */
export function tryEndpoint(core: NodeCore, now: Instant, peer: Peer, endpoint: Endpoint): void {
  for (const socket of socketsFor(core, endpoint)) {
    const path = peer.link.paths.find(socket, endpoint) ?? new Path(socket, endpoint, core.settings.physicalMtu)
    probe(core, now, peer, path)
  }
}

/** The sockets that can reach an endpoint, as far as its family tells. */
export function socketsFor(core: NodeCore, endpoint: Endpoint): number[] {
  return core.d.port.sockets.filter(({ local }) => local.ip.family === endpoint.ip.family).map(({ id }) => id)
}
