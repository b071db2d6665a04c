/**
 * Packets that cannot go on yet: ours for a peer that we do not know or cannot reach, and others' that wait for an
 * identity or a certificate. Bounded in number and time (ZeroTierOne node/Switch.cpp).
 */
import type { Address } from '@zt/protocol'
import type { Endpoint, Instant } from '@zt/sansio'

/** ZT_RECEIVE_QUEUE_TIMEOUT, ZT_TRANSMIT_QUEUE_TIMEOUT */
export const PARKED_MS = 5_000

/** An outbound packet, before it is sealed. */
export interface ParkedOut {
  readonly peer: Address
  readonly until: Instant
  readonly verb: number
  /** Everything after the verb. Ours to keep. */
  readonly payload: Uint8Array
}

/** An inbound packet as it came, or as it was opened. */
export interface ParkedIn {
  /** Who must become known, or prove its membership, before it can be looked at again. */
  readonly peer: Address
  readonly until: Instant
  readonly bytes: Uint8Array
  readonly isOpen: boolean
  readonly socket: number
  readonly from: Endpoint
}

/** Most parked packets of each kind; and of one peer, so that one cannot crowd out the others. */
const MOST = 64
const MOST_PER_PEER = 24

/** A bounded waiting room. The oldest leave first. */
export class ParkedPackets<P extends { readonly peer: Address; readonly until: Instant }> {
  #packets: P[] = []

  get size(): number {
    return this.#packets.length
  }

  /** Returns false if another packet had to make room. */
  add(packet: P): boolean {
    const own = this.#packets.filter((parked) => parked.peer === packet.peer)
    const crowdedOut =
      own.length >= MOST_PER_PEER ? own[0] : this.#packets.length >= MOST ? this.#packets[0] : undefined
    if (crowdedOut) this.#packets.splice(this.#packets.indexOf(crowdedOut), 1)
    this.#packets.push(packet)
    return crowdedOut === undefined
  }

  /** Remove and return what waits for this peer, oldest first. */
  takeFor(peer: Address): P[] {
    if (this.#packets.length === 0) return []
    const taken = this.#packets.filter((packet) => packet.peer === peer)
    if (taken.length > 0) this.#packets = this.#packets.filter((packet) => packet.peer !== peer)
    return taken
  }

  /** Drop what has waited too long; says how many. */
  expire(now: Instant): number {
    const before = this.#packets.length
    this.#packets = this.#packets.filter((packet) => packet.until > now)
    return before - this.#packets.length
  }

  /** The peers that something waits for, each once. */
  peers(): Address[] {
    return [...new Set(this.#packets.map((packet) => packet.peer))]
  }
}
