/**
 * Small named values that survive a restart. Keys are `/`-separated paths of plain names, such as `identity.secret`,
 * `planet`, `networks.d/8056c2e21c000001.conf`. A write is atomic and durable when its promise is fulfilled.
 */
export interface StateStore {
  /** The value, or `undefined` if there is none. @throws ZT_STATE_* naming the key and the remedy. */
  read(key: string): Promise<Uint8Array | undefined>
  write(key: string, value: Uint8Array): Promise<void>
  /** Deleting what is not there is no error. */
  delete(key: string): Promise<void>
  /** The keys below `prefix` (a directory, without a trailing slash), sorted. */
  list(prefix: string): Promise<string[]>
}

/** The reference implementation: a store that lasts as long as the process. */
export class MemoryStateStore implements StateStore {
  readonly #values = new Map<string, Uint8Array>()

  read(key: string): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#values.get(key)?.slice())
  }

  write(key: string, value: Uint8Array): Promise<void> {
    this.#values.set(key, value.slice())
    return Promise.resolve()
  }

  delete(key: string): Promise<void> {
    this.#values.delete(key)
    return Promise.resolve()
  }

  list(prefix: string): Promise<string[]> {
    return Promise.resolve([...this.#values.keys()].filter((key) => key.startsWith(`${prefix}/`)).sort())
  }
}
