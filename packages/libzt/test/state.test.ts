import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeNetworkConfig, formatIdentity, type NetworkConfig } from '@zt/protocol'
import { formatWorld, makeMoon } from '@zt/root'
import { Endpoint, IpAddress, MemoryStateStore } from '@zt/sansio'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { StartOptions } from '../src/options.js'
import { openPlanet, openState } from '../src/state.js'
import { deadPlanet, errorOf, identityOf, secretText } from './fixtures.js'

const bytes = (text: string) => new TextEncoder().encode(text)
const textOf = (value: Uint8Array | undefined) => new TextDecoder().decode(value)
const NETWORK = '8056c2e21c000001'

async function storeWith(values: Readonly<Record<string, string | Uint8Array>>): Promise<MemoryStateStore> {
  const store = new MemoryStateStore()
  for (const [key, value] of Object.entries(values))
    await store.write(key, typeof value === 'string' ? bytes(value) : value)
  return store
}

async function contents(store: MemoryStateStore, keys: readonly string[]): Promise<Record<string, string>> {
  return Object.fromEntries(
    await Promise.all(
      keys.map(async (key) => [key, Buffer.from((await store.read(key)) ?? '').toString('hex')] as const),
    ),
  )
}

/** The same with one character at `at` replaced by another hexadecimal digit. */
function flipped(text: string, at: number): string {
  return `${text.slice(0, at)}${text[at] === '0' ? '1' : '0'}${text.slice(at + 1)}`
}

describe('an identity in the state', () => {
  test('is used, and its public file is written if it is not there', async () => {
    const store = await storeWith({ 'identity.secret': `${secretText(2)}\n` })
    const { identity } = await openState({ state: store })
    expect(identity).toEqual(identityOf(2))
    expect(textOf(await store.read('identity.public'))).toBe(formatIdentity(identityOf(2)))
    expect(textOf(await store.read('identity.secret'))).toBe(`${secretText(2)}\n`)
  })

  test.each(['', 'nonsense', formatIdentity(identityOf(3))])('has its public file corrected from %j', async (wrong) => {
    const store = await storeWith({ 'identity.secret': secretText(2), 'identity.public': wrong })
    await openState({ state: store })
    expect(textOf(await store.read('identity.public'))).toBe(formatIdentity(identityOf(2)))
  })

  const whole = secretText(2)
  const [address, , publicKey] = whole.split(':') as [string, string, string]
  test.each([
    ['empty', '', 'does not hold an identity'],
    ['truncated', whole.slice(0, 100), 'does not hold an identity'],
    ['cut by one character', whole.slice(0, -1), 'does not hold an identity'],
    ['of another kind', whole.replace(':0:', ':1:'), 'does not hold an identity'],
    ['binary', '\0\u{1}\u{fffd}', 'does not hold an identity'],
    ['without the secret key', `${address}:0:${publicKey}`, 'no secret key'],
    ['with a flipped digit in the address', flipped(whole, 3), 'does not belong to its key'],
    ['with a flipped digit in the public key', flipped(whole, 40), 'does not belong to its key'],
    ['with a flipped digit in the secret key', flipped(whole, whole.length - 70), 'secret key does not belong'],
    [
      'with the secret key of another',
      `${address}:0:${publicKey}:${secretText(3).split(':')[3]}`,
      'secret key does not belong',
    ],
  ])('that is %s is reported, and nothing is written', async (_name, text, said) => {
    const store = await storeWith({ 'identity.secret': text, 'identity.public': 'as it was' })
    const before = await contents(store, ['identity.secret', 'identity.public'])
    const error = await errorOf(openState({ state: store }))
    expect(error).toMatchObject({
      code: 'ZT_STATE_CORRUPT',
      hint: expect.stringContaining('restore the file') as string,
    })
    expect(error.message).toContain('identity.secret')
    expect(error.message).toContain(said)
    expect(await contents(store, ['identity.secret', 'identity.public'])).toEqual(before)
  })
})

describe('an identity that is given', () => {
  test.each([secretText(2), ` ${secretText(2)}\n`, identityOf(2)])('is used and not kept', async (identity) => {
    const store = new MemoryStateStore()
    expect((await openState({ state: store, identity })).identity).toEqual(identityOf(2))
    expect(await store.read('identity.secret')).toBeUndefined()
  })

  test.each([
    ['no identity', 'nonsense'],
    ['public only', formatIdentity(identityOf(2))],
    ['damaged', flipped(secretText(2), 3)],
  ])('is refused if it is %s', async (_name, identity) => {
    expect((await errorOf(openState({ identity }))).code).toBe('ZT_IDENTITY_INVALID')
  })

  test('may be the one in the state', async () => {
    const store = await storeWith({ 'identity.secret': secretText(2) })
    expect((await openState({ state: store, identity: identityOf(2) })).identity).toEqual(identityOf(2))
  })

  test('is refused if the state belongs to another node', async () => {
    const store = await storeWith({ 'identity.secret': secretText(2) })
    const error = await errorOf(openState({ state: store, identity: identityOf(3) }))
    expect(error.code).toBe('ZT_IDENTITY_MISMATCH')
    for (const index of [2, 3]) expect(error.message).toContain(secretText(index).slice(0, 10))
  })
})

describe('networks in the state', () => {
  const config: NetworkConfig = {
    networkId: BigInt(`0x${NETWORK}`),
    timestamp: 1,
    credentialTimeMaxDelta: 2,
    revision: 3,
    issuedTo: identityOf(2).address,
    remoteTraceTarget: 0,
    remoteTraceLevel: 0,
    flags: 0n,
    multicastLimit: 32,
    isPublic: true,
    name: 'kept',
    mtu: 2800,
    capabilities: [],
    tags: [],
    ownerships: [],
    specialists: [],
    routes: [],
    staticIps: [],
    rules: [],
  }
  const key = `networks.d/${NETWORK}.conf`
  const open = (store: MemoryStateStore) => openState({ state: store, identity: identityOf(2) })

  test.each([
    ['a configuration', encodeNetworkConfig(config)],
    ['nothing', new Uint8Array()],
    ['a blank line', bytes('\n')],
  ])('may hold %s', async (_name, value) => {
    const { restored } = await open(await storeWith({ [key]: value }))
    expect(restored.get(key)).toEqual(value)
  })

  test('other files beside them are left alone', async () => {
    const { restored } = await open(
      await storeWith({ [`networks.d/${NETWORK}.local.conf`]: 'allowManaged=1\n', 'networks.d/readme': 'x' }),
    )
    expect(restored.size).toBe(0)
  })

  test.each([
    ['garbage', bytes('garbage')],
    ['truncated', encodeNetworkConfig(config).slice(0, 20)],
    ['of another network', encodeNetworkConfig({ ...config, networkId: 0x8056c2e21c000002n })],
  ])('that are %s are reported, and left as they are', async (_name, value) => {
    const store = await storeWith({ [key]: value })
    const error = await errorOf(open(store))
    expect(error).toMatchObject({
      code: 'ZT_STATE_CORRUPT',
      file: key,
      hint: expect.stringContaining('remove the file') as string,
    })
    expect(error.message).toContain(key)
    expect(await store.read(key)).toEqual(value)
  })
})

test('peers of the last run are read back, and other files beside them are not', async () => {
  const state = await storeWith({
    'identity.secret': secretText(2),
    'peers.d/0123456789.peer': 'whatever it says, the engine looks at it',
    'peers.d/README': 'no peer',
  })
  const { restored } = await openState({ state })
  expect([...restored.keys()]).toEqual(['peers.d/0123456789.peer'])
})

describe('a planet', () => {
  const planet = deadPlanet(9993)
  const open = async (options: StartOptions) =>
    openPlanet(options, await openState({ identity: identityOf(2), ...options }), 4321)

  test('is the public one where nothing else is said', async () => {
    expect((await open({})).roots).toHaveLength(4)
  })

  test.each([
    ['an object', planet],
    ['bytes', formatWorld(planet)],
  ])('can be given as %s', async (_name, given) => {
    const store = new MemoryStateStore()
    expect(await open({ planet: given, state: store })).toEqual(planet)
    expect(await store.read('planet')).toBeUndefined()
  })

  test('is taken from the state', async () => {
    expect(await open({ state: await storeWith({ planet: formatWorld(planet) }) })).toEqual(planet)
  })

  test('is made by a function once, which is told the identity and the port, and kept', async () => {
    const store = new MemoryStateStore()
    const told: unknown[] = []
    const make = (...args: unknown[]) => {
      told.push(args)
      return planet
    }
    expect(await open({ planet: make, state: store })).toEqual(planet)
    expect(await open({ planet: make, state: store })).toEqual(planet)
    expect(told).toEqual([[identityOf(2), 4321]])
    expect(await store.read('planet')).toEqual(formatWorld(planet))
  })

  const moon = formatWorld(
    makeMoon({
      id: 1n,
      timestamp: 1,
      roots: [{ identity: identityOf(39), endpoints: [new Endpoint(IpAddress.parse('192.0.2.1'), 1)] }],
    }),
  )
  test.each([
    ['empty', new Uint8Array(), '(0 bytes)'],
    ['truncated', formatWorld(planet).slice(0, -1), 'bytes)'],
    ['garbage', bytes('garbage'), '(7 bytes)'],
    ['a moon', moon, 'a moon'],
  ])('in the state that is %s is reported and not replaced', async (_name, value, said) => {
    const store = await storeWith({ planet: value })
    for (const options of [{}, { planet: () => planet }]) {
      const error = await errorOf(open({ state: store, ...options }))
      expect(error).toMatchObject({
        code: 'ZT_STATE_CORRUPT',
        file: 'planet',
        hint: expect.stringContaining('remove it') as string,
      })
      expect(error.message).toContain(said)
    }
    expect(await store.read('planet')).toEqual(value)
  })

  test('given as bytes that are none is reported', async () => {
    expect(await errorOf(open({ planet: bytes('garbage') }))).toMatchObject({
      code: 'ZT_STATE_CORRUPT',
      message: expect.stringContaining('the planet given') as string,
    })
  })
})

describe('in a directory', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'zt-libzt-'))
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  test('errors name the file with its path', async () => {
    const file = join(directory, 'identity.secret')
    await writeFile(file, 'garbage')
    const error = await errorOf(openState({ state: directory }))
    expect(error).toMatchObject({ code: 'ZT_STATE_CORRUPT', file })
    expect(error.message).toContain(file)
    expect(await readFile(file, 'utf8')).toBe('garbage')
  })

  test('an error frees the directory', async () => {
    await writeFile(join(directory, 'identity.secret'), 'garbage')
    await errorOf(openState({ state: directory }))
    await writeFile(join(directory, 'identity.secret'), secretText(2))
    const state = await openState({ state: directory })
    await state.close()
  })

  test('one node at a time', async () => {
    await writeFile(join(directory, 'identity.secret'), secretText(2))
    const state = await openState({ state: directory })
    expect((await errorOf(openState({ state: directory }))).code).toBe('ZT_STATE_LOCKED')
    await state.close()
  })

  test('a planet file that cannot be read is named', async () => {
    const planet = join(directory, 'nowhere')
    const error = await errorOf(openPlanet({ planet }, await openState({ identity: identityOf(2) }), 1))
    expect(error.code).toBe('ZT_PLANET_UNREADABLE')
    expect(error.message).toContain(planet)
  })
})
