import type { Instant } from '@zt/sansio'
import { isV4Words, word } from '../address-words.js'
import type { Interface } from '../interface.js'
import { IpInput } from '../transport.js'
import { checkIpv6, IPV6_HEADER_LENGTH, Ipv6Walk, skipIpv6Extensions } from '../wire/ipv6.js'
import { PROTOCOL_ICMPV6, PROTOCOL_TCP } from '../wire/numbers.js'
import type { InputContext } from './ipv4-input.js'
import { Reassembly, type ReassemblyOwner } from './reassemble.js'

const FRAGMENT_HEADER = 8
/** In one packet, the reassembled one included: nothing sensible has more, and walking on is recursive. */
const MAX_FRAGMENT_HEADERS = 2
const MAX_PAYLOAD = 65_535
/** The first word of ff02::, link-local multicast. */
const LINK_SCOPE = 0xff02_0000 | 0

/** IPv6 packets from a link to a transport: header, addresses, extension headers, fragments (RFC 8200). */
export class Ipv6Input implements ReassemblyOwner {
  readonly capacity: number
  readonly perSource: number
  readonly timeout: number
  readonly #context: InputContext
  readonly #reassembly: Reassembly
  readonly #input = new IpInput()
  readonly #walk = new Ipv6Walk()
  #fragmentHeaders = 0

  constructor(context: InputContext) {
    const { settings } = context
    this.#context = context
    this.capacity = settings.reassemblyBytes
    this.perSource = settings.reassemblyPerSource
    this.timeout = settings.reassemblyTimeoutV6
    this.#reassembly = new Reassembly(this, context.timers)
    this.#input.family = 6
  }

  /** See `Ipv4Input.handle`. */
  handle(
    nic: Interface,
    bytes: Uint8Array,
    offset: number,
    length: number,
    isUnicast: boolean,
    isOwn: boolean,
    now: Instant,
  ): void {
    const total = checkIpv6(bytes, offset, length)
    if (total < 0) return this.count('ipv6-malformed')
    this.#fragmentHeaders = 0
    this.#describe(nic, bytes, offset, total, now)
    if (!isOwn && this.#isMartian()) return this.count('ipv6-martian-source')
    const { dst0, dst1, dst2, dst3 } = this.#input
    const isToHost = nic.isLoopback
      ? this.#context.router.ownerOf({ w0: dst0, w1: dst1, w2: dst2, w3: dst3 }) !== undefined
      : nic.owns(dst0, dst1, dst2, dst3) !== undefined
    if (!isToHost && !this.#isToGroup()) return this.count('ipv6-not-ours')
    this.#input.isUnicast = isToHost && isUnicast
    this.#proceed(bytes, bytes[offset + 6], offset + IPV6_HEADER_LENGTH, offset + 6, offset + total, true)
  }

  /** Forget unfinished datagrams. */
  clear(): void {
    this.#reassembly.clear()
  }

  /** Bytes held for unfinished datagrams. */
  get reassemblyCharged(): number {
    return this.#reassembly.charged
  }

  /** Walk on from a header to the transport. */
  #proceed(bytes: Uint8Array, protocol: number, at: number, namedAt: number, end: number, isFirst: boolean): void {
    const walk = this.#walk
    const input = this.#input
    const verdict = walk.run(bytes, protocol, at, namedAt, end, isFirst)
    switch (verdict) {
      case 'upper-layer':
        input.protocol = walk.protocol
        if (walk.protocol !== PROTOCOL_ICMPV6 && (input.src0 | input.src1 | input.src2 | input.src3) === 0)
          return this.count('ipv6-martian-source')
        return this.#context.delivery.deliver(input, bytes, walk.offset, end - walk.offset, walk.namedAt)
      case 'fragment':
        return this.#handleFragment(bytes, walk.offset, walk.namedAt, end)
      case 'problem':
      case 'problem-if-unicast': {
        // Options that name this reaction want it for multicast too, unless they say otherwise (RFC 8200 section 4.2).
        const toGroups = verdict === 'problem' && walk.code === 2
        this.count('ipv6-parameter-problem')
        return this.#context.errors.send('parameter-problem', input, bytes, {
          code: walk.code,
          pointer: walk.pointer,
          toGroups,
        })
      }
      case 'nothing':
        return this.count('ipv6-no-next-header')
      case 'drop':
        return this.count('ipv6-unknown-option')
      case 'malformed':
        return this.count('ipv6-malformed-extension')
    }
  }

  #handleFragment(bytes: Uint8Array, at: number, namedAt: number, end: number): void {
    if (++this.#fragmentHeaders > MAX_FRAGMENT_HEADERS) return this.count('ipv6-malformed-extension')
    const input = this.#input
    const field = (bytes[at + 2] << 8) | bytes[at + 3]
    const start = field & 0xfff8
    const isLast = (field & 1) === 0
    const payload = at + FRAGMENT_HEADER
    const length = end - payload
    // RFC 6946: an atomic fragment has nothing to do with other fragments of the same identification.
    if (start === 0 && isLast) return this.#proceed(bytes, bytes[at], payload, at, end, false)
    if (!isLast && (length & 7) !== 0) return this.#complain(bytes, input.packetOffset + 4)
    if (start + length > 65_535) return this.#complain(bytes, at + 2)
    if (length === 0) return this.count('fragment-malformed')
    if (start === 0 && !hasWholeHeaderChain(bytes, input.packetOffset, end))
      return this.count('ipv6-header-chain-split')
    const source = `${input.src0},${input.src1},${input.src2},${input.src3}`
    const key = `${source},${input.dst0},${input.dst1},${input.dst2},${input.dst3},${word(bytes, at + 4)}`
    // In the whole, the byte that named the fragment header names what comes after it.
    const rename = { at: namedAt - input.packetOffset, to: bytes[at] }
    const headerLength = at - input.packetOffset
    this.#reassembly.add(
      { key, source, bytes, offset: input.packetOffset, headerLength, payload, length, start, isLast, rename },
      input.now,
    )
  }

  /** All fragments are there; the last of them was described before. */
  whole(packet: Uint8Array): void {
    const length = packet.length - IPV6_HEADER_LENGTH
    if (length > MAX_PAYLOAD) return this.count('fragment-too-long')
    this.count('reassembled')
    packet[4] = length >>> 8
    packet[5] = length
    this.#input.packetOffset = 0
    this.#input.packetLength = packet.length
    this.#proceed(packet, packet[6], IPV6_HEADER_LENGTH, 6, packet.length, true)
  }

  expired(firstFragment: Uint8Array, now: Instant): void {
    const destination = {
      w0: word(firstFragment, 24),
      w1: word(firstFragment, 28),
      w2: word(firstFragment, 32),
      w3: word(firstFragment, 36),
    }
    const nic = this.#context.router.ownerOf(destination)
    if (nic === undefined) return
    this.#describe(nic, firstFragment, 0, firstFragment.length, now)
    this.#input.isUnicast = true
    this.#context.errors.send('reassembly-timeout', this.#input, firstFragment)
  }

  count(reason: string): void {
    this.#context.counters.count(reason)
  }

  #complain(bytes: Uint8Array, pointer: number): void {
    this.count('ipv6-parameter-problem')
    this.#context.errors.send('parameter-problem', this.#input, bytes, { code: 0, pointer })
  }

  #describe(nic: Interface, bytes: Uint8Array, offset: number, total: number, now: Instant): void {
    const input = this.#input
    input.nic = nic
    input.now = now
    input.src0 = word(bytes, offset + 8)
    input.src1 = word(bytes, offset + 12)
    input.src2 = word(bytes, offset + 16)
    input.src3 = word(bytes, offset + 20)
    input.dst0 = word(bytes, offset + 24)
    input.dst1 = word(bytes, offset + 28)
    input.dst2 = word(bytes, offset + 32)
    input.dst3 = word(bytes, offset + 36)
    input.hopLimit = bytes[offset + 7]
    input.ecn = (bytes[offset + 1] >> 4) & 3
    input.packetOffset = offset
    input.packetLength = total
  }

  /**
   * Multicast, loopback, IPv4-mapped (which would pass for IPv4 in the words of transports) or our own. The unspecified
   * address is left to ICMPv6: neighbours use it while they are not sure of their own.
   */
  #isMartian(): boolean {
    const { nic, src0, src1, src2, src3, dst0, dst1, dst2 } = this.#input
    if (src0 >>> 24 === 0xff || isV4Words(src0, src1, src2) || isV4Words(dst0, dst1, dst2)) return true
    if (src0 === 0 && src1 === 0 && src2 === 0 && src3 === 1) return true
    return nic.owns(src0, src1, src2, src3) !== undefined
  }

  /** All nodes on the link, our solicited-node groups, and groups that were joined. */
  #isToGroup(): boolean {
    const { nic, dst0, dst1, dst2, dst3 } = this.#input
    if (dst0 >>> 24 !== 0xff) return false
    if (dst0 === LINK_SCOPE && dst1 === 0 && dst2 === 0 && dst3 === 1) return true
    if (dst0 === LINK_SCOPE && dst1 === 0 && dst2 === 1 && dst3 >>> 24 === 0xff) {
      return nic.locals.some((local) => !local.isV4 && ((local.w3 ^ dst3) & 0xff_ffff) === 0)
    }
    return nic.isMember(dst0, dst1, dst2, dst3)
  }
}

/** RFC 7112: a first fragment must hold all headers, the upper layer's included; otherwise filters could not see it. */
function hasWholeHeaderChain(bytes: Uint8Array, offset: number, end: number): boolean {
  const { protocol, offset: upper } = skipIpv6Extensions(bytes, offset, end)
  return upper + (protocol === PROTOCOL_TCP ? 20 : 8) <= end
}
