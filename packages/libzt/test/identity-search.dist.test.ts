/** The search runs in a worker, which is a file of its own once built. */
import { memoryHardHash } from '@zt/crypto'
import { generateIdentity, ZeroTier } from '@zt/libzt'
import { formatSecretIdentity, validateIdentity } from '@zt/protocol'
import { makePlanet } from '@zt/root'
import { Endpoint, IpAddress, MemoryStateStore } from '@zt/sansio'
import { afterEach, expect, test } from 'vitest'

const workers = () =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'MessagePort' || kind === 'Worker').length
const before = workers()

afterEach(async () => {
  for (let turn = 0; turn < 50 && workers() > before; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(workers()).toBe(before)
})

test('finds an identity, tells about every try, and leaves the event loop free', async () => {
  const tries: number[] = []
  let turns = 0
  let isDone = false
  const count = () => {
    turns++
    if (!isDone) setImmediate(count)
  }
  count()
  const identity = await generateIdentity({ onProgress: (progress) => tries.push(progress.tries) })
  isDone = true
  expect(validateIdentity(identity)).toBe(true)
  expect(tries).toEqual(tries.map((_, i) => i + 1))
  expect(memoryHardHash(identity.publicKey)).toHaveLength(64)
  expect(turns).toBeGreaterThan(tries.length)
})

test('is given up before it begins', async () => {
  const reason = new Error('enough')
  await expect(generateIdentity({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})

test('is given up in the middle, with its thread', async () => {
  const reason = new Error('enough')
  const controller = new AbortController()
  const searching = generateIdentity({ signal: controller.signal, onProgress: () => controller.abort(reason) })
  // One search of 17 is over with its first try.
  await searching.then(
    () => {},
    (error: unknown) => expect(error).toBe(reason),
  )
})

test('happens once for a state: the identity is kept in it', async () => {
  const state = new MemoryStateStore()
  const messages: string[] = []
  const planet = (identity: ZeroTier['identity'], port: number) =>
    makePlanet({
      id: 7n,
      timestamp: 1,
      roots: [{ identity, endpoints: [new Endpoint(IpAddress.parse('127.0.0.1'), port)] }],
    })
  const start = () =>
    ZeroTier.start({ state, planet, bind: ['127.0.0.1'], onProgress: ({ message }) => messages.push(message) })
  let id: string
  {
    await using node = await start()
    id = node.id
    expect(messages[0]).toMatch(/making a fresh identity/)
    expect(new TextDecoder().decode(await state.read('identity.secret'))).toBe(formatSecretIdentity(node.identity))
  }
  messages.length = 0
  await using node = await start()
  expect(node.id).toBe(id)
  expect(messages).toEqual([])
})

test('a start can be given up while it searches, and nothing is kept', async () => {
  const state = new MemoryStateStore()
  const reason = new Error('enough')
  const controller = new AbortController()
  const starting = ZeroTier.start({
    state,
    signal: controller.signal,
    onProgress: () => controller.abort(reason),
    bind: ['127.0.0.1'],
  })
  await expect(starting).rejects.toBe(reason)
  expect(await state.list('networks.d')).toEqual([])
  expect(await state.read('identity.secret')).toBeUndefined()
})
