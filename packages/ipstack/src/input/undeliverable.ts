import type { Instant } from '@zt/sansio'
import { V4_MARK, word } from '../address-words.js'
import { IpError } from '../transport.js'
import { IPV4_HEADER_LENGTH } from '../wire/ipv4.js'
import { IPV6_HEADER_LENGTH } from '../wire/ipv6.js'
import { EXTENSION_FRAGMENT } from '../wire/numbers.js'
import type { Delivery } from './delivery.js'

const FRAGMENT_HEADER = 8

/** Tells a transport that a packet of its own, kept while its neighbour was sought, has nowhere to go. */
export class Undeliverable {
  readonly #delivery: Delivery
  readonly #error = new IpError()

  constructor(delivery: Delivery) {
    this.#delivery = delivery
    this.#error.isLocal = true
    this.#error.kind = 'host-unreachable'
  }

  /** `packet` is one that a `Flow` has built: no options, and at most a fragment header. */
  report(packet: Uint8Array, now: Instant): void {
    const error = this.#error
    error.now = now
    if (packet[0] >> 4 === 4) {
      if ((word(packet, 4) & 0x1fff) !== 0) return
      error.family = 4
      error.protocol = packet[9]
      error.local = { w0: 0, w1: 0, w2: V4_MARK, w3: word(packet, 12) }
      error.remote = { w0: 0, w1: 0, w2: V4_MARK, w3: word(packet, 16) }
      this.#tell(packet, IPV4_HEADER_LENGTH)
    } else {
      const isFragment = packet[6] === EXTENSION_FRAGMENT
      if (isFragment && (word(packet, IPV6_HEADER_LENGTH) & 0xfff8) !== 0) return
      error.family = 6
      error.protocol = isFragment ? packet[IPV6_HEADER_LENGTH] : packet[6]
      error.local = { w0: word(packet, 8), w1: word(packet, 12), w2: word(packet, 16), w3: word(packet, 20) }
      error.remote = { w0: word(packet, 24), w1: word(packet, 28), w2: word(packet, 32), w3: word(packet, 36) }
      this.#tell(packet, isFragment ? IPV6_HEADER_LENGTH + FRAGMENT_HEADER : IPV6_HEADER_LENGTH)
    }
  }

  #tell(packet: Uint8Array, offset: number): void {
    this.#delivery.transports[this.#error.protocol]?.handleError(this.#error, packet, offset, packet.length - offset)
  }
}
