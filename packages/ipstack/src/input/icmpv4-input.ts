import type { Counters, RateGate } from '@zt/sansio'
import { addressOf, V4_MARK, word } from '../address-words.js'
import { Flow, type FlowContext } from '../output/flow.js'
import { plateauBelow } from '../output/path-mtu.js'
import { TRANSPORT_OFFSET } from '../output/scratch.js'
import type { Pings } from '../ping.js'
import { IpError, type IpErrorKind, type IpInput, type Transport } from '../transport.js'
import { isChecksumValid, updateChecksum } from '../wire/checksum.js'
import {
  ICMP_HEADER_LENGTH,
  ICMPV4_DESTINATION_UNREACHABLE,
  ICMPV4_ECHO_REPLY,
  ICMPV4_ECHO_REQUEST,
  ICMPV4_FRAGMENTATION_NEEDED,
  ICMPV4_PARAMETER_PROBLEM,
  ICMPV4_TIME_EXCEEDED,
} from '../wire/icmpv4.js'
import { IPV4_HEADER_LENGTH, ipv4Fragment, ipv4HeaderLength, ipv4Protocol } from '../wire/ipv4.js'
import { PROTOCOL_ICMPV4 } from '../wire/numbers.js'
import type { Delivery } from './delivery.js'

/** Bytes of the transport header that a quote must hold (RFC 792); with less nobody can tell whose packet it was. */
const MIN_QUOTE = 8

/** What ICMP input needs of its stack, for both families. */
export interface IcmpContext {
  readonly flows: FlowContext
  readonly counters: Counters
  readonly delivery: Delivery
  readonly pings: Pings
  /** Limits echo replies; `undefined`: do not answer. */
  readonly echoGate: RateGate | undefined
  readonly hopLimit: number
  readonly pathMtuFloorV4: number
}

/** What destination unreachable means, by code (RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1). */
const UNREACHABLE: readonly IpErrorKind[] = [
  'network-unreachable',
  'host-unreachable',
  'protocol-unreachable',
  'port-unreachable',
  'packet-too-big',
  'host-unreachable',
  'network-unreachable',
  'host-unreachable',
  'host-unreachable',
  'prohibited',
  'prohibited',
  'network-unreachable',
  'host-unreachable',
  'prohibited',
  'prohibited',
  'prohibited',
]

/** ICMPv4 as a transport of its own: answers echo, hears replies, passes errors on. Everything else is ignored. */
export class Icmpv4Input implements Transport {
  readonly #context: IcmpContext
  readonly #error = new IpError()

  constructor(context: IcmpContext) {
    this.#context = context
    this.#error.family = 4
  }

  handleSegment(input: IpInput, bytes: Uint8Array, offset: number, length: number): boolean {
    const { counters } = this.#context
    if (length < ICMP_HEADER_LENGTH) counters.count('icmpv4-malformed')
    else if (!isChecksumValid(bytes, offset, length)) counters.count('icmpv4-bad-checksum')
    else this.#handle(input, bytes, offset, length)
    return true
  }

  /** An error about an echo request of ours. */
  handleError(error: IpError, bytes: Uint8Array, offset: number): void {
    if (bytes[offset] !== ICMPV4_ECHO_REQUEST) return
    failPing(this.#context.pings, error, word(bytes, offset + 4) >>> 0)
  }

  flush(): void {}

  #handle(input: IpInput, bytes: Uint8Array, offset: number, length: number): void {
    switch (bytes[offset]) {
      case ICMPV4_ECHO_REQUEST:
        return this.#answer(input, bytes, offset, length)
      case ICMPV4_ECHO_REPLY: {
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
      case ICMPV4_DESTINATION_UNREACHABLE:
      case ICMPV4_TIME_EXCEEDED:
      case ICMPV4_PARAMETER_PROBLEM:
        return this.#passOn(input, bytes, offset, length)
      default:
        // Source quench and redirects too: RFC 6633, and a host that cannot tell who sends them.
        this.#context.counters.count('icmpv4-ignored')
    }
  }

  #answer(input: IpInput, bytes: Uint8Array, offset: number, length: number): void {
    const { flows, counters, echoGate, hopLimit } = this.#context
    if (!input.isUnicast) return counters.count('echo-to-group')
    if (!echoGate?.pass(input.now)) return counters.count('echo-suppressed')
    const remote = { w0: 0, w1: 0, w2: V4_MARK, w3: input.src3 }
    const local = { w0: 0, w1: 0, w2: V4_MARK, w3: input.dst3 }
    const nic = input.nic.isLoopback ? undefined : input.nic
    const flow = Flow.open(flows, { protocol: PROTOCOL_ICMPV4, remote, local, nic }, hopLimit)
    if (typeof flow === 'string') return counters.count('echo-unroutable')
    flow.dontFragment = false
    const reply = flows.replyScratch
    reply.bytes.set(bytes.subarray(offset, offset + length), TRANSPORT_OFFSET)
    const wasType = reply.view.getUint16(TRANSPORT_OFFSET)
    reply.view.setUint16(TRANSPORT_OFFSET, ICMPV4_ECHO_REPLY << 8)
    reply.view.setUint16(
      TRANSPORT_OFFSET + 2,
      updateChecksum(reply.view.getUint16(TRANSPORT_OFFSET + 2), wasType, ICMPV4_ECHO_REPLY << 8),
    )
    if (flow.sendFrom(reply, length) !== 'sent') counters.count('echo-unsent')
  }

  /** Find out whose packet an error is about, and tell that transport. */
  #passOn(input: IpInput, bytes: Uint8Array, offset: number, length: number): void {
    const quote = offset + ICMP_HEADER_LENGTH
    const end = offset + length
    const header = quote + IPV4_HEADER_LENGTH <= end && bytes[quote] >> 4 === 4 ? ipv4HeaderLength(bytes, quote) : 0
    if (header < IPV4_HEADER_LENGTH || quote + header + MIN_QUOTE > end)
      return this.#context.counters.count('icmpv4-bad-quote')
    const local = { w0: 0, w1: 0, w2: V4_MARK, w3: word(bytes, quote + 12) }
    const isFirst = (ipv4Fragment(bytes, quote) & 0x1fff) === 0
    if (!isFirst || !this.#context.flows.router.ownerOf(local))
      return this.#context.counters.count('icmpv4-foreign-quote')
    const error = this.#error
    const [type, code] = [bytes[offset], bytes[offset + 1]]
    error.kind = kindOf(type, code)
    error.type = type
    error.code = code
    error.protocol = ipv4Protocol(bytes, quote)
    error.local = local
    error.remote = { w0: 0, w1: 0, w2: V4_MARK, w3: word(bytes, quote + 16) }
    error.now = input.now
    error.mtu =
      error.kind === 'packet-too-big'
        ? this.#plausibleMtu(word(bytes, offset + 4) & 0xffff, word(bytes, quote) & 0xffff)
        : 0
    this.#context.delivery.transports[error.protocol]?.handleError(error, bytes, quote + header, end - quote - header)
  }

  /** RFC 1191 section 5: an old router does not say how much would pass. */
  #plausibleMtu(said: number, quotedLength: number): number {
    return Math.max(this.#context.pathMtuFloorV4, said === 0 ? plateauBelow(quotedLength) : said)
  }
}

function kindOf(type: number, code: number): IpErrorKind {
  if (type === ICMPV4_TIME_EXCEEDED) return 'time-exceeded'
  if (type === ICMPV4_PARAMETER_PROBLEM) return 'parameter-problem'
  if (code === ICMPV4_FRAGMENTATION_NEEDED) return 'packet-too-big'
  return UNREACHABLE[code] ?? 'host-unreachable'
}

/** End a ping that something has come back about. */
export function failPing(pings: Pings, error: IpError, key: number): void {
  const to = error.remote
  const code =
    error.kind === 'network-unreachable' ? 'ENETUNREACH' : error.kind === 'packet-too-big' ? 'EMSGSIZE' : 'EHOSTUNREACH'
  pings.fail(key, code, addressOf(to.w0, to.w1, to.w2, to.w3))
}
