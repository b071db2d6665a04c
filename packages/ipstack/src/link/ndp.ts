import type { Counters, EtherLink, Instant } from '@zt/sansio'
import { type AddressWords, isMulticastWords, word } from '../address-words.js'
import { checksum, sumWord } from '../wire/checksum.js'
import {
  ICMPV6_NEIGHBOR_ADVERTISEMENT,
  ICMPV6_NEIGHBOR_SOLICITATION,
  ICMPV6_ROUTER_ADVERTISEMENT,
  ICMPV6_ROUTER_SOLICITATION,
} from '../wire/icmpv6.js'
import { IPV6_HEADER_LENGTH } from '../wire/ipv6.js'
import { NDP_LENGTH, type NdpMessage, parseNdp, writeNdp } from '../wire/ndp.js'
import { PROTOCOL_ICMPV6 } from '../wire/numbers.js'
import type { SpeakerContext } from './arp.js'
import { Neighbor } from './neighbor.js'
import type { NeighborCache } from './neighbor-cache.js'

const HOP_LIMIT = 255
/** ff02::1 */
const ALL_NODES: AddressWords = { w0: 0xff02_0000 | 0, w1: 0, w2: 0, w3: 1 }
const ALL_NODES_MAC = 0x3333_0000_0001

/** What `NdpSpeaker` needs. */
export interface NdpContext extends SpeakerContext {
  /** Send an IPv6 packet to a neighbour, which may have to be found first. */
  send(hop: Neighbor, bytes: Uint8Array, length: number, now: Instant): void
}

/** Asks and answers neighbour discovery on one link (RFC 4861 section 7.2). */
export class NdpSpeaker {
  readonly #context: NdpContext
  readonly #link: EtherLink
  readonly #neighbors: NeighborCache
  readonly #counters: Counters
  readonly #packet = new Uint8Array(IPV6_HEADER_LENGTH + NDP_LENGTH)
  readonly #view = new DataView(this.#packet.buffer)
  #ours: readonly AddressWords[] = []

  constructor(context: NdpContext) {
    this.#context = context
    this.#link = context.link
    this.#neighbors = context.neighbors
    this.#counters = context.counters
  }

  addressAdded(address: AddressWords): void {
    this.#ours = [...this.#ours, address]
  }

  addressRemoved(address: AddressWords): void {
    this.#ours = this.#ours.filter((each) => !isSame(each, address))
  }

  /** Ask the solicited-node group who has this address, or its last owner whether it is still there. */
  solicit(neighbor: Neighbor, isProbe: boolean): void {
    const source = this.#sourceFor(neighbor)
    if (source === undefined) return this.#counters.count('ndp-no-address')
    const group = { w0: 0xff02_0000 | 0, w1: 0, w2: 1, w3: 0xff00_0000 | (neighbor.w3 & 0xff_ffff) }
    const hop = Neighbor.fixed(isProbe ? neighbor : group, isProbe ? neighbor.mac : 0x3333_0000_0000 + (group.w3 >>> 0))
    const target = bytesOf(neighbor)
    const message = {
      type: ICMPV6_NEIGHBOR_SOLICITATION,
      mac: this.#link.mac,
      target,
      isSolicited: false,
      isOverride: false,
    } as const
    this.#say(message, source, hop, 0)
  }

  /** A message that came with a hop limit of 255, code 0 and a good checksum. */
  handle(
    source: AddressWords,
    destination: AddressWords,
    bytes: Uint8Array,
    offset: number,
    length: number,
    now: Instant,
  ): void {
    const message = parseNdp(bytes, offset, length)
    if (message === undefined) {
      const isAboutRouters =
        bytes[offset] === ICMPV6_ROUTER_SOLICITATION || bytes[offset] === ICMPV6_ROUTER_ADVERTISEMENT
      return this.#counters.count(isAboutRouters ? 'ndp-ignored' : 'ndp-malformed')
    }
    const target = wordsAt(bytes, message.targetOffset)
    const isToGroup = isMulticastWords(destination.w0, destination.w1, destination.w2, destination.w3)
    if (message.type === ICMPV6_NEIGHBOR_ADVERTISEMENT) {
      if (isToGroup && message.isSolicited) return this.#counters.count('ndp-malformed')
      if (this.#isOurs(target)) return this.#context.handleConflict(target, message.mac, now)
      return this.#neighbors.heardClaim(target, message.mac, message, now)
    }
    const isFromNobody = (source.w0 | source.w1 | source.w2 | source.w3) === 0
    if (isFromNobody && (!isToGroup || message.mac !== undefined)) return this.#counters.count('ndp-malformed')
    if (!this.#isOurs(target)) return this.#counters.count('ndp-not-ours')
    if (!isFromNobody && message.mac !== undefined) this.#neighbors.heardAsking(source, message.mac, now)
    // Someone who is not sure of the address yet (RFC 4862) cannot be answered; everybody is told that it is taken.
    const hop = isFromNobody ? Neighbor.fixed(ALL_NODES, ALL_NODES_MAC) : this.#neighbors.obtain(source)
    const target16 = bytes.slice(message.targetOffset, message.targetOffset + 16)
    const answer = {
      type: ICMPV6_NEIGHBOR_ADVERTISEMENT,
      mac: this.#link.mac,
      target: target16,
      isSolicited: !isFromNobody,
      isOverride: true,
    } as const
    this.#say(answer, target, hop, now)
  }

  #say(message: NdpMessage, source: AddressWords, hop: Neighbor, now: Instant): void {
    const view = this.#view
    const length = writeNdp(message, this.#packet, IPV6_HEADER_LENGTH)
    view.setUint32(0, 0x6000_0000)
    view.setUint32(4, (length << 16) | (PROTOCOL_ICMPV6 << 8) | HOP_LIMIT)
    writeWords(view, 8, source)
    writeWords(view, 24, hop)
    const pseudo = sumWords(source) + sumWords(hop) + length + PROTOCOL_ICMPV6
    view.setUint16(IPV6_HEADER_LENGTH + 2, checksum(this.#packet, IPV6_HEADER_LENGTH, length, pseudo))
    this.#context.send(hop, this.#packet, IPV6_HEADER_LENGTH + length, now)
  }

  #isOurs(address: AddressWords): boolean {
    return this.#ours.some((each) => isSame(each, address))
  }

  /** Our address with the longest prefix in common. */
  #sourceFor(target: AddressWords): AddressWords | undefined {
    let best: AddressWords | undefined
    for (const address of this.#ours) {
      if (best === undefined || commonBits(address, target) > commonBits(best, target)) best = address
    }
    return best
  }
}

function isSame(a: AddressWords, b: AddressWords): boolean {
  return a.w3 === b.w3 && a.w2 === b.w2 && a.w1 === b.w1 && a.w0 === b.w0
}

function commonBits(a: AddressWords, b: AddressWords): number {
  return a.w0 === b.w0 ? 32 + Math.clz32(a.w1 ^ b.w1) : Math.clz32(a.w0 ^ b.w0)
}

function sumWords({ w0, w1, w2, w3 }: AddressWords): number {
  return sumWord(w0) + sumWord(w1) + sumWord(w2) + sumWord(w3)
}

function wordsAt(bytes: Uint8Array, at: number): AddressWords {
  return { w0: word(bytes, at), w1: word(bytes, at + 4), w2: word(bytes, at + 8), w3: word(bytes, at + 12) }
}

function writeWords(view: DataView, at: number, { w0, w1, w2, w3 }: AddressWords): void {
  view.setInt32(at, w0)
  view.setInt32(at + 4, w1)
  view.setInt32(at + 8, w2)
  view.setInt32(at + 12, w3)
}

function bytesOf(address: AddressWords): Uint8Array {
  const bytes = new Uint8Array(16)
  writeWords(new DataView(bytes.buffer), 0, address)
  return bytes
}
