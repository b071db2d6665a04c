import { readFile } from 'node:fs/promises'
import { decodeWorld, DEFAULT_PLANET, formatAddress, formatIdentity, formatSecretIdentity, isSecretIdentity, parseIdentity, type SecretIdentity, type World, WorldType, validateIdentity } from '@zt/protocol'
import { formatWorld } from '@zt/root'
import { ByteReader, MemoryStateStore, type StateStore, ZtError } from '@zt/sansio'
import { FileStateStore } from '@zt/state-fs'
import { generateIdentity } from './identity-search.js'
import type { StartOptions } from './options.js'

/** What a node begins with. */
export interface StartingState {
  readonly store: StateStore
  readonly identity: SecretIdentity
  /** Everything else that was kept, by key. */
  readonly restored: ReadonlyMap<string, Uint8Array>
  /** Frees the store for other processes. */
  close(): Promise<void>
}

/** Directories whose values the engine restores. */
const RESTORED = ['networks.d', 'peers.d', 'moons.d']

/** Read the state, and make what is missing. What is broken is reported by name and never overwritten. */
export async function openState(options: StartOptions): Promise<StartingState> {
  const opened = await openStore(options.state)
  try {
    const identity = await identityOf(options, opened.store)
    const restored = new Map<string, Uint8Array>()
    for (const directory of RESTORED) {
      for (const key of await opened.store.list(directory)) {
        const value = await opened.store.read(key)
        if (value) restored.set(key, value)
      }
    }
    return { ...opened, identity, restored }
  } catch (error) {
    await opened.close()
    throw error
  }
}

async function openStore(state: StartOptions['state']): Promise<{ store: StateStore; close: () => Promise<void> }> {
  if (state === undefined) return { store: new MemoryStateStore(), close: () => Promise.resolve() }
  if (typeof state !== 'string') return { store: state, close: () => Promise.resolve() }
  const store = await FileStateStore.open(state)
  return { store, close: () => store.close() }
}

async function identityOf({ identity: given, signal, onProgress }: StartOptions, store: StateStore): Promise<SecretIdentity> {
  if (given !== undefined) {
    const identity = typeof given === 'string' ? parseIdentity(given.trim()) : given
    if (!isSecretIdentity(identity)) throw new ZtError('ZT_IDENTITY_INVALID', 'the identity given has no secret key', { hint: 'give the text of identity.secret, not of identity.public' })
    return identity
  }
  const kept = await store.read('identity.secret')
  if (kept) {
    const identity = readSecret(kept)
    await keepPublic(store, identity)
    return identity
  }
  onProgress?.({ message: 'making a fresh identity (a second or two)' })
  const identity = await generateIdentity({ ...(signal ? { signal } : {}), ...(onProgress ? { onProgress: ({ tries }) => tries % 10 === 0 && onProgress({ message: `making a fresh identity: ${tries} tries so far` }) } : {}) })
  await store.write('identity.secret', text(formatSecretIdentity(identity)))
  await keepPublic(store, identity)
  return identity
}

function readSecret(bytes: Uint8Array): SecretIdentity {
  const hint = 'restore the file from a backup; or, to become a new node with a new address, move it away'
  let identity
  try {
    identity = parseIdentity(new TextDecoder().decode(bytes).trim())
  } catch (cause) {
    throw new ZtError('ZT_STATE_CORRUPT', 'identity.secret does not hold an identity', { cause, hint })
  }
  if (!isSecretIdentity(identity)) throw new ZtError('ZT_STATE_CORRUPT', 'identity.secret holds no secret key', { hint })
  if (!validateIdentity(identity)) throw new ZtError('ZT_STATE_CORRUPT', `the address ${formatAddress(identity.address)} in identity.secret does not belong to its key`, { hint })
  return identity
}

async function keepPublic(store: StateStore, identity: SecretIdentity): Promise<void> {
  const wanted = formatIdentity(identity)
  const kept = await store.read('identity.public')
  if (!kept || new TextDecoder().decode(kept).trim() !== wanted) await store.write('identity.public', text(wanted))
}

/** The world to use. `port` is for a root that names itself in its planet. */
export async function openPlanet({ planet }: StartOptions, { store, identity }: StartingState, port: number): Promise<World> {
  if (typeof planet === 'function') {
    const made = planet(identity, port)
    await store.write('planet', formatWorld(made))
    return made
  }
  if (typeof planet === 'string') return readPlanet(await readPlanetFile(planet), planet)
  if (planet instanceof Uint8Array) return readPlanet(planet, 'the planet given')
  if (planet) return planet
  const kept = await store.read('planet')
  return kept ? readPlanet(kept, 'planet') : DEFAULT_PLANET
}

async function readPlanetFile(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new ZtError('ZT_PLANET_UNREADABLE', `cannot read the planet ${file}: ${(cause as Error).message}`, { cause, hint: 'check the name of the file; zt planet create makes one' })
  }
}

/** @throws ZT_STATE_CORRUPT naming the source and the remedy. */
export function readPlanet(bytes: Uint8Array, source: string): World {
  const world = decodeWorld(new ByteReader(bytes))
  if (world?.type !== WorldType.Planet) {
    const hint = source === 'planet' ? 'restore the file "planet" in the state directory, or remove it to use the public planet' : 'zt planet show FILE checks a file, zt planet create makes one'
    throw new ZtError('ZT_STATE_CORRUPT', `${source} is not a planet file${world ? ' but a moon' : ` (${bytes.length} bytes)`}`, { hint })
  }
  return world
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
