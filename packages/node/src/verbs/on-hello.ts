/**
 * HELLO: somebody says who it is. The one packet that may come from a stranger, so everything it can make us do is
 * limited (ZeroTierOne node/IncomingPacket.cpp, _doHELLO).
 */
import type { SessionKeys } from '@zt/crypto'
import { reply } from '@zt/dataplane'
import {
  type Hello,
  type Identity,
  PACKET_HEADER,
  PROTOCOL_VERSION_MIN,
  PacketError,
  Verb,
  decodeHello,
  decodeHelloMoons,
  encodeError,
  encodeOkHead,
  encodeOkHello,
  equalIdentities,
  maskHelloTail,
} from '@zt/protocol'
import { ByteReader, ByteWriter, Endpoint, type Instant, RateGate } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import type { Peer } from '../peers/peer.js'
import { challengeOthers, received } from '../peers/received.js'
import { reportedSurface } from './reported-surface.js'

/** From protocol 5 on the port in OK(HELLO) means something. */
const PROTOCOL_WITH_PORT = 5
/** New identities from one network: a few at once, then one in this time (ZT_IDENTITY_VALIDATION_SOURCE_RATE_LIMIT). */
const VALIDATION_MS = 2_000
const VALIDATION_BURST = 16

/** HELLO in the clear: nothing about it is certain yet. `isOpen`: it came encrypted, from a peer we know. */
export function onHello(core: NodeCore, now: Instant, isOpen: boolean): void {
  const { packet } = core.d
  const { bytes, at, end } = packet
  const r = new ByteReader(bytes, at + PACKET_HEADER, end)
  const hello = decodeHello(r)
  if (!hello) return core.counters.count('packet-malformed')
  if (hello.protocolVersion < PROTOCOL_VERSION_MIN) return core.counters.count('hello-too-old')
  if (hello.identity.address !== packet.source) return core.counters.count('hello-address-mismatch')

  const peer = isOpen ? core.peers.get(packet.source) : authenticate(core, now, hello.identity)
  if (!peer || !packet.from) return
  if (!peer.helloGate.pass(now)) return core.counters.count('hello-limited')
  packet.link = peer.link
  packet.verb = Verb.Hello
  if (r.remaining > 0) {
    maskHelloTail(bytes, at, r.offset, end, peer.link.keys)
    if (!decodeHelloMoons(r)) return core.counters.count('packet-malformed')
  }
  if (hello.sentTo && packet.hops === 0) reportedSurface(core, now, peer, hello.sentTo)
  // With the suite by the version known before this HELLO, as in ZeroTierOne.
  answer(core, hello, packet.from)
  core.setVersion(peer, hello.protocolVersion, hello.software)
  received(core, now, peer)
  if (packet.hops === 0) greetedFromElsewhere(core, now, peer, packet.socket, packet.from)
}

/** HELLO from another port than the one we know: restarted perhaps, or it has several. The known path will tell. */
function greetedFromElsewhere(core: NodeCore, now: Instant, peer: Peer, socket: number, from: Endpoint): void {
  const { paths } = peer.link
  if (paths.size === 0 || paths.find(socket, from) || !core.isUsableFor(peer, from)) return
  peer.candidates.add(now, from)
  challengeOthers(core, now, peer, undefined)
}

/** The sender, if the packet is authentic with its key; a stranger's identity is validated and added. */
function authenticate(core: NodeCore, now: Instant, identity: Identity): Peer | undefined {
  const { packet } = core.d
  const known = core.peers.get(identity.address)
  if (known && equalIdentities(known.link.identity, identity)) {
    return isAuthentic(core, known.link.keys) ? known : undefined
  }
  if (!packet.from || !mayValidate(core, now, packet.from)) return core.d.drop('hello-limited')
  const keys = core.agreeWith(identity)
  if (!isAuthentic(core, keys)) return undefined
  if (known) {
    reportCollision(core, known, keys)
    return undefined
  }
  if (!core.validate(identity)) return core.d.drop('hello-identity-invalid')
  const peer = core.addPeer(identity, keys)
  if (peer) core.released.push(peer.address)
  return peer
}

function isAuthentic(core: NodeCore, keys: SessionKeys): boolean {
  const { bytes, at, length } = core.d.packet
  if (!core.d.armor.dearmor(bytes, at, length, keys)) return core.d.refuse('packet-not-authentic')
  core.d.opened[0]++
  return true
}

/** Agreement and validation take long: limited by where the packet came from, and altogether. */
function mayValidate(core: NodeCore, now: Instant, from: Endpoint): boolean {
  const prefix = `${from.ip.family} ${from.ip.bytes.subarray(0, from.ip.isV4 ? 3 : 6).join('.')}`
  let gate = core.validationGates.get(prefix)
  if (!gate) core.validationGates.set(prefix, (gate = new RateGate(VALIDATION_MS, VALIDATION_BURST)))
  return gate.pass(now) && core.validationGate.pass(now)
}

/** Another identity with the address of one we know: whoever came first stays. Sealed with the newcomer's key. */
function reportCollision(core: NodeCore, known: Peer, keys: SessionKeys): void {
  core.counters.count('hello-collision')
  const w = new ByteWriter(16)
  encodeError(w, { inReVerb: Verb.Hello, inRePacketId: core.d.packet.id, code: PacketError.IdentityCollision })
  core.d.packet.link = known.link
  reply(core.d, Verb.Error, w.bytes, { keys, suite: 1 })
}

function answer(core: NodeCore, hello: Hello, from: Endpoint): void {
  const { planet } = core.upstreams
  const isNewer =
    hello.planet !== undefined && hello.planet.id === planet.id && hello.planet.timestamp < planet.timestamp
  const w = new ByteWriter(256)
  encodeOkHead(w, { inReVerb: Verb.Hello, inRePacketId: core.d.packet.id })
  encodeOkHello(w, {
    echoedAt: hello.sentAt,
    protocolVersion: core.settings.protocolVersion,
    software: core.software,
    surface: hello.protocolVersion >= PROTOCOL_WITH_PORT ? from : new Endpoint(from.ip, 0),
    worlds: isNewer && planet.id !== 0n ? [planet] : [],
  })
  reply(core.d, Verb.Ok, w.bytes)
}
