import { BROADCAST_MAC, type Counters, type EtherLink, type Instant, isMulticastMac, type Mac } from '@zt/sansio'
import { type AddressWords, V4_MARK } from '../address-words.js'
import { type Arp, ARP_LENGTH, ARP_REPLY, ARP_REQUEST, parseArp, writeArp } from '../wire/arp.js'
import { ETHERTYPE_ARP } from '../wire/numbers.js'
import type { Neighbor } from './neighbor.js'
import type { NeighborCache } from './neighbor-cache.js'

/** What a speaker of ARP or neighbour discovery needs. */
export interface SpeakerContext {
  readonly link: EtherLink
  readonly neighbors: NeighborCache
  readonly counters: Counters
  /** Somebody else uses an address of ours. */
  handleConflict(address: AddressWords, mac: Mac | undefined, now: Instant): void
}

/** Asks and answers ARP on one link (RFC 826). */
export class ArpSpeaker {
  readonly #context: SpeakerContext
  readonly #link: EtherLink
  readonly #counters: Counters
  readonly #frame = new Uint8Array(ARP_LENGTH)
  #ours: readonly number[] = []

  constructor(context: SpeakerContext) {
    this.#context = context
    this.#link = context.link
    this.#counters = context.counters
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
    this.#send(to, {
      operation: ARP_REQUEST,
      senderMac: this.#link.mac,
      sender,
      targetMac: isProbe ? neighbor.mac : 0,
      target,
    })
  }

  handle(isUnicast: boolean, bytes: Uint8Array, offset: number, length: number, now: Instant): void {
    const arp = parseArp(bytes, offset, length)
    if (arp === undefined || arp.senderMac === 0 || isMulticastMac(arp.senderMac))
      return this.#counters.count('arp-malformed')
    if (this.#ours.includes(arp.sender)) {
      if (arp.senderMac !== this.#link.mac) this.#context.handleConflict(wordsOfV4(arp.sender), arp.senderMac, now)
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
    const { neighbors } = this.#context
    const address = wordsOfV4(arp.sender)
    if (arp.operation === ARP_REQUEST && isForUs) return neighbors.heardAsking(address, arp.senderMac, now)
    neighbors.heardClaim(
      address,
      arp.senderMac,
      { isSolicited: arp.operation === ARP_REPLY && isUnicast, isOverride: true },
      now,
    )
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

function wordsOfV4(address: number): AddressWords {
  return { w0: 0, w1: 0, w2: V4_MARK, w3: address | 0 }
}
