import { BoundedMap, type Counters, type Instant, type Mac, NEVER } from '@zt/sansio'
import { type AddressWords, keyOf } from '../address-words.js'
import type { Settings } from '../settings.js'
import type { TimerWheel } from '../timer-wheel.js'
import { Neighbor, type SendResult } from './neighbor.js'

/** What a cache needs to know and do. */
export interface NeighborCacheOwner {
  readonly settings: Settings
  readonly counters: Counters
  readonly timers: TimerWheel
  /** Ask who has this address: everybody, or only the one who had it last. */
  solicit(neighbor: Neighbor, isProbe: boolean): void
  /** Hand an IP packet to the link. */
  transmit(mac: Mac, etherType: number, bytes: Uint8Array, offset: number, length: number): boolean
  /** A packet was kept in vain. */
  handleUnreachable(packet: Uint8Array): void
}

/** How an address was claimed: the flags of a neighbour advertisement (RFC 4861 section 4.4); ARP is put in these terms. */
export interface Claim {
  readonly isSolicited: boolean
  readonly isOverride: boolean
}

/**
 * Who has which MAC address on one link, and how sure that is: the state machine of RFC 4861 section 7.3, for IPv4 and
 * IPv6 alike. Bounded on every side: those that we speak to, those that merely asked for us (they can never push out
 * the former), those that do not answer, and the packets kept for each. Nobody gets in by claiming an address unasked,
 * and nobody takes the place of a neighbour that still answers.
 */
export class NeighborCache {
  readonly #owner: NeighborCacheOwner
  /** Those that are spoken to and have a MAC address. */
  readonly #known = new Map<string, Neighbor>()
  /** Those that are to be spoken to but have not answered, states `incomplete` and `failed`; the oldest goes first. */
  readonly #sought: BoundedMap<string, Neighbor>
  /** Those that asked for us, in case we answer. */
  readonly #askers: BoundedMap<string, Neighbor>
  readonly #onTimer = (neighbor: Neighbor, now: Instant): void => this.#handleTimer(neighbor, now)

  constructor(owner: NeighborCacheOwner) {
    this.#owner = owner
    const retire = (_key: string, neighbor: Neighbor): void => this.#evicted(neighbor)
    this.#sought = new BoundedMap(owner.settings.unresolvedNeighbors, retire)
    this.#askers = new BoundedMap(Math.max(1, owner.settings.neighbors >> 2), retire)
  }

  /** The entry for an address that is to be sent to; a new one is asked for when the first packet comes. */
  obtain(address: AddressWords): Neighbor {
    const key = keyOf(address)
    const present = this.#known.get(key) ?? this.#sought.get(key)
    if (present !== undefined) return present
    const asker = this.#askers.get(key)
    if (asker !== undefined) {
      this.#askers.delete(key)
      this.#admit(key, asker)
      return asker
    }
    const neighbor = new Neighbor(address, this.#onTimer)
    this.#sought.set(key, neighbor)
    return neighbor
  }

  /** The entry for an address, if there is one. */
  find(address: AddressWords): Neighbor | undefined {
    const key = keyOf(address)
    return this.#known.get(key) ?? this.#sought.get(key) ?? this.#askers.get(key)
  }

  get size(): number {
    return this.#known.size + this.#sought.size + this.#askers.size
  }

  /** Send through a neighbour that is not fresh: ask, wait, or use it and have doubts. */
  send(
    neighbor: Neighbor,
    etherType: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    now: Instant,
  ): SendResult {
    neighbor.lastUsed = now
    switch (neighbor.state) {
      case 'failed':
        return 'unreachable'
      case 'incomplete':
        this.#park(neighbor, etherType, bytes.slice(offset, offset + length))
        if (neighbor.tries === 0) this.#ask(neighbor, now)
        return 'sent'
      case 'reachable':
      case 'stale':
        // RFC 4861 section 7.3.3: use it, and give upper layers some time to confirm it before it is probed.
        this.#enter(neighbor, 'delay', NEVER)
        this.#owner.timers.schedule(neighbor.timer, now + this.#owner.settings.delayFirstProbe)
        break
      case 'delay':
      case 'probe':
        break
    }
    return this.#owner.transmit(neighbor.mac, etherType, bytes, offset, length) ? 'sent' : 'full'
  }

  /** An upper layer has had an answer through it. */
  confirm(neighbor: Neighbor, now: Instant): void {
    if (neighbor.isGone || neighbor.state === 'incomplete' || neighbor.state === 'failed') return
    this.#makeReachable(neighbor, now)
  }

  /** Somebody asks for us and says who it is (RFC 4861 section 7.2.3, RFC 826). */
  heardAsking(address: AddressWords, mac: Mac, now: Instant): void {
    const neighbor = this.find(address)
    if (neighbor !== undefined) return this.#update(neighbor, mac, now)
    const asker = new Neighbor(address, this.#onTimer)
    asker.mac = mac
    asker.state = 'stale'
    asker.lastUsed = now
    this.#askers.set(keyOf(address), asker)
  }

  /** Somebody claims an address (RFC 4861 section 7.2.5). Without `mac` it only says that it is alive. */
  heardClaim(address: AddressWords, mac: Mac | undefined, claim: Claim, now: Instant): void {
    const neighbor = this.find(address)
    if (neighbor === undefined) return this.#owner.counters.count('neighbor-claim-unasked')
    if (isSought(neighbor)) {
      if (mac === undefined) return
      this.#found(neighbor, mac)
      if (claim.isSolicited) this.#makeReachable(neighbor, now)
      return this.#release(neighbor, now)
    }
    if (mac === undefined || mac === neighbor.mac) {
      if (claim.isSolicited && neighbor.state === 'probe') this.#makeReachable(neighbor, now)
    } else if (claim.isOverride) this.#contest(neighbor, mac, now)
    else if (neighbor.state === 'reachable') this.#enter(neighbor, 'stale', Number.NEGATIVE_INFINITY)
  }

  /** Forget everybody; packets that wait are dropped. */
  clear(): void {
    for (const table of [this.#known, this.#sought, this.#askers]) {
      for (const neighbor of table.values()) this.#retire(neighbor)
      table.clear()
    }
  }

  /** A request or other sign from the neighbour itself, which may have moved. */
  #update(neighbor: Neighbor, mac: Mac, now: Instant): void {
    if (isSought(neighbor)) {
      this.#found(neighbor, mac)
      this.#release(neighbor, now)
    } else if (neighbor.mac !== mac) this.#contest(neighbor, mac, now)
  }

  /**
   * Somebody else claims the address of a neighbour that we know. Deviation from RFC 826 and RFC 4861 section 7.2.5, by
   * which anybody on the link could divert traffic with one message: the one we know is asked first, and only if it is
   * silent the address goes to the other.
   */
  #contest(neighbor: Neighbor, mac: Mac, now: Instant): void {
    this.#owner.counters.count('neighbor-claim-contested')
    if (neighbor.state !== 'probe') {
      this.#enter(neighbor, 'probe', NEVER)
      this.#ask(neighbor, now)
    }
    neighbor.rival = mac
  }

  /** One that was sought has a MAC address. */
  #found(neighbor: Neighbor, mac: Mac): void {
    const key = keyOf(neighbor)
    this.#sought.delete(key)
    this.#admit(key, neighbor)
    neighbor.mac = mac
    this.#enter(neighbor, 'stale', Number.NEGATIVE_INFINITY)
  }

  /** Take it among the known; if there are too many, the one used longest ago goes. */
  #admit(key: string, neighbor: Neighbor): void {
    if (this.#known.size >= this.#owner.settings.neighbors) {
      let oldest: Neighbor | undefined
      for (const each of this.#known.values())
        if (oldest === undefined || each.lastUsed < oldest.lastUsed) oldest = each
      if (oldest !== undefined) {
        this.#known.delete(keyOf(oldest))
        this.#evicted(oldest)
      }
    }
    this.#known.set(key, neighbor)
  }

  #makeReachable(neighbor: Neighbor, now: Instant): void {
    this.#enter(neighbor, 'reachable', now + this.#owner.settings.reachableTime)
  }

  /** Change state; whatever was timed is over. */
  #enter(neighbor: Neighbor, state: Neighbor['state'], freshUntil: Instant): void {
    neighbor.state = state
    neighbor.freshUntil = freshUntil
    neighbor.tries = 0
    neighbor.rival = undefined
    this.#owner.timers.cancel(neighbor.timer)
  }

  #ask(neighbor: Neighbor, now: Instant): void {
    neighbor.tries++
    this.#owner.timers.schedule(neighbor.timer, now + this.#owner.settings.neighborRetry)
    this.#owner.solicit(neighbor, neighbor.state === 'probe')
  }

  #handleTimer(neighbor: Neighbor, now: Instant): void {
    const isOut = neighbor.tries >= this.#owner.settings.neighborTries
    switch (neighbor.state) {
      case 'delay':
        neighbor.state = 'probe'
        return this.#ask(neighbor, now)
      case 'probe':
        if (!isOut) return this.#ask(neighbor, now)
        if (neighbor.rival === undefined) return this.#forget(neighbor)
        neighbor.mac = neighbor.rival
        return this.#enter(neighbor, 'stale', Number.NEGATIVE_INFINITY)
      case 'incomplete':
        return isOut ? this.#fail(neighbor, now) : this.#ask(neighbor, now)
      case 'failed':
        return this.#forget(neighbor)
      case 'reachable':
      case 'stale':
    }
  }

  /** Nobody answers: those that wait are told, and for a while newcomers are refused at once. */
  #fail(neighbor: Neighbor, now: Instant): void {
    const parked = neighbor.parked
    neighbor.parked = undefined
    this.#enter(neighbor, 'failed', Number.NEGATIVE_INFINITY)
    this.#owner.timers.schedule(neighbor.timer, now + this.#owner.settings.neighborHoldDown)
    this.#owner.counters.count('neighbor-unreachable')
    for (const { bytes } of parked ?? []) this.#owner.handleUnreachable(bytes)
  }

  #park(neighbor: Neighbor, etherType: number, bytes: Uint8Array): void {
    const parked = (neighbor.parked ??= [])
    if (parked.length >= this.#owner.settings.parkedPerNeighbor) {
      parked.shift()
      this.#owner.counters.count('neighbor-queue-full')
    }
    parked.push({ etherType, bytes })
  }

  #release(neighbor: Neighbor, now: Instant): void {
    const parked = neighbor.parked
    neighbor.parked = undefined
    for (const { etherType, bytes } of parked ?? []) {
      const isTaken =
        now < neighbor.freshUntil
          ? this.#owner.transmit(neighbor.mac, etherType, bytes, 0, bytes.length)
          : this.send(neighbor, etherType, bytes, 0, bytes.length, now) === 'sent'
      if (!isTaken) this.#owner.counters.count('link-full')
    }
  }

  #forget(neighbor: Neighbor): void {
    const key = keyOf(neighbor)
    for (const table of [this.#known, this.#sought, this.#askers]) if (table.get(key) === neighbor) table.delete(key)
    this.#retire(neighbor)
  }

  #evicted(neighbor: Neighbor): void {
    this.#owner.counters.count('neighbor-evicted')
    this.#retire(neighbor)
  }

  #retire(neighbor: Neighbor): void {
    this.#enter(neighbor, 'stale', Number.NEGATIVE_INFINITY)
    neighbor.isGone = true
    if (neighbor.parked !== undefined) this.#owner.counters.count('neighbor-queue-dropped', neighbor.parked.length)
    neighbor.parked = undefined
  }
}

function isSought({ state }: Neighbor): boolean {
  return state === 'incomplete' || state === 'failed'
}
