import type { Instant, Mac } from '@zt/sansio'
import { NEVER } from '@zt/sansio'
import type { AddressWords } from '../address-words.js'
import { Timer, type TimerOwner } from '../timer-wheel.js'

/**
 * How sure we are of a neighbour (RFC 4861 section 7.3.2), for ARP as well. `failed` remembers for a while that nobody
 * answered.
 */
export type NeighborState = 'incomplete' | 'reachable' | 'stale' | 'delay' | 'probe' | 'failed'

/** An IP packet that waits for its neighbour's MAC address: a copy. */
export interface ParkedPacket {
  readonly etherType: number
  readonly bytes: Uint8Array
}

/** What became of a packet that was to be sent. */
export type SendResult =
  /** Taken by the link, or kept until the neighbour is known. */
  | 'sent'
  /** The link is full and took nothing: wait for `Transport.handleDrain`. */
  | 'full'
  /** Larger than the path allows, and not to be fragmented. */
  | 'too-big'
  /** No route, no source address any more, or a neighbour that does not answer. */
  | 'unreachable'

/** The next hop of a flow: a neighbour on an Ethernet link, or simply the other end of an IP link. */
export class Neighbor implements TimerOwner, AddressWords {
  readonly w0: number
  readonly w1: number
  readonly w2: number
  readonly w3: number
  mac: Mac
  state: NeighborState
  /** Until then packets are handed to the link without a second thought. */
  freshUntil: Instant
  lastUsed: Instant = 0
  tries = 0
  /** Thrown out of the cache: whoever holds it must look the address up again. */
  isGone = false
  /** Another MAC address that claims the same IP address, while the present one is asked. */
  rival: Mac | undefined
  parked: ParkedPacket[] | undefined
  readonly timer = new Timer(this)
  readonly #onTimer: (neighbor: Neighbor, now: Instant) => void

  constructor(address: AddressWords, onTimer: (neighbor: Neighbor, now: Instant) => void) {
    this.w0 = address.w0
    this.w1 = address.w1
    this.w2 = address.w2
    this.w3 = address.w3
    this.mac = 0
    this.state = 'incomplete'
    this.freshUntil = Number.NEGATIVE_INFINITY
    this.parked = undefined
    this.rival = undefined
    this.#onTimer = onTimer
  }

  /** A next hop that needs no asking: a group, a broadcast, the far end of an IP link. */
  static fixed(address: AddressWords, mac: Mac): Neighbor {
    const neighbor = new Neighbor(address, () => {})
    neighbor.mac = mac
    neighbor.state = 'reachable'
    neighbor.freshUntil = NEVER
    return neighbor
  }

  handleTimer(now: Instant): void {
    this.#onTimer(this, now)
  }
}
