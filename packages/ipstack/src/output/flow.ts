import type { IpAddress } from '@zt/sansio'
import { type AddressWords, addressOf, isMulticastWords, isV4Words } from '../address-words.js'
import type { Burst } from '../burst.js'
import type { Interface } from '../interface.js'
import type { Loopback } from '../link/loopback.js'
import type { Neighbor, SendResult } from '../link/neighbor.js'
import { foldSum, sumWord } from '../wire/checksum.js'
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, EXTENSION_FRAGMENT } from '../wire/numbers.js'
import type { Identification } from './identification.js'
import type { PathProblem, Router } from './router.js'
import { type Scratch, TRANSPORT_OFFSET } from './scratch.js'

const V4_HEADER = 20
const V6_HEADER = 40
const FRAGMENT_HEADER = 8
const DONT_FRAGMENT = 0x4000
const MORE_FRAGMENTS = 0x2000
/** The largest IP packet without a jumbogram option: for IPv6 the header is not counted. */
const MAX_V4_PACKET = 65_535
const MAX_V6_PACKET = 65_535 + V6_HEADER

/** What the flows of a stack share. */
export interface FlowContext {
  readonly router: Router
  readonly burst: Burst
  readonly scratch: Scratch
  /** For what is sent in the middle of a burst of input, when a transport may be at work in the other. */
  readonly replyScratch: Scratch
  readonly loopback: Loopback
  readonly identification: Identification
}

/** Who talks to whom. */
export interface FlowEnds {
  readonly protocol: number
  readonly remote: AddressWords
  /** Chosen by the stack if absent, and kept from then on. */
  readonly local?: AddressWords | undefined
  /** Only through this interface. */
  readonly nic?: Interface | undefined
}

/**
 * A way from one of our addresses to one of theirs for one protocol: source, route, next hop and path MTU, found once
 * and found again when something about them changes. The transport writes its segment into the stack's scratch at
 * `TRANSPORT_OFFSET`; `send` puts the IP header before it and hands it to the link.
 */
export class Flow {
  readonly family: 4 | 6
  readonly protocol: number
  readonly local: AddressWords
  readonly remote: AddressWords
  /** 20 or 40. */
  readonly headerLength: number
  /** The pseudo-header's sum without the length of the segment, which the caller adds. */
  readonly pseudoSum: number
  /** TTL or hop limit. */
  hopLimit: number
  /** The DSCP, 0 to 63. */
  dscp = 0
  /** IPv6 only: 20 bits that mark the packets of one conversation. */
  flowLabel = 0
  /** Refuse (`too-big`) what does not fit the path instead of fragmenting it. Default true. */
  dontFragment = true
  /** Hand a copy of what goes to a multicast group that we are in to ourselves. */
  loopGroups = true
  readonly #context: FlowContext
  readonly #wantedNic: Interface | undefined
  #epoch: number
  #nic: Interface
  #hop: Neighbor | undefined
  #problem: PathProblem | undefined
  #mtu = 0
  #isGroup = false

  private constructor(context: FlowContext, ends: FlowEnds, local: AddressWords, hopLimit: number) {
    const { remote, protocol } = ends
    this.family = isV4Words(remote.w0, remote.w1, remote.w2) ? 4 : 6
    this.protocol = protocol
    this.local = { w0: local.w0, w1: local.w1, w2: local.w2, w3: local.w3 }
    this.remote = { w0: remote.w0, w1: remote.w1, w2: remote.w2, w3: remote.w3 }
    this.headerLength = this.family === 4 ? V4_HEADER : V6_HEADER
    this.pseudoSum = foldSum(
      (this.family === 4 ? sumWord(local.w3) + sumWord(remote.w3) : sumV6(local) + sumV6(remote)) + protocol,
    )
    this.hopLimit = hopLimit
    this.#context = context
    this.#wantedNic = ends.nic
    this.#epoch = -1
    this.#nic = context.router.loopback
    this.#hop = undefined
    this.#problem = undefined
  }

  /** A flow, or why there is none. */
  static open(context: FlowContext, ends: FlowEnds, hopLimit: number): Flow | PathProblem {
    const path = context.router.find(ends.remote, ends.local, ends.nic)
    return typeof path === 'string' ? path : new Flow(context, ends, ends.local ?? path.source, hopLimit)
  }

  /** The interface it leaves by. */
  get nic(): Interface {
    this.#refresh()
    return this.#nic
  }

  /** The largest IP packet that the path is known to carry, in bytes, header included. */
  get mtu(): number {
    this.#refresh()
    return this.#mtu
  }

  /** The largest segment that goes in one packet. */
  get maxSegment(): number {
    return this.mtu - this.headerLength
  }

  /** Why nothing can be sent now. `EADDRNOTAVAIL`: our address is gone, and will hardly come back. */
  get problem(): PathProblem | undefined {
    this.#refresh()
    return this.#problem
  }

  /** Does it end at this very stack? */
  get isLoopback(): boolean {
    return this.nic.isLoopback
  }

  /** Does it go to every host of a subnet? */
  get isBroadcast(): boolean {
    return this.family === 4 && this.nic.isBroadcast(this.remote.w3)
  }

  get localAddress(): IpAddress {
    return addressOf(this.local.w0, this.local.w1, this.local.w2, this.local.w3)
  }

  get remoteAddress(): IpAddress {
    return addressOf(this.remote.w0, this.remote.w1, this.remote.w2, this.remote.w3)
  }

  /** Send the segment of this length that stands in the stack's scratch. The bytes before it are overwritten. */
  send(length: number, ecn = 0): SendResult {
    return this.sendFrom(this.#context.scratch, length, ecn)
  }

  /** The same from another scratch. */
  sendFrom(scratch: Scratch, length: number, ecn = 0): SendResult {
    if (this.#epoch !== this.#context.router.epoch) this.#refresh()
    if (this.#hop === undefined) return 'unreachable'
    if (this.headerLength + length > this.#mtu) return this.#sendFragments(scratch, length, ecn)
    if (this.family === 4) {
      this.#writeV4(
        scratch.view,
        TRANSPORT_OFFSET - V4_HEADER,
        length,
        ecn,
        this.dontFragment ? 0 : this.#nextId() & 0xffff,
        this.dontFragment ? DONT_FRAGMENT : 0,
      )
      return this.#transmit(scratch.bytes, TRANSPORT_OFFSET - V4_HEADER, V4_HEADER + length)
    }
    this.#writeV6(scratch.view, TRANSPORT_OFFSET - V6_HEADER, length, ecn, this.protocol)
    return this.#transmit(scratch.bytes, TRANSPORT_OFFSET - V6_HEADER, V6_HEADER + length)
  }

  /** The peer has just acknowledged something new: its link is alive, no need to probe it (RFC 4861 section 7.3.1). */
  confirm(): void {
    if (this.#hop !== undefined && !this.#isGroup) this.#nic.link.confirm(this.#hop, this.#context.burst.touch())
  }

  #transmit(bytes: Uint8Array, offset: number, length: number): SendResult {
    const now = this.#context.burst.touch()
    const nic = this.#nic
    let hop = this.#hop!
    if (hop.isGone) hop = this.#hop = nic.link.hopTo(hop, false)
    const result = nic.link.send(hop, this.family === 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6, bytes, offset, length, now)
    if (result !== 'sent') return result
    nic.outPackets++
    nic.outBytes += length
    if (this.#isGroup && this.loopGroups) this.#loopBack(bytes, offset, length)
    return 'sent'
  }

  /** RFC 1112 section 6.1, RFC 919 section 6: what goes to a group of ours goes to ourselves as well. */
  #loopBack(bytes: Uint8Array, offset: number, length: number): void {
    const { w0, w1, w2, w3 } = this.remote
    const isOurs = this.#nic.isMember(w0, w1, w2, w3) || (this.family === 4 && this.#nic.isBroadcast(w3))
    if (isOurs) this.#context.loopback.enqueue(bytes, offset, length, this.#nic)
  }

  /**
   * Cut the datagram in place, first to last: the headers of a fragment overwrite the end of the one before it, which
   * has been handed over by then.
   */
  #sendFragments(scratch: Scratch, length: number, ecn: number): SendResult {
    const isV4 = this.family === 4
    if (this.dontFragment || this.headerLength + length > (isV4 ? MAX_V4_PACKET : MAX_V6_PACKET)) return 'too-big'
    const overhead = isV4 ? V4_HEADER : V6_HEADER + FRAGMENT_HEADER
    const piece = (this.#mtu - overhead) & ~7
    if (piece < 8) return 'too-big'
    const id = this.#nextId()
    for (let done = 0; done < length; done += piece) {
      const size = Math.min(piece, length - done)
      const isLast = done + size === length
      const at = TRANSPORT_OFFSET + done - overhead
      if (isV4) {
        this.#writeV4(scratch.view, at, size, ecn, id & 0xffff, (isLast ? 0 : MORE_FRAGMENTS) | (done >>> 3))
      } else {
        this.#writeV6(scratch.view, at, FRAGMENT_HEADER + size, ecn, EXTENSION_FRAGMENT)
        scratch.view.setUint16(at + V6_HEADER, this.protocol << 8)
        scratch.view.setUint16(at + V6_HEADER + 2, done | (isLast ? 0 : 1))
        scratch.view.setUint32(at + V6_HEADER + 4, id)
      }
      const result = this.#transmit(scratch.bytes, at, overhead + size)
      if (result !== 'sent') return result
    }
    return 'sent'
  }

  #writeV4(view: DataView, at: number, length: number, ecn: number, id: number, fragment: number): void {
    const first = 0x4500_0000 | (((this.dscp << 2) | ecn) << 16) | (V4_HEADER + length)
    const second = (id << 16) | fragment
    const third = (this.hopLimit << 24) | (this.protocol << 16)
    const { local, remote } = this
    view.setInt32(at, first)
    view.setInt32(at + 4, second)
    view.setInt32(at + 12, local.w3)
    view.setInt32(at + 16, remote.w3)
    const sum = sumWord(first) + sumWord(second) + sumWord(third) + sumWord(local.w3) + sumWord(remote.w3)
    view.setInt32(at + 8, third | (~foldSum(sum) & 0xffff))
  }

  #writeV6(view: DataView, at: number, length: number, ecn: number, nextHeader: number): void {
    const { local, remote } = this
    view.setInt32(at, 0x6000_0000 | (((this.dscp << 2) | ecn) << 20) | this.flowLabel)
    view.setInt32(at + 4, (length << 16) | (nextHeader << 8) | this.hopLimit)
    view.setInt32(at + 8, local.w0)
    view.setInt32(at + 12, local.w1)
    view.setInt32(at + 16, local.w2)
    view.setInt32(at + 20, local.w3)
    view.setInt32(at + 24, remote.w0)
    view.setInt32(at + 28, remote.w1)
    view.setInt32(at + 32, remote.w2)
    view.setInt32(at + 36, remote.w3)
  }

  #nextId(): number {
    return this.#context.identification.next(this.remote)
  }

  /** Find route, hop and MTU again if anything about them may have changed. */
  #refresh(): void {
    const { router, burst } = this.#context
    if (this.#epoch === router.epoch) return
    this.#epoch = router.epoch
    const path = router.find(this.remote, this.local, this.#wantedNic)
    if (typeof path === 'string') {
      this.#problem = path
      this.#hop = undefined
      return
    }
    this.#problem = undefined
    const linkMtu = Math.min(path.nic.mtu, this.family === 4 ? MAX_V4_PACKET : MAX_V6_PACKET)
    this.#nic = path.nic
    this.#hop = path.nic.link.hopTo(path.nextHop, path.isBroadcast)
    this.#isGroup = path.isBroadcast || isMulticastWords(this.remote.w0, this.remote.w1, this.remote.w2, this.remote.w3)
    this.#mtu = router.pathMtus.find(this.remote, linkMtu, burst.now)
  }
}

function sumV6({ w0, w1, w2, w3 }: AddressWords): number {
  return sumWord(w0) + sumWord(w1) + sumWord(w2) + sumWord(w3)
}
