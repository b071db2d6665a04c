/** The last steps of every packet: find the way, seal, fragment, send. */
import type { SessionKeys } from '@zt/crypto'
import type { Path } from '@zt/multipath'
import {
  type Address,
  MAX_PACKET_LENGTH,
  PACKET_HEADER,
  PACKET_VERB,
  maskHelloTail,
  packetIdHigh,
  packetIdLow,
} from '@zt/protocol'
import { ZtError } from '@zt/sansio'
import type { Dataplane } from '../dataplane.js'
import { copy } from '../inbound/reassemble.js'
import type { PeerLink, Suite } from '../peers/peer-link.js'
import { isRequest } from './expectations.js'
import { sendDatagrams } from './fragment.js'
import { PARKED_MS } from './parked.js'
import { noteSent, route } from './route.js'
import { seal } from './seal.js'
import { writeHeaderFor } from './wrap.js'

/** Send the packet with a frame that was built at `at` the best way there is. False if there is no way at all. */
export function sendBuilt(d: Dataplane, link: PeerLink, at: number, length: number): boolean {
  const path = route(d, link)
  if (path === undefined) return false
  if (!seal(d, link.keys, path, at, length, link.frameSuite)) return true
  noteSent(d, path)
  sendDatagrams(d, path, at, length)
  return true
}

/** How a control packet is to be made. */
export interface ControlOptions {
  /** Compress it if that makes it smaller. */
  readonly compress?: boolean
  /** Suite 0 is for HELLO; by default it is the peer's. */
  readonly suite?: Suite
  /** HELLO: from where on in the payload it is masked. */
  readonly maskFrom?: number
  /** Other keys than those of the peer: for somebody who has its address and not its identity. */
  readonly keys?: SessionKeys
}

/** Build a control packet in a transmit slot; returns where it begins and how long it is. @throws ZT_TOO_LARGE */
function build(
  d: Dataplane,
  link: PeerLink,
  verb: number,
  payload: Uint8Array,
  options: ControlOptions,
): [at: number, length: number] {
  const length = PACKET_HEADER + payload.length
  if (length > MAX_PACKET_LENGTH)
    throw new ZtError('ZT_TOO_LARGE', `a packet has ${MAX_PACKET_LENGTH} bytes at most, got ${length}`)
  const at = d.arena.nextTransmitSlot()
  const { bytes } = d.arena
  writeHeaderFor(d, at, link, verb)
  copy(bytes, at + PACKET_HEADER, payload, 0, payload.length)
  if (options.maskFrom !== undefined) {
    maskHelloTail(bytes, at, at + PACKET_HEADER + options.maskFrom, at + length, link.keys)
  }
  return [at, options.compress ? d.compression.compress(bytes, at, length) : length]
}

/** Send a control packet on this path, straight. Says whether the socket took it. */
export function sendOn(
  d: Dataplane,
  link: PeerLink,
  path: Path,
  verb: number,
  payload: Uint8Array,
  options: ControlOptions = {},
): boolean {
  const [at, length] = build(d, link, verb, payload, options)
  if (!seal(d, options.keys ?? link.keys, path, at, length, options.suite ?? link.suite)) return false
  if (isRequest(verb)) d.expectations.add(packetIdHigh(d.arena.bytes, at), packetIdLow(d.arena.bytes, at))
  noteSent(d, path)
  return sendDatagrams(d, path, at, length)
}

/** Send a control packet the best way there is. False if there is none; then nothing happened. */
export function sendTo(
  d: Dataplane,
  link: PeerLink,
  verb: number,
  payload: Uint8Array,
  options: ControlOptions = {},
): boolean {
  const path = route(d, link)
  if (path === undefined) return false
  sendOn(d, link, path, verb, payload, options)
  return true
}

/** Send a control packet, or keep it until it can be sent. The payload may be kept. */
export function sendOrPark(
  d: Dataplane,
  to: Address,
  verb: number,
  payload: Uint8Array,
  options: ControlOptions = {},
): void {
  const link = d.peers.get(to)
  if (!link || !sendTo(d, link, verb, payload, options)) park(d, to, verb, payload)
}

/** Keep a packet, given as verb and payload (which is kept), until the peer is known and can be reached. */
export function park(d: Dataplane, to: Address, verb: number, payload: Uint8Array): void {
  if (!d.parkedOut.add({ peer: to, until: d.now + PARKED_MS, verb, payload }))
    d.counters.count('parked-out-crowded-out')
  d.upcalls.identityWanted(to)
  d.upcalls.wake()
}

/** The verb of a packet built at `at`, and its payload, copied. */
export function parkBuilt(d: Dataplane, to: Address, at: number, length: number): void {
  const { bytes } = d.arena
  park(d, to, bytes[at + PACKET_VERB], bytes.slice(at + PACKET_HEADER, at + length))
}

/** Send what was parked for this peer; what still cannot go stays. */
export function sendParked(d: Dataplane, link: PeerLink): void {
  for (const parked of d.parkedOut.takeFor(link.address)) {
    if (!sendTo(d, link, parked.verb, parked.payload)) d.parkedOut.add(parked)
  }
}
