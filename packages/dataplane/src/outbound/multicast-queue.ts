/**
 * MulticastQueue: frames for groups of which too few members are known yet. A member that becomes known while a frame
 * is young is sent it still (ZeroTierOne node/Multicaster.cpp).
 */
import type { Address, MulticastGroup } from '@zt/protocol'
import type { Instant, Mac } from '@zt/sansio'

/** ZT_MULTICAST_TRANSMIT_TIMEOUT. Unlike in ZeroTierOne nothing older is ever sent. */
const QUEUED_MS = 5_000
/** ZT_TX_QUEUE_SIZE, per group */
const MOST_PER_GROUP = 32
const MOST_GROUPS = 256

/** A frame for a group, and who got it already. */
export interface QueuedMulticast {
  readonly until: Instant
  readonly group: MulticastGroup
  /** Present if the frame is of somebody else: bridged, or replicated. */
  readonly source: Mac | undefined
  readonly etherType: number
  readonly payload: Uint8Array
  /** Whom it was sent to, ourselves and its origin included. */
  readonly sentTo: Set<Address>
  /** How many more members it may go to. */
  left: number
}

/** Bounded in number and time. Groups are named by their key. */
export class MulticastQueue {
  readonly #groups = new Map<string, QueuedMulticast[]>()

  add(now: Instant, key: string, frame: Omit<QueuedMulticast, 'until'>): void {
    let queue = this.#groups.get(key)
    if (!queue) {
      if (this.#groups.size >= MOST_GROUPS) this.expire(now)
      if (this.#groups.size >= MOST_GROUPS) return
      this.#groups.set(key, (queue = []))
    }
    if (queue.length >= MOST_PER_GROUP) queue.shift()
    queue.push({ ...frame, until: now + QUEUED_MS })
  }

  /** The frames that a member new to the group is to be sent; each counts as sent to it. */
  takeFor(now: Instant, key: string, member: Address): QueuedMulticast[] {
    const queue = this.#groups.get(key)
    if (!queue) return []
    const due = queue.filter((frame) => frame.until > now && frame.left > 0 && !frame.sentTo.has(member))
    for (const frame of due) {
      frame.sentTo.add(member)
      frame.left--
    }
    return due
  }

  expire(now: Instant): void {
    for (const [key, queue] of this.#groups) {
      const rest = queue.filter((frame) => frame.until > now && frame.left > 0)
      if (rest.length === 0) this.#groups.delete(key)
      else this.#groups.set(key, rest)
    }
  }
}
