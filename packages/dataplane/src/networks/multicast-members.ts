/**
 * MulticastMembers: who likes which group. Filled by MULTICAST_LIKE and by gathered answers; a root keeps it for
 * networks that it has no part in. Entries last 600 s (ZT_MULTICAST_LIKE_EXPIRE). Everything in it is bounded.
 */
import type { Address, MulticastGroup, NetworkId } from '@zt/protocol'
import { BoundedMap, type Instant, type RandomSource } from '@zt/sansio'

/** How long a subscription lasts without being renewed. */
const LIKE_EXPIRY_MS = 600_000
const MOST_GROUPS = 16_384
const MOST_MEMBERS = 8_192

/** Groups of all networks, and their members as far as we were told. */
export class MulticastMembers {
  readonly #groups = new BoundedMap<string, BoundedMap<Address, Instant>>(MOST_GROUPS)
  readonly #random: RandomSource

  constructor(random: RandomSource) {
    this.#random = random
  }

  /** Note a subscription. Says whether the member is new to the group. */
  add(now: Instant, networkId: NetworkId, group: MulticastGroup, member: Address): boolean {
    const key = keyOf(networkId, group)
    const members = this.#groups.get(key) ?? new BoundedMap<Address, Instant>(MOST_MEMBERS)
    // Also if it is there: a group that is renewed is not the next to go.
    this.#groups.set(key, members)
    const isNew = !this.#isCurrent(members.get(member), now)
    members.set(member, now)
    return isNew
  }

  remove(networkId: NetworkId, group: MulticastGroup, member: Address): void {
    this.#groups.get(keyOf(networkId, group))?.delete(member)
  }

  /** The members of a group in random order. */
  of(now: Instant, networkId: NetworkId, group: MulticastGroup): Address[] {
    const members = this.#groups.get(keyOf(networkId, group))
    if (!members) return []
    const current: Address[] = []
    for (const [member, at] of members) if (this.#isCurrent(at, now)) current.push(member)
    return this.#shuffle(current)
  }

  /** Forget what has expired. */
  sweep(now: Instant): void {
    for (const [key, members] of [...this.#groups]) {
      for (const [member, at] of [...members]) if (!this.#isCurrent(at, now)) members.delete(member)
      if (members.size === 0) this.#groups.delete(key)
    }
  }

  #isCurrent(at: Instant | undefined, now: Instant): boolean {
    return at !== undefined && now - at < LIKE_EXPIRY_MS
  }

  #shuffle(addresses: Address[]): Address[] {
    for (let i = addresses.length - 1; i > 0; i--) {
      const j = this.#random.u32() % (i + 1)
      ;[addresses[i], addresses[j]] = [addresses[j]!, addresses[i]!]
    }
    return addresses
  }
}

/** One key per group; also good for other tables of groups. */
export function keyOf(networkId: NetworkId, group: MulticastGroup): string {
  return `${networkId.toString(36)}.${group.mac.toString(36)}.${group.adi.toString(36)}`
}
