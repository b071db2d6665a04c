import type { ByteReader, ByteWriter, Endpoint } from '@zt/sansio'
import { type Identity, decodeIdentity, encodeIdentity } from '../identity/identity.js'
import { decodeInetAddress, encodeInetAddress } from '../inet-address.js'
import { MAX_HELLO_MOONS } from '../limits.js'
import { type World, WorldType, decodeWorld, encodeWorld } from '../world/world.js'

/** `1.14.1` is major 1, minor 14, revision 1. The public roots say `0.0.0`. */
export interface SoftwareVersion {
  readonly major: number
  readonly minor: number
  readonly revision: number
}

/** A world that the sender has, or wants if the timestamp is 0. */
export interface WorldReference {
  readonly id: bigint
  readonly timestamp: number
}

/**
 * "This is who I am; tell me how you see me."
 *
 *     28  u8        protocol version
 *     29  u8 u8 u16 software version: major, minor, revision
 *     33  u64       sender's clock, ms, to be echoed
 *     41  [71]      sender's identity
 *     112 …         InetAddress that this packet is being sent to
 *         u64 u64   id and timestamp of the sender's planet
 *     masked from here to the end with `cryptField`:
 *         u16       number of moons
 *         u8 u64 u64 each: type (others than 127 are skipped), id, timestamp
 *
 * Old senders stop after the identity or after the address. The tail is unmasked between two calls: `decodeHello` reads
 * up to it and leaves the reader there, `decodeHelloMoons` goes on.
 */
export interface Hello {
  readonly protocolVersion: number
  readonly software: SoftwareVersion
  /** Milliseconds, by the sender's clock: only good for being echoed. */
  readonly sentAt: number
  readonly identity: Identity
  readonly sentTo?: Endpoint
  readonly planet?: WorldReference
}

export function decodeHello(r: ByteReader): Hello | undefined {
  const protocolVersion = r.u8()
  const software = decodeSoftwareVersion(r)
  const sentAt = r.time()
  const identity = decodeIdentity(r)
  if (!identity) return undefined
  const sentTo = r.remaining > 0 ? decodeInetAddress(r) : undefined
  const planet = r.remaining >= 16 ? { id: r.u64(), timestamp: r.time() } : undefined
  if (!r.ok) return undefined
  return { protocolVersion, software, sentAt, identity, ...(sentTo && { sentTo }), ...(planet && { planet }) }
}

/** The unmasked tail: none if nothing is left, `undefined` if it is cut off. */
export function decodeHelloMoons(r: ByteReader): WorldReference[] | undefined {
  if (r.remaining === 0) return []
  const count = r.u16()
  if (count > MAX_HELLO_MOONS) return undefined
  const moons: WorldReference[] = []
  for (let i = 0; i < count; i++) {
    const type = r.u8()
    const moon = { id: r.u64(), timestamp: r.time() }
    if (type === WorldType.Moon) moons.push(moon)
  }
  return r.ok ? moons : undefined
}

/**
 * Writes all of it in clear. With a planet the moons follow; returns the writer's length before them, from where on the
 * payload is to be masked.
 */
export function encodeHello(w: ByteWriter, hello: Hello, moons: readonly WorldReference[] = []): number {
  w.u8(hello.protocolVersion)
  encodeSoftwareVersion(w, hello.software)
  w.time(hello.sentAt)
  encodeIdentity(w, hello.identity)
  if (hello.planet || hello.sentTo) encodeInetAddress(w, hello.sentTo)
  if (!hello.planet) return w.length
  w.u64(hello.planet.id).time(hello.planet.timestamp)
  const tail = w.length
  w.u16(moons.length)
  for (const moon of moons) w.u8(WorldType.Moon).u64(moon.id).time(moon.timestamp)
  return tail
}

/**
 * OK(HELLO): "this is who I am, and this is how I see you."
 *
 *     37  u64       the HELLO's clock, echoed
 *     45  u8        protocol version
 *     46  u8 u8 u16 software version
 *     50  …         InetAddress that the HELLO came from
 *         u16 W     length of
 *         [W]       Worlds, one after the other: newer versions of those the HELLO named
 *
 * May end after the address. Worlds are for the receiver to believe or not; those that do not decode, and all after
 * them, are left out.
 */
export interface OkHello {
  readonly echoedAt: number
  readonly protocolVersion: number
  readonly software: SoftwareVersion
  /** Our endpoint as the responder sees it. */
  readonly surface?: Endpoint
  readonly worlds: readonly World[]
}

export function decodeOkHello(r: ByteReader): OkHello | undefined {
  const echoedAt = r.time()
  const protocolVersion = r.u8()
  const software = decodeSoftwareVersion(r)
  const surface = r.remaining > 0 ? decodeInetAddress(r) : undefined
  const worldBytes = r.remaining >= 2 ? r.sub(r.u16()) : undefined
  if (!r.ok) return undefined
  const worlds: World[] = []
  while (worldBytes && worldBytes.remaining > 0) {
    const world = decodeWorld(worldBytes)
    if (!world) break
    worlds.push(world)
  }
  return { echoedAt, protocolVersion, software, worlds, ...(surface && { surface }) }
}

export function encodeOkHello(w: ByteWriter, ok: OkHello): void {
  w.time(ok.echoedAt).u8(ok.protocolVersion)
  encodeSoftwareVersion(w, ok.software)
  encodeInetAddress(w, ok.surface)
  const lengthAt = w.length
  w.u16(0)
  for (const world of ok.worlds) encodeWorld(w, world)
  w.setU16(lengthAt, w.length - lengthAt - 2)
}

function decodeSoftwareVersion(r: ByteReader): SoftwareVersion {
  return { major: r.u8(), minor: r.u8(), revision: r.u16() }
}

function encodeSoftwareVersion(w: ByteWriter, version: SoftwareVersion): void {
  w.u8(version.major).u8(version.minor).u16(version.revision)
}
