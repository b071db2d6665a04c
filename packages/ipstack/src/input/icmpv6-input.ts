import { type AddressWords, isMulticastWords, word } from '../address-words.js'
import { Flow } from '../output/flow.js'
import { IPV6_MIN_MTU } from '../output/path-mtu.js'
import { TRANSPORT_OFFSET } from '../output/scratch.js'
import { IpError, type IpErrorKind, type IpInput, type Transport } from '../transport.js'
import { checksum } from '../wire/checksum.js'
import { ICMP_HEADER_LENGTH } from '../wire/icmpv4.js'
import {
  ICMPV6_DESTINATION_UNREACHABLE,
  ICMPV6_ECHO_REPLY,
  ICMPV6_ECHO_REQUEST,
  ICMPV6_PACKET_TOO_BIG,
  ICMPV6_PARAMETER_PROBLEM,
  ICMPV6_REDIRECT,
  ICMPV6_ROUTER_SOLICITATION,
  ICMPV6_TIME_EXCEEDED,
} from '../wire/icmpv6.js'
import { IPV6_HEADER_LENGTH, skipIpv6Extensions } from '../wire/ipv6.js'
import { PROTOCOL_ICMPV6 } from '../wire/numbers.js'
import { failPing, type IcmpContext } from './icmpv4-input.js'

const MIN_QUOTE = 8

/** What destination unreachable means, by code (RFC 4443 section 3.1). */
const UNREACHABLE: readonly IpErrorKind[] = [
  'network-unreachable',
  'prohibited',
  'network-unreachable',
  'host-unreachable',
  'port-unreachable',
  'prohibited',
  'prohibited',
]

/** ICMPv6 as a transport of its own: echo, errors, and neighbour discovery, which it hands to the interface. */
export class Icmpv6Input implements Transport {
  readonly #context: IcmpContext
  readonly #error = new IpError()

  constructor(context: IcmpContext) {
    this.#context = context
    this.#error.family = 6
  }

  handleSegment(input: IpInput, bytes: Uint8Array, offset: number, length: number): boolean {
    const { counters } = this.#context
    if (length < ICMP_HEADER_LENGTH) counters.count('icmpv6-malformed')
    else if (!input.isChecksumValid(bytes, offset, length)) counters.count('icmpv6-bad-checksum')
    else this.#handle(input, bytes, offset, length)
    return true
  }

  /** An error about an echo request of ours. */
  handleError(error: IpError, bytes: Uint8Array, offset: number): void {
    if (bytes[offset] === ICMPV6_ECHO_REQUEST) failPing(this.#context.pings, error, word(bytes, offset + 4) >>> 0)
  }

  flush(): void {}

  #handle(input: IpInput, bytes: Uint8Array, offset: number, length: number): void {
    const type = bytes[offset]
    if (type >= ICMPV6_ROUTER_SOLICITATION && type <= ICMPV6_REDIRECT)
      return this.#discover(input, bytes, offset, length)
    // Only neighbour discovery speaks from the unspecified address.
    if ((input.src0 | input.src1 | input.src2 | input.src3) === 0)
      return this.#context.counters.count('ipv6-martian-source')
    switch (type) {
      case ICMPV6_ECHO_REQUEST:
        return this.#answer(input, bytes, offset, length)
      case ICMPV6_ECHO_REPLY: {
        const { pings, flows } = this.#context
        const key = word(bytes, offset + 4) >>> 0
        const isOurs = pings.reply(
          key,
          input.source,
          bytes,
          offset + 8,
          length - 8,
          input.hopLimit,
          flows.burst.exactNow(),
        )
        if (!isOurs) this.#context.counters.count('echo-reply-unexpected')
        return
      }
      case ICMPV6_DESTINATION_UNREACHABLE:
      case ICMPV6_PACKET_TOO_BIG:
      case ICMPV6_TIME_EXCEEDED:
      case ICMPV6_PARAMETER_PROBLEM:
        return this.#passOn(input, bytes, offset, length)
      default:
        this.#context.counters.count('icmpv6-ignored')
    }
  }

  /** RFC 4861: a hop limit of 255 proves that no router has passed it on; the code is 0. */
  #discover(input: IpInput, bytes: Uint8Array, offset: number, length: number): void {
    if (input.hopLimit !== 255 || bytes[offset + 1] !== 0) return this.#context.counters.count('ndp-malformed')
    input.nic.link.handleNdp(sourceOf(input), destinationOf(input), bytes, offset, length, input.now)
  }

  #answer(input: IpInput, bytes: Uint8Array, offset: number, length: number): void {
    const { flows, counters, echoGate, hopLimit } = this.#context
    const isToGroup = isMulticastWords(input.dst0, input.dst1, input.dst2, input.dst3)
    if (!echoGate?.pass(input.now)) return counters.count('echo-suppressed')
    const local = isToGroup ? undefined : destinationOf(input)
    const nic = input.nic.isLoopback ? undefined : input.nic
    const flow = Flow.open(flows, { protocol: PROTOCOL_ICMPV6, remote: sourceOf(input), local, nic }, hopLimit)
    if (typeof flow === 'string') return counters.count('echo-unroutable')
    flow.dontFragment = false
    const reply = flows.replyScratch
    reply.bytes.set(bytes.subarray(offset, offset + length), TRANSPORT_OFFSET)
    reply.view.setUint32(TRANSPORT_OFFSET, ICMPV6_ECHO_REPLY << 24)
    reply.view.setUint16(TRANSPORT_OFFSET + 2, checksum(reply.bytes, TRANSPORT_OFFSET, length, flow.pseudoSum + length))
    if (flow.sendFrom(reply, length) !== 'sent') counters.count('echo-unsent')
  }

  /** Find out whose packet an error is about, and tell that transport. */
  #passOn(input: IpInput, bytes: Uint8Array, offset: number, length: number): void {
    const { counters, flows, delivery } = this.#context
    const quote = offset + ICMP_HEADER_LENGTH
    const end = offset + length
    if (quote + IPV6_HEADER_LENGTH > end || bytes[quote] >> 4 !== 6) return counters.count('icmpv6-bad-quote')
    const upper = skipIpv6Extensions(bytes, quote, end)
    if (upper.offset + MIN_QUOTE > end) return counters.count('icmpv6-bad-quote')
    const local = wordsAt(bytes, quote + 8)
    if (!flows.router.ownerOf(local, input.nic)) return counters.count('icmpv6-foreign-quote')
    const error = this.#error
    error.type = bytes[offset]
    error.code = bytes[offset + 1]
    error.kind = kindOf(error.type, error.code)
    error.protocol = upper.protocol
    error.local = local
    error.remote = wordsAt(bytes, quote + 24)
    error.now = input.now
    error.mtu = error.kind === 'packet-too-big' ? word(bytes, offset + 4) >>> 0 : 0
    // RFC 8201 section 4: every IPv6 link carries 1280 bytes; whoever claims less is wrong or hostile.
    if (error.kind === 'packet-too-big' && error.mtu < IPV6_MIN_MTU) return counters.count('icmpv6-implausible-mtu')
    delivery.transports[error.protocol]?.handleError(error, bytes, upper.offset, end - upper.offset)
  }
}

function kindOf(type: number, code: number): IpErrorKind {
  if (type === ICMPV6_PACKET_TOO_BIG) return 'packet-too-big'
  if (type === ICMPV6_TIME_EXCEEDED) return 'time-exceeded'
  if (type === ICMPV6_PARAMETER_PROBLEM) return code === 1 ? 'protocol-unreachable' : 'parameter-problem'
  return UNREACHABLE[code] ?? 'host-unreachable'
}

function wordsAt(bytes: Uint8Array, at: number): AddressWords {
  return { w0: word(bytes, at), w1: word(bytes, at + 4), w2: word(bytes, at + 8), w3: word(bytes, at + 12) }
}

function sourceOf(input: IpInput): AddressWords {
  return { w0: input.src0, w1: input.src1, w2: input.src2, w3: input.src3 }
}

function destinationOf(input: IpInput): AddressWords {
  return { w0: input.dst0, w1: input.dst1, w2: input.dst2, w3: input.dst3 }
}
