import { type ByteReader, type ByteWriter, type Endpoint, ZtError } from '@zt/sansio'
import { type Identity, decodeIdentity, encodeIdentity } from '../identity/identity.js'
import { NO_ENDPOINT, decodeInetAddress, encodeInetAddress } from '../inet-address.js'
import { MAX_WORLD_ENDPOINTS_PER_ROOT, MAX_WORLD_ROOTS, PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH } from '../limits.js'

/** A root of a world. */
export interface Root {
  readonly identity: Identity
  /** Where it always can be found. May contain `NO_ENDPOINT`. */
  readonly endpoints: readonly Endpoint[]
}

/** The kinds of world, with their numbers on the wire: none yet, the one planet, and additional moons. */
export const WorldType = { Null: 0, Planet: 1, Moon: 127 } as const
export type WorldType = (typeof WorldType)[keyof typeof WorldType]

/**
 * A signed list of roots.
 *
 * | offset | size | |
 * | --- | --- | --- |
 * | 0 | 1 | type |
 * | 1 | 8 | id |
 * | 9 | 8 | timestamp, ms: the revision |
 * | 17 | 64 | public key that must sign the next revision |
 * | 81 | 96 | signature |
 * | 177 | 1 | number of roots |
 * | then each | 71 | identity |
 * | | 1 | number of endpoints |
 * | | 7 or 19 each | InetAddress |
 * | moon only | 2 | length of attachments, which are skipped |
 *
 * Source: `node/World.hpp`.
 */
export interface World {
  readonly type: WorldType
  readonly id: bigint
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly updatesMustBeSignedBy: Uint8Array
  readonly signature: Uint8Array
  readonly roots: readonly Root[]
}

/** The id of the public planet. */
export const WORLD_ID_EARTH = 149604618n

/** Every world except its signature: what is given to be signed. */
export type UnsignedWorld = Omit<World, 'signature'>

/** Trailing bytes are left in the reader: worlds are also sent one after the other. */
export function decodeWorld(r: ByteReader): World | undefined {
  const type = r.u8()
  if (!isWorldType(type)) return undefined
  const id = r.u64()
  const timestamp = r.time()
  const updatesMustBeSignedBy = r.copy(PUBLIC_KEY_LENGTH)
  const signature = r.copy(SIGNATURE_LENGTH)
  const roots = decodeRoots(r)
  if (type === WorldType.Moon) r.skip(r.u16())
  if (!roots || !r.ok) return undefined
  return { type, id, timestamp, updatesMustBeSignedBy, signature, roots }
}

export function encodeWorld(w: ByteWriter, world: World): void {
  encodeWorldHead(w, world)
  w.put(world.signature)
  encodeWorldRoots(w, world)
}

/** Type to public key: what goes before the signature. */
export function encodeWorldHead(w: ByteWriter, world: UnsignedWorld): void {
  w.u8(world.type).u64(world.id).time(world.timestamp).put(world.updatesMustBeSignedBy)
}

/** What follows the signature. @throws ZT_ARG_INVALID for more roots or endpoints than nodes accept. */
export function encodeWorldRoots(w: ByteWriter, world: UnsignedWorld): void {
  if (world.roots.length > MAX_WORLD_ROOTS) {
    throw new ZtError('ZT_ARG_INVALID', `a world has at most ${MAX_WORLD_ROOTS} roots, got ${world.roots.length}`)
  }
  w.u8(world.roots.length)
  for (const { identity, endpoints } of world.roots) {
    if (endpoints.length > MAX_WORLD_ENDPOINTS_PER_ROOT) {
      const most = MAX_WORLD_ENDPOINTS_PER_ROOT
      throw new ZtError('ZT_ARG_INVALID', `a root has at most ${most} endpoints, got ${endpoints.length}`)
    }
    encodeIdentity(w, identity)
    w.u8(endpoints.length)
    for (const endpoint of endpoints) encodeInetAddress(w, endpoint)
  }
  if (world.type === WorldType.Moon) w.u16(0)
}

function isWorldType(type: number): type is WorldType {
  return type === WorldType.Null || type === WorldType.Planet || type === WorldType.Moon
}

function decodeRoots(r: ByteReader): Root[] | undefined {
  const count = r.u8()
  if (count > MAX_WORLD_ROOTS) return undefined
  const roots: Root[] = []
  for (let i = 0; i < count; i++) {
    const identity = decodeIdentity(r)
    const endpointCount = r.u8()
    if (!identity || endpointCount > MAX_WORLD_ENDPOINTS_PER_ROOT) return undefined
    const endpoints: Endpoint[] = []
    for (let j = 0; j < endpointCount; j++) {
      endpoints.push(decodeInetAddress(r) ?? NO_ENDPOINT)
    }
    roots.push({ identity, endpoints })
  }
  return roots
}
