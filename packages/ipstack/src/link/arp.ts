import { BROADCAST_MAC, type Counters, type EtherLink, type Instant, isMulticastMac, type Mac } from '@zt/sansio'
import { type AddressWords, V4_MARK } from '../address-words.js'
import { type Arp, ARP_LENGTH, ARP_REPLY, ARP_REQUEST, parseArp, writeArp } from '../wire/arp.js'
import { ETHERTYPE_ARP } from '../wire/numbers.js'
import type { Neighbor } from './neighbor.js'
import type { NeighborCache } from './neighbor-cache.js'

/** Asks and answers ARP on one link (RFC 826). */
export class ArpSpeaker {
  readonly #link: EtherLink
  readonly #neighbors: NeighborCache
  readonly #counters: Counters
  readonly #frame = new Uint8Array(ARP_LENGTH)
  #ours: readonly number[] = []

  constructor(link: EtherLink, neighbors: NeighborCache, counters: Counters) {
    this.#link = link
    this.#neighbors = neighbors
    this.#counters = counters
  }

  addressAdded({ w3 }: AddressWords): void {
    this.#ours = [...this.#ours, w3 >>> 0]
  }

  addressRemoved({ w3 }: AddressWords): void {
    this.#ours = this.#ours.filter((address) => address !== w3 >>> 0)
  }

  /** Ask everybody who has this address, or its last owner whether it is still there. */
  request(neighbor: Neighbor, isProbe: boolean): void {
    const target = neighbor.w3 >>> 0
    const sender = this.#senderFor(target)
    if (sender === undefined) return this.#counters.count('arp-no-address')
    const to = isProbe ? neighbor.mac : BROADCAST_MAC
    this.#send(to, { operation: ARP_REQUEST, senderMac: this.#link.mac, sender, targetMac: isProbe ? neighbor.mac : 0, target })
  }

  handle(isUnicast: boolean, bytes: Uint8Array, offset: number, length: number, now: Instant): void {
    const arp = parseArp(bytes, offset, length)
    if (arp === undefined || arp.senderMac === 0 || isMulticastMac(arp.senderMac)) return this.#counters.count('arp-malformed')
    if (this.#ours.includes(arp.sender)) {
      if (arp.senderMac !== this.#link.mac) this.#counters.count('arp-address-conflict')
      return
    }
    const isForUs = this.#ours.includes(arp.target)
    this.#learn(arp, isForUs, isUnicast, now)
    if (arp.operation !== ARP_REQUEST || !isForUs) return
    this.#send(arp.senderMac, {
      operation: ARP_REPLY,
      senderMac: this.#link.mac,
      sender: arp.target,
      targetMac: arp.senderMac,
      target: arp.sender,
    })
  }

  #learn(arp: Arp, isForUs: boolean, isUnicast: boolean, now: Instant): void {
    // A probe for a free address (RFC 5227) comes from nobody; groups have no neighbours.
    if (arp.sender === 0 || arp.sender >= 0xe000_0000) return
    const address = { w0: 0, w1: 0, w2: V4_MARK, w3: arp.sender | 0 }
    if (arp.operation === ARP_REQUEST && isForUs) this.#neighbors.heardAsking(address, arp.senderMac, now)
    else this.#neighbors.heardClaim(address, arp.senderMac, { isSolicited: arp.operation === ARP_REPLY && isUnicast, isOverride: true }, now)
  }

  /** Our address with the longest prefix in common: the one in the same subnet, if any. */
  #senderFor(target: number): number | undefined {
    let best: number | undefined
    for (const address of this.#ours) {
      if (best === undefined || Math.clz32(address ^ target) > Math.clz32(best ^ target)) best = address
    }
    return best
  }

  #send(to: Mac, arp: Arp): void {
    const length = writeArp(arp, this.#frame, 0)
    if (!this.#link.send(to, ETHERTYPE_ARP, this.#frame, 0, length)) this.#counters.count('link-full')
  }
}
