import { describe, expect, test } from 'vitest'
import { MemoryStateStore } from '../../src/index.js'

describe('MemoryStateStore', () => {
  test('keeps values, not references', async () => {
    const store = new MemoryStateStore()
    const value = Uint8Array.of(1, 2)
    await store.write('planet', value)
    value[0] = 9
    const read = await store.read('planet')
    read![1] = 9
    expect(await store.read('planet')).toEqual(Uint8Array.of(1, 2))
  })

  test('lists what is below a directory, sorted, and nothing beside it', async () => {
    const store = new MemoryStateStore()
    for (const key of ['networks.d/b.conf', 'networks.d/a.conf', 'networks.dull', 'planet'])
      await store.write(key, new Uint8Array())
    expect(await store.list('networks.d')).toEqual(['networks.d/a.conf', 'networks.d/b.conf'])
    expect(await store.list('peers.d')).toEqual([])
  })

  test('deletes, also what is not there', async () => {
    const store = new MemoryStateStore()
    await store.write('planet', Uint8Array.of(1))
    await store.delete('planet')
    await store.delete('planet')
    expect(await store.read('planet')).toBeUndefined()
  })
})
