import { BoundedMap, type Duration, type Instant } from '@zt/sansio'
import { type AddressWords, keyOf } from '../address-words.js'

/** The smallest MTU that every IPv6 link has (RFC 8200 section 5). */
export const IPV6_MIN_MTU = 1280

/** The usual MTUs below a given one, for routers that do not name theirs (RFC 1191 section 7.1). */
const PLATEAUS = [32_000, 17_914, 8166, 4352, 2002, 1492, 1006, 576]

/** The next plateau below the size of a packet that did not pass. */
export function plateauBelow(size: number): number {
  return PLATEAUS.find((plateau) => plateau < size) ?? 68
}

/** What is known of paths that carry less than their first link, by destination. Forgotten after a while. */
export class PathMtuCache {
  readonly #paths: BoundedMap<string, { readonly mtu: number; readonly expires: Instant }>
  readonly #age: Duration

  constructor(capacity: number, age: Duration) {
    this.#paths = new BoundedMap(capacity)
    this.#age = age
  }

  /** Remember a smaller MTU. Returns when it will be forgotten, or `undefined` if it is no news. */
  lower(destination: AddressWords, mtu: number, now: Instant): Instant | undefined {
    const key = keyOf(destination)
    const known = this.#paths.get(key)
    if (known && known.expires > now && known.mtu <= mtu) return undefined
    const expires = now + this.#age
    this.#paths.set(key, { mtu, expires })
    return expires
  }

  /** The path MTU, at most `linkMtu`. */
  find(destination: AddressWords, linkMtu: number, now: Instant): number {
    if (this.#paths.size === 0) return linkMtu
    const known = this.#paths.get(keyOf(destination))
    return known && known.expires > now ? Math.min(known.mtu, linkMtu) : linkMtu
  }

  /** Forget what is old. Returns when to call again, or `undefined`. */
  expire(now: Instant): Instant | undefined {
    // Insertion order is order of expiry: every entry lives equally long and `set` moves a key to the end.
    for (const [key, { expires }] of this.#paths) {
      if (expires > now) return expires
      this.#paths.delete(key)
    }
    return undefined
  }
}
