/** A map with a cap: setting a new key in a full map drops the oldest. For every table that strangers can fill. */
export class BoundedMap<K, V> {
  readonly #map = new Map<K, V>()
  readonly #capacity: number
  readonly #onEvict: ((key: K, value: V) => void) | undefined

  constructor(capacity: number, onEvict?: (key: K, value: V) => void) {
    this.#capacity = capacity
    this.#onEvict = onEvict
  }

  get size(): number {
    return this.#map.size
  }

  get(key: K): V | undefined {
    return this.#map.get(key)
  }

  has(key: K): boolean {
    return this.#map.has(key)
  }

  /** Set, and count the key as the newest. */
  set(key: K, value: V): void {
    if (this.#map.delete(key)) {
      this.#map.set(key, value)
      return
    }
    if (this.#map.size >= this.#capacity) {
      const oldest = this.#map.entries().next().value
      if (oldest) {
        this.#map.delete(oldest[0])
        this.#onEvict?.(oldest[0], oldest[1])
      }
    }
    this.#map.set(key, value)
  }

  delete(key: K): boolean {
    return this.#map.delete(key)
  }

  clear(): void {
    this.#map.clear()
  }

  keys(): IterableIterator<K> {
    return this.#map.keys()
  }

  values(): IterableIterator<V> {
    return this.#map.values()
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.#map[Symbol.iterator]()
  }
}
