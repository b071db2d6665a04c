import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { publicKeyOf } from '@zt/crypto'
import {
  decodeNetworkConfig,
  decodeWorld,
  DEFAULT_PLANET,
  formatAddress,
  formatIdentity,
  formatNetworkId,
  formatSecretIdentity,
  isSecretIdentity,
  parseIdentity,
  type SecretIdentity,
  type World,
  WorldType,
  validateIdentity,
} from '@zt/protocol'
import { formatWorld } from '@zt/root'
import { ByteReader, equalBytes, MemoryStateStore, type StateStore, ZtError } from '@zt/sansio'
import { FileStateStore } from '@zt/state-fs'
import { generateIdentity } from './identity-search.js'
import type { StartOptions } from './options.js'

/** What a node begins with. */
export interface StartingState {
  readonly store: StateStore
  readonly identity: SecretIdentity
  /** The networks that were kept, by key. */
  readonly restored: ReadonlyMap<string, Uint8Array>
  /** What to call a value when talking to people: its file, if it is one. */
  describe(key: string): string
  /** Frees the store for other processes. */
  close(): Promise<void>
}

type OpenStore = Omit<StartingState, 'identity' | 'restored'>

const SECRET = 'identity.secret'
const PUBLIC = 'identity.public'
const PLANET = 'planet'

/** Read the state, and make what is missing. What is broken is reported by name and never overwritten. */
export async function openState(options: StartOptions): Promise<StartingState> {
  const opened = await openStore(options.state)
  try {
    const restored = new Map([...(await readNetworks(opened)), ...(await readPeers(opened.store))])
    return { ...opened, restored, identity: await identityOf(options, opened) }
  } catch (error) {
    await opened.close()
    throw error
  }
}

async function openStore(state: StartOptions['state']): Promise<OpenStore> {
  if (typeof state !== 'string')
    return { store: state ?? new MemoryStateStore(), describe: (key) => key, close: () => Promise.resolve() }
  const store = await FileStateStore.open(state)
  return { store, describe: (key) => join(state, key), close: () => store.close() }
}

async function identityOf(
  { identity: given, signal, onProgress }: StartOptions,
  { store, describe }: OpenStore,
): Promise<SecretIdentity> {
  const bytes = await store.read(SECRET)
  const kept = bytes && readSecret(bytes, describe(SECRET))
  if (given !== undefined) {
    const identity = typeof given === 'string' ? parseSecret(given) : given
    if (!kept || formatSecretIdentity(kept) === formatSecretIdentity(identity)) return identity
    throw new ZtError(
      'ZT_IDENTITY_MISMATCH',
      `the state belongs to node ${formatAddress(kept.address)}, the identity given to ${formatAddress(identity.address)}`,
      { hint: 'use another state, or give no identity to use the one in the state' },
    )
  }
  const identity = kept ?? (await makeIdentity(signal, onProgress))
  if (!kept) await store.write(SECRET, text(formatSecretIdentity(identity)))
  await keepPublic(store, identity)
  return identity
}

function makeIdentity(
  signal: AbortSignal | undefined,
  onProgress: StartOptions['onProgress'],
): Promise<SecretIdentity> {
  onProgress?.({ message: 'making a fresh identity (a second or two)' })
  return generateIdentity({
    ...(signal ? { signal } : {}),
    onProgress: ({ tries }) => {
      if (tries % 10 === 0) onProgress?.({ message: `making a fresh identity: ${tries} tries so far` })
    },
  })
}

function parseSecret(given: string): SecretIdentity {
  const identity = parseIdentity(given.trim())
  if (!isSecretIdentity(identity))
    throw new ZtError('ZT_IDENTITY_INVALID', 'the identity given has no secret key', {
      hint: 'give the text of identity.secret, not of identity.public',
    })
  const trouble = troubleWith(identity)
  if (trouble) throw new ZtError('ZT_IDENTITY_INVALID', `the identity given is not whole: ${trouble}`)
  return identity
}

function readSecret(bytes: Uint8Array, file: string): SecretIdentity {
  const corrupt = (trouble: string, cause?: unknown) =>
    new ZtError('ZT_STATE_CORRUPT', `${file} is damaged: ${trouble}`, {
      cause,
      file,
      hint: 'restore the file from a backup; or, to become a new node with a new address, move it away',
    })
  let identity
  try {
    identity = parseIdentity(new TextDecoder().decode(bytes).trim())
  } catch (cause) {
    throw corrupt('it does not hold an identity', cause)
  }
  if (!isSecretIdentity(identity)) throw corrupt('it holds no secret key')
  const trouble = troubleWith(identity)
  if (trouble) throw corrupt(trouble)
  return identity
}

/** What does not fit together in an identity. Takes some tens of milliseconds. */
function troubleWith(identity: SecretIdentity): string | undefined {
  if (!validateIdentity(identity)) return `the address ${formatAddress(identity.address)} does not belong to its key`
  if (!equalBytes(publicKeyOf(identity.secretKey), identity.publicKey))
    return 'its secret key does not belong to its public key'
  return undefined
}

async function keepPublic(store: StateStore, identity: SecretIdentity): Promise<void> {
  const wanted = formatIdentity(identity)
  const kept = await store.read(PUBLIC)
  if (!kept || new TextDecoder().decode(kept).trim() !== wanted) await store.write(PUBLIC, text(wanted))
}

/** The configurations that networks had when the node last ran. */
async function readNetworks({ store, describe }: OpenStore): Promise<Map<string, Uint8Array>> {
  const networks = new Map<string, Uint8Array>()
  for (const key of await store.list('networks.d')) {
    const id = /^networks\.d\/([0-9a-f]{16})\.conf$/.exec(key)?.[1]
    const bytes = id === undefined ? undefined : await store.read(key)
    if (!bytes) continue
    const isBlank = bytes.every((byte) => byte <= 0x20) // joined, and never configured
    const config = isBlank ? undefined : decodeNetworkConfig(bytes)
    if (!isBlank && (!config || formatNetworkId(config.networkId) !== id)) {
      const file = describe(key)
      throw new ZtError('ZT_STATE_CORRUPT', `${file} does not hold the configuration of network ${id}`, {
        file,
        hint: 'remove the file: the controller gives the configuration again',
      })
    }
    networks.set(key, bytes)
  }
  return networks
}

/** Peers read back; more would only take time that starting should not. */
const MOST_PEERS = 256

/** Where peers were when the node last ran. A cache: what is broken there is as good as missing. */
async function readPeers(store: StateStore): Promise<Map<string, Uint8Array>> {
  const peers = new Map<string, Uint8Array>()
  const keys = (await store.list('peers.d')).filter((key) => /^peers\.d\/[0-9a-f]{10}\.peer$/.test(key))
  for (const key of keys.slice(0, MOST_PEERS)) {
    const bytes = await store.read(key).catch(() => undefined)
    if (bytes) peers.set(key, bytes)
  }
  return peers
}

/** The world to use. `port` is for a root that names itself. */
export async function openPlanet(
  { planet }: StartOptions,
  { store, identity, describe }: StartingState,
  port: number,
): Promise<World> {
  if (typeof planet === 'string') return readPlanet(await readPlanetFile(planet), planet)
  if (planet instanceof Uint8Array) return readPlanet(planet, 'the planet given')
  if (typeof planet === 'object') return planet
  const kept = await store.read(PLANET)
  if (kept)
    return readPlanet(
      kept,
      describe(PLANET),
      'restore the file from a backup or from another node of this world, or remove it to use the default',
    )
  if (!planet) return DEFAULT_PLANET
  const made = planet(identity, port)
  await store.write(PLANET, formatWorld(made))
  return made
}

async function readPlanetFile(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file)
  } catch (cause) {
    throw new ZtError('ZT_PLANET_UNREADABLE', `cannot read the planet ${file}: ${(cause as Error).message}`, {
      cause,
      file,
      hint: 'check the name of the file; zt planet create makes one',
    })
  }
}

function readPlanet(
  bytes: Uint8Array,
  file: string,
  hint = 'zt planet show FILE checks a file, zt planet create makes one',
): World {
  const world = decodeWorld(new ByteReader(bytes))
  if (world?.type === WorldType.Planet) return world
  throw new ZtError(
    'ZT_STATE_CORRUPT',
    `${file} is not a planet file${world ? ' but a moon' : ` (${bytes.length} bytes)`}`,
    { file, hint },
  )
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value)
