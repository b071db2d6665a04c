import type { Counters, RateGate } from '@zt/sansio'
import { isMulticastWords } from '../address-words.js'
import type { IpInput } from '../transport.js'
import { checksum } from '../wire/checksum.js'
import {
  ICMP_HEADER_LENGTH,
  ICMPV4_DESTINATION_UNREACHABLE,
  ICMPV4_PORT_UNREACHABLE,
  ICMPV4_PROTOCOL_UNREACHABLE,
  ICMPV4_TIME_EXCEEDED,
  isIcmpv4Error,
} from '../wire/icmpv4.js'
import {
  ICMPV6_DESTINATION_UNREACHABLE,
  ICMPV6_PARAMETER_PROBLEM,
  ICMPV6_PORT_UNREACHABLE,
  ICMPV6_TIME_EXCEEDED,
  isIcmpv6Error,
} from '../wire/icmpv6.js'
import { ipv4Fragment, ipv4HeaderLength, ipv4Protocol } from '../wire/ipv4.js'
import { IPV6_HEADER_LENGTH, skipIpv6Extensions } from '../wire/ipv6.js'
import { PROTOCOL_ICMPV4, PROTOCOL_ICMPV6 } from '../wire/numbers.js'
import { Flow, type FlowContext } from './flow.js'
import { IPV6_MIN_MTU } from './path-mtu.js'
import { type Scratch, TRANSPORT_OFFSET } from './scratch.js'

/** The largest ICMPv4 error (RFC 1812 section 4.3.2.3). */
const MAX_V4_ERROR = 576
const V4_HEADER_LENGTH = 20

/** What may be said about a packet that could not be used. */
export type Complaint = 'port-unreachable' | 'protocol-unreachable' | 'reassembly-timeout' | 'parameter-problem'

/** ICMP type and code of each complaint; the codes of a parameter problem vary. */
const V4_MEANING = {
  'port-unreachable': [ICMPV4_DESTINATION_UNREACHABLE, ICMPV4_PORT_UNREACHABLE],
  'protocol-unreachable': [ICMPV4_DESTINATION_UNREACHABLE, ICMPV4_PROTOCOL_UNREACHABLE],
  'reassembly-timeout': [ICMPV4_TIME_EXCEEDED, 1],
} as const
const V6_MEANING = {
  'port-unreachable': [ICMPV6_DESTINATION_UNREACHABLE, ICMPV6_PORT_UNREACHABLE],
  'protocol-unreachable': [ICMPV6_PARAMETER_PROBLEM, 1],
  'reassembly-timeout': [ICMPV6_TIME_EXCEEDED, 1],
  'parameter-problem': [ICMPV6_PARAMETER_PROBLEM, 0],
} as const

/** Where a parameter problem is. */
export interface ParameterProblem {
  readonly code: number
  /** Offset of the offending byte in the bytes of the packet. */
  readonly pointer: number
  /** Also in answer to multicast (RFC 4443 section 2.4 e.3). */
  readonly toGroups?: boolean
}

/**
 * Sends ICMP errors, where RFC 1122 section 3.2.2 and RFC 4443 section 2.4 allow one and the token bucket has one left.
 */
export class IcmpErrors {
  readonly #context: FlowContext
  readonly #counters: Counters
  readonly #gate: RateGate
  readonly #hopLimit: number
  readonly #scratch: Scratch

  constructor(context: FlowContext, counters: Counters, gate: RateGate, hopLimit: number) {
    this.#context = context
    this.#scratch = context.replyScratch
    this.#counters = counters
    this.#gate = gate
    this.#hopLimit = hopLimit
  }

  /** Complain to the sender of this packet. A parameter problem exists for IPv6 only, and needs to say where. */
  send(complaint: Complaint, input: IpInput, bytes: Uint8Array, problem?: ParameterProblem): void {
    if (!this.#mayAnswer(input, bytes, problem?.toGroups ?? false)) return
    if (!this.#gate.pass(input.now)) return this.#counters.count('icmp-error-suppressed')
    if (input.family === 6) this.#sendV6(complaint, input, bytes, problem)
    else if (complaint !== 'parameter-problem') this.#sendV4(complaint, input, bytes)
  }

  #sendV4(complaint: keyof typeof V4_MEANING, input: IpInput, bytes: Uint8Array): void {
    const [type, code] = V4_MEANING[complaint]
    const length = this.#quote(input, bytes, MAX_V4_ERROR - V4_HEADER_LENGTH)
    const { view, bytes: message } = this.#scratch
    view.setUint32(TRANSPORT_OFFSET, (type << 24) | (code << 16))
    view.setUint32(TRANSPORT_OFFSET + 4, 0)
    view.setUint16(TRANSPORT_OFFSET + 2, checksum(message, TRANSPORT_OFFSET, length))
    this.#flowBack(input, PROTOCOL_ICMPV4)?.sendFrom(this.#scratch, length)
  }

  #sendV6(
    complaint: keyof typeof V6_MEANING,
    input: IpInput,
    bytes: Uint8Array,
    problem: ParameterProblem | undefined,
  ): void {
    const [type, code] = V6_MEANING[complaint]
    const length = this.#quote(input, bytes, IPV6_MIN_MTU - IPV6_HEADER_LENGTH)
    const { view, bytes: message } = this.#scratch
    view.setUint32(TRANSPORT_OFFSET, (type << 24) | ((problem?.code ?? code) << 16))
    view.setUint32(TRANSPORT_OFFSET + 4, problem ? problem.pointer - input.packetOffset : 0)
    const flow = this.#flowBack(input, PROTOCOL_ICMPV6)
    if (!flow) return
    view.setUint16(TRANSPORT_OFFSET + 2, checksum(message, TRANSPORT_OFFSET, length, flow.pseudoSum + length))
    flow.sendFrom(this.#scratch, length)
  }

  /** Put as much of the packet as fits behind the ICMP header; returns the length of the message. */
  #quote(input: IpInput, bytes: Uint8Array, most: number): number {
    const length = Math.min(input.packetLength, most - ICMP_HEADER_LENGTH)
    this.#scratch.bytes.set(
      bytes.subarray(input.packetOffset, input.packetOffset + length),
      TRANSPORT_OFFSET + ICMP_HEADER_LENGTH,
    )
    return ICMP_HEADER_LENGTH + length
  }

  /** Back to the sender, from the address it spoke to if that is one of ours. */
  #flowBack(input: IpInput, protocol: number): Flow | undefined {
    const remote = { w0: input.src0, w1: input.src1, w2: input.src2, w3: input.src3 }
    const local = input.isUnicast ? { w0: input.dst0, w1: input.dst1, w2: input.dst2, w3: input.dst3 } : undefined
    const nic = input.nic.isLoopback ? undefined : input.nic
    const flow = Flow.open(this.#context, { protocol, remote, local, nic }, this.#hopLimit)
    if (typeof flow === 'string') {
      this.#counters.count('icmp-error-unroutable')
      return undefined
    }
    flow.dontFragment = false
    return flow
  }

  #mayAnswer(input: IpInput, bytes: Uint8Array, toGroups: boolean): boolean {
    const { src0, src1, src2, src3, packetOffset: at, packetLength } = input
    if (!input.isUnicast && !toGroups) return false
    if (isMulticastWords(src0, src1, src2, src3) || (src0 === 0 && src1 === 0 && src3 === 0)) return false
    if (input.family === 6) {
      const upper = skipIpv6Extensions(bytes, at, at + packetLength)
      return !(
        upper.protocol === PROTOCOL_ICMPV6 &&
        upper.offset < at + packetLength &&
        isIcmpv6Error(bytes[upper.offset])
      )
    }
    if ((ipv4Fragment(bytes, at) & 0x1fff) !== 0) return false
    const icmp = at + ipv4HeaderLength(bytes, at)
    return ipv4Protocol(bytes, at) !== PROTOCOL_ICMPV4 || (icmp < at + packetLength && !isIcmpv4Error(bytes[icmp]))
  }
}
