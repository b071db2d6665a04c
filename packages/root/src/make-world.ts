/**
 * Worlds of one's own: a planet with our roots in place of ZeroTier's, or a moon in addition to them. Source: ZeroTierOne
 * attic/world/mkworld.cpp and `zerotier-idtool initmoon`, `genmoon`.
 */
import type { KeyPair } from '@zt/crypto'
import {
  decodeWorld,
  encodeWorld,
  type Identity,
  isSecretIdentity,
  isWorldSignedBy,
  MAX_WORLD_ENDPOINTS_PER_ROOT,
  MAX_WORLD_LENGTH,
  MAX_WORLD_ROOTS,
  publicIdentity,
  signWorld,
  verifyWorldUpdate,
  type World,
  WORLD_ID_EARTH,
  WorldType,
} from '@zt/protocol'
import { ByteReader, ByteWriter, type Endpoint, type Instant, ZtError } from '@zt/sansio'

/** One root of a world to be made. */
export interface RootPlace {
  /** Only the public part goes into the world. */
  readonly identity: Identity
  /** Where it is always found: most nodes use the first of each family that answers. */
  readonly endpoints: readonly Endpoint[]
}

/** What a world is made of. */
export interface WorldOptions {
  /** One to four. */
  readonly roots: readonly RootPlace[]
  /** When it was made, ms: of two versions of a world the later one counts. */
  readonly timestamp: Instant
  /** Not 0. Nodes take a new version only under the id that they know. */
  readonly id: bigint
  /**
   * Whose signature the next version will need, and this one gets. Default: the first root that `roots` has the secret
   * key of, which is as good for a private world with one root.
   */
  readonly signingKey?: Pick<KeyPair, 'publicKey' | 'secretKey'>
}

/** A planet, signed. @throws ZT_ARG_INVALID saying what is wrong with it. */
export function makePlanet(options: WorldOptions): World {
  if (options.id === WORLD_ID_EARTH) throw invalid(`${options.id} is the id of ZeroTier's own planet`)
  return makeWorld(WorldType.Planet, options)
}

/** A moon, signed. Its id is usually the address of its first root. @throws ZT_ARG_INVALID saying what is wrong with it. */
export function makeMoon(options: WorldOptions): World {
  return makeWorld(WorldType.Moon, options)
}

/**
 * The next version of a world: other roots, or another key for the version after it. `signer` must be what the current
 * version asks for.
 *
 * @throws ZT_ARG_INVALID if it is not, or nodes would not take the result.
 */
export function updateWorld(
  current: World,
  changes: Pick<WorldOptions, 'roots' | 'timestamp' | 'signingKey'>,
  signer: Pick<KeyPair, 'secretKey'>,
): World {
  const { roots, timestamp, signingKey } = changes
  checkPlaces(roots)
  const next = signWorld(
    {
      type: current.type,
      id: current.id,
      timestamp: Math.floor(timestamp),
      updatesMustBeSignedBy: signingKey?.publicKey ?? current.updatesMustBeSignedBy,
      roots: roots.map(publicPlace),
    },
    signer,
  )
  if (timestamp <= current.timestamp)
    throw invalid(`a new version must be later than ${current.timestamp}, got ${timestamp}`)
  if (!verifyWorldUpdate(current, next)) throw invalid('this is not the key that the current version announces')
  return next
}

/** Is the first version of a world whole? Later ones are checked against the version before: see `updateWorld`. */
export function isSelfSigned(world: World): boolean {
  return isWorldSignedBy(world, world.updatesMustBeSignedBy)
}

/** A world as it lies in a `planet` or `.moon` file. */
export function formatWorld(world: World): Uint8Array {
  const w = new ByteWriter(512, MAX_WORLD_LENGTH)
  encodeWorld(w, world)
  return w.finish()
}

/** @throws ZT_WORLD_INVALID if these are not the bytes of a `planet` or `.moon` file. */
export function parseWorld(bytes: Uint8Array): World {
  const world = decodeWorld(new ByteReader(bytes))
  if (!world) {
    throw new ZtError('ZT_WORLD_INVALID', `these ${bytes.length} bytes are no planet or moon`, {
      hint: 'make one with `zt planet create`, or copy the file again',
    })
  }
  return world
}

function makeWorld(type: World['type'], { roots, timestamp, id, signingKey }: WorldOptions): World {
  checkPlaces(roots)
  if (id <= 0n || id >= 1n << 64n) throw invalid(`the id of a world is a number of 64 bits, and not 0, got ${id}`)
  const key = signingKey ?? roots.map(({ identity }) => identity).find(isSecretIdentity)
  if (!key) throw invalid('there is no key to sign with: give one, or a root with its secret key')
  return signWorld(
    { type, id, timestamp: Math.floor(timestamp), updatesMustBeSignedBy: key.publicKey, roots: roots.map(publicPlace) },
    key,
  )
}

function publicPlace({ identity, endpoints }: RootPlace): RootPlace {
  return { identity: publicIdentity(identity), endpoints }
}

function checkPlaces(roots: readonly RootPlace[]): void {
  if (roots.length < 1 || roots.length > MAX_WORLD_ROOTS) {
    throw invalid(`a world has 1 to ${MAX_WORLD_ROOTS} roots, got ${roots.length}`)
  }
  if (new Set(roots.map(({ identity }) => identity.address)).size < roots.length)
    throw invalid('a root is listed twice')
  for (const { endpoints } of roots) {
    if (endpoints.length < 1 || endpoints.length > MAX_WORLD_ENDPOINTS_PER_ROOT) {
      throw invalid(`a root has 1 to ${MAX_WORLD_ENDPOINTS_PER_ROOT} endpoints, got ${endpoints.length}`)
    }
    const unusable = endpoints.find(({ ip, port }) => port === 0 || ip.isUnspecified || ip.isMulticast)
    if (unusable) throw invalid(`${unusable} is not where a root can be reached`)
  }
}

function invalid(sentence: string): ZtError {
  return new ZtError('ZT_ARG_INVALID', sentence)
}
