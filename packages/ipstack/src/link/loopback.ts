import type { AddressWords } from '../address-words.js'
import type { Interface } from '../interface.js'
import type { Attachment } from './attachment.js'
import { Neighbor, type SendResult } from './neighbor.js'

/** The largest IPv4 packet; IPv6 is held to the same. */
const LOOPBACK_MTU = 65_535

/** A packet of ours to ourselves; `via` is the interface it counts as having arrived on. */
export interface LoopedPacket {
  readonly bytes: Uint8Array
  readonly via: Interface | undefined
}

/**
 * What the stack sends to its own addresses. Packets are copied and wait for the end of the burst, so that no transport
 * is entered from within itself; like any link it is full at some point and drains later.
 */
export class Loopback implements Attachment {
  readonly mtu = LOOPBACK_MTU
  readonly isUp = true
  readonly mac = 0
  readonly #capacity: number
  #queue: LoopedPacket[] = []
  #bytes = 0
  #wasFull = false

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  hopTo(destination: AddressWords): Neighbor {
    return Neighbor.fixed(destination, 0)
  }

  send(_hop: Neighbor, _etherType: number, bytes: Uint8Array, offset: number, length: number): SendResult {
    return this.enqueue(bytes, offset, length, undefined) ? 'sent' : 'full'
  }

  /** Take a copy of a packet. False if there is no room. */
  enqueue(bytes: Uint8Array, offset: number, length: number, via: Interface | undefined): boolean {
    if (this.#bytes + length > this.#capacity) {
      this.#wasFull = true
      return false
    }
    this.#queue.push({ bytes: bytes.slice(offset, offset + length), via })
    this.#bytes += length
    return true
  }

  /** All that waits, in order. */
  take(): readonly LoopedPacket[] {
    const taken = this.#queue
    if (taken.length > 0) this.#queue = []
    this.#bytes = 0
    return taken
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0
  }

  /** Was a packet refused since this was last asked? */
  takeWasFull(): boolean {
    const wasFull = this.#wasFull
    this.#wasFull = false
    return wasFull
  }

  macFor(): undefined {}
  confirm(): void {}
  addressAdded(): void {}
  addressRemoved(): void {}
  joinGroup(): void {}
  leaveGroup(): void {}
  handleNdp(): void {}
  open(): void {}
  close(): void {}
}
