import type { Counters, Instant } from '@zt/sansio'
import { V4_MARK, word } from '../address-words.js'
import type { Interface } from '../interface.js'
import type { IcmpErrors } from '../output/icmp-error.js'
import type { Router } from '../output/router.js'
import type { Settings } from '../settings.js'
import type { TimerWheel } from '../timer-wheel.js'
import { IpInput } from '../transport.js'
import { checksum } from '../wire/checksum.js'
import {
  checkIpv4,
  inspectIpv4Options,
  IPV4_BAD_CHECKSUM,
  IPV4_HEADER_LENGTH,
  ipv4Fragment,
  ipv4HeaderLength,
  ipv4Protocol,
} from '../wire/ipv4.js'
import type { Delivery } from './delivery.js'
import { Reassembly, type ReassemblyOwner } from './reassemble.js'

const MORE_FRAGMENTS = 0x2000
const FRAGMENT_OFFSET = 0x1fff
const MAX_PACKET = 65_535
/** 224.0.0.1: every IPv4 host on the link. */
const ALL_HOSTS = 0xe000_0001 | 0

/** What IP input needs of its stack. */
export interface InputContext {
  readonly settings: Settings
  readonly counters: Counters
  readonly router: Router
  readonly delivery: Delivery
  readonly errors: IcmpErrors
  readonly timers: TimerWheel
}

/**
 * IPv4 packets from a link to a transport: header, addresses, options, fragments (RFC 791, RFC 1122 section 3.2).
 */
export class Ipv4Input implements ReassemblyOwner {
  readonly capacity: number
  readonly perSource: number
  readonly timeout: number
  readonly #context: InputContext
  readonly #reassembly: Reassembly
  readonly #input = new IpInput()

  constructor(context: InputContext) {
    const { settings } = context
    this.#context = context
    this.capacity = settings.reassemblyBytes
    this.perSource = settings.reassemblyPerSource
    this.timeout = settings.reassemblyTimeoutV4
    this.#reassembly = new Reassembly(this, context.timers)
    const input = this.#input
    input.family = 4
    input.src2 = input.dst2 = V4_MARK
  }

  /**
   * A packet from a link. `isUnicast` is what the link says about its destination; `isOwn` is a packet of ours that has
   * come back through the loopback, whose source is ours by right.
   */
  handle(
    nic: Interface,
    bytes: Uint8Array,
    offset: number,
    length: number,
    isUnicast: boolean,
    isOwn: boolean,
    now: Instant,
  ): void {
    const total = checkIpv4(bytes, offset, length)
    if (total < 0) return this.count(total === IPV4_BAD_CHECKSUM ? 'ipv4-bad-checksum' : 'ipv4-malformed')
    const source = word(bytes, offset + 12)
    const destination = word(bytes, offset + 16)
    if (!isOwn && this.#isMartian(nic, source)) return this.count('ipv4-martian-source')
    const isToHost = nic.isLoopback
      ? this.#context.router.ownerOf({ w0: 0, w1: 0, w2: V4_MARK, w3: destination }) !== undefined
      : nic.owns(0, 0, V4_MARK, destination) !== undefined
    if (!isToHost && !this.#isToGroup(nic, destination)) return this.count('ipv4-not-ours')
    // RFC 1122 section 3.3.6: a unicast packet in a broadcast frame is someone's mistake.
    if (isToHost && !isUnicast) return this.count('ipv4-unicast-in-broadcast')
    const header = ipv4HeaderLength(bytes, offset)
    if (header > IPV4_HEADER_LENGTH) {
      const options = inspectIpv4Options(bytes, offset)
      if (options === 'malformed' || options === 'source-route') return this.count(`ipv4-options-${options}`)
    }
    this.#describe(nic, bytes, offset, total, isToHost, now)
    if ((ipv4Fragment(bytes, offset) & (MORE_FRAGMENTS | FRAGMENT_OFFSET)) !== 0)
      return this.#handleFragment(bytes, offset, header, total)
    this.#context.delivery.deliver(this.#input, bytes, offset + header, total - header, offset + 9)
  }

  /** Forget unfinished datagrams. */
  clear(): void {
    this.#reassembly.clear()
  }

  /** Bytes held for unfinished datagrams. */
  get reassemblyCharged(): number {
    return this.#reassembly.charged
  }

  #handleFragment(bytes: Uint8Array, offset: number, headerLength: number, total: number): void {
    const input = this.#input
    const fragment = ipv4Fragment(bytes, offset)
    const length = total - headerLength
    const isLast = (fragment & MORE_FRAGMENTS) === 0
    if (length === 0 || (!isLast && (length & 7) !== 0)) return this.count('fragment-malformed')
    const id = (bytes[offset + 4] << 8) | bytes[offset + 5]
    const source = `${input.src3}`
    const key = `${source},${input.dst3},${id},${input.protocol}`
    const start = (fragment & FRAGMENT_OFFSET) << 3
    this.#reassembly.add(
      { key, source, bytes, offset, headerLength, payload: offset + headerLength, length, start, isLast },
      input.now,
    )
  }

  /** All fragments are there; the last of them was described before. */
  whole(packet: Uint8Array, headerLength: number): void {
    if (packet.length > MAX_PACKET) return this.count('fragment-too-long')
    this.count('reassembled')
    makeWhole(packet, headerLength)
    this.#input.packetOffset = 0
    this.#input.packetLength = packet.length
    this.#context.delivery.deliver(this.#input, packet, headerLength, packet.length - headerLength, 9)
  }

  expired(firstFragment: Uint8Array, now: Instant): void {
    const nic = this.#context.router.ownerOf({ w0: 0, w1: 0, w2: V4_MARK, w3: word(firstFragment, 16) })
    if (nic === undefined) return
    this.#describe(nic, firstFragment, 0, firstFragment.length, true, now)
    this.#context.errors.send('reassembly-timeout', this.#input, firstFragment)
  }

  count(reason: string): void {
    this.#context.counters.count(reason)
  }

  #describe(nic: Interface, bytes: Uint8Array, offset: number, total: number, isUnicast: boolean, now: Instant): void {
    const input = this.#input
    input.nic = nic
    input.now = now
    input.src3 = word(bytes, offset + 12)
    input.dst3 = word(bytes, offset + 16)
    input.protocol = ipv4Protocol(bytes, offset)
    input.hopLimit = bytes[offset + 8]
    input.ecn = bytes[offset + 1] & 3
    input.isUnicast = isUnicast
    input.packetOffset = offset
    input.packetLength = total
  }

  /** Sources that nobody can have, or that are ours (RFC 1122 section 3.2.1.3). */
  #isMartian(nic: Interface, source: number): boolean {
    const first = source >>> 24
    if (first === 0 || first === 127 || first >= 224) return true
    return nic.isBroadcast(source) || nic.owns(0, 0, V4_MARK, source) !== undefined
  }

  #isToGroup(nic: Interface, destination: number): boolean {
    if (nic.isBroadcast(destination)) return true
    return destination >>> 28 === 14 && (destination === ALL_HOSTS || nic.isMember(0, 0, V4_MARK, destination))
  }
}

/** Give the header of a first fragment the length of the whole, so that it can be quoted. */
function makeWhole(packet: Uint8Array, headerLength: number): void {
  packet[2] = packet.length >>> 8
  packet[3] = packet.length
  packet[6] = packet[7] = packet[10] = packet[11] = 0
  const sum = checksum(packet, 0, headerLength)
  packet[10] = sum >>> 8
  packet[11] = sum
}
