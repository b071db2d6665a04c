import { equalBytes, type StateStore } from '@zt/sansio'
import { type ComplianceCase, require } from './compliance.js'

/**
 * What every `StateStore` must do.
 *
 *     for (const { name, run } of stateStoreCases(() => FileStateStore.open(emptyDirectory()))) test(name, run)
 *
 * @param open gives an empty store each time.
 */
export function stateStoreCases(open: () => Promise<StateStore>): ComplianceCase[] {
  const withStore = (name: string, check: (store: StateStore) => Promise<void>): ComplianceCase => ({
    name,
    run: async () => check(await open()),
  })
  return [
    withStore('reads undefined where nothing was written', async (store) => {
      require((await store.read('planet')) === undefined, 'a missing value must read as undefined')
      require((await store.read('networks.d/0000000000000001.conf')) === undefined, 'also below a missing directory')
    }),
    withStore('reads back what was written, empty and large values too', async (store) => {
      for (const length of [0, 1, 4096, 300_000]) {
        const value = Uint8Array.from({ length }, (_, i) => i * 7)
        await store.write('a/b/c', value)
        require(same(await store.read('a/b/c'), value), `a value of ${length} bytes must read back unchanged`)
      }
    }),
    withStore('keeps its own copies', async (store) => {
      const value = Uint8Array.of(1, 2, 3)
      const written = store.write('key', value)
      value[0] = 9
      await written
      const read = await store.read('key')
      require(same(read, Uint8Array.of(1, 2, 3)), 'changing the bytes after the call must not change what is stored')
      if (read) read[1] = 9
      require(same(
        await store.read('key'),
        Uint8Array.of(1, 2, 3),
      ), 'changing what was read must not change what is stored')
    }),
    withStore('the last of several writes wins', async (store) => {
      await Promise.all([1, 2, 3, 4, 5].map((byte) => store.write('key', new Uint8Array(1000).fill(byte))))
      require(same(await store.read('key'), new Uint8Array(1000).fill(5)), 'writes of one key must keep their order')
    }),
    withStore('a read sees the old or the new value, whole', async (store) => {
      await store.write('key', new Uint8Array(50_000).fill(1))
      const writing = store.write('key', new Uint8Array(60_000).fill(2))
      for (let i = 0; i < 10; i++) {
        const value = await store.read('key')
        const isWhole = value?.length === (value?.[0] === 1 ? 50_000 : 60_000)
        require(isWhole && value.every((byte) => byte === value[0]), 'a value must never be seen half written')
      }
      await writing
    }),
    withStore('deletes, also what is not there', async (store) => {
      await store.delete('networks.d/none')
      await store.write('networks.d/one', Uint8Array.of(1))
      await store.delete('networks.d/one')
      await store.delete('networks.d/one')
      require((await store.read('networks.d/one')) === undefined, 'a deleted value must be gone')
      require((await store.list('networks.d')).length === 0, 'a deleted value must not be listed')
    }),
    withStore('lists what is below a prefix, sorted, at any depth', async (store) => {
      for (const key of ['d/b', 'd/a', 'd/sub/c', 'da', 'e/x']) await store.write(key, Uint8Array.of(1))
      require((await store.list('d')).join() === 'd/a,d/b,d/sub/c', 'list must give exactly the keys below, sorted')
      require((await store.list('d/sub')).join() === 'd/sub/c', 'a prefix may be deeper')
      require((await store.list('none')).length === 0, 'nothing is below what is not there')
    }),
  ]
}

function same(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && equalBytes(a, b)
}
