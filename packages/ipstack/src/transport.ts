import type { Instant, IpAddress } from '@zt/sansio'
import { type AddressWords, addressOf } from './address-words.js'
import type { Interface } from './interface.js'
import { isChecksumValid, sumWord } from './wire/checksum.js'

/**
 * What a transport (TCP, UDP) offers to the stack.
 *
 * The rule of a burst: `handleSegment` only changes state; whatever is to be sent is sent in `flush`, which the stack
 * calls once after every burst of input and of application calls (`IpStack.touch` asks for it). A link may deliver
 * while it takes a packet, so sending from within `handleSegment` could overwrite bytes that are still being read.
 */
export interface Transport {
  /**
   * A packet for us; the payload is at `offset`, borrowed for the call. `false`: nobody is there, and the stack answers
   * "port unreachable" where that is allowed.
   */
  handleSegment(input: IpInput, bytes: Uint8Array, offset: number, length: number): boolean
  /**
   * Something came back about a packet of ours, whose transport header (at least 8 bytes) is at `offset`. Anyone may
   * have forged it: believe it only if the quoted ports and sequence number are those of a packet in flight.
   */
  handleError(error: IpError, bytes: Uint8Array, offset: number, length: number): void
  /** The end of a burst: send what is due. */
  flush(now: Instant): void
  /** A link that had refused a packet has room again; comes before `flush`. */
  handleDrain?(now: Instant): void
  /** Addresses, routes or an MTU have changed: ask each flow for its `mtu` and `problem` again. Before `flush`. */
  handlePathChange?(now: Instant): void
}

/**
 * A packet that has arrived, as integers. One object serves every packet: never keep it. Addresses are in the form of
 * `AddressWords`.
 */
export class IpInput {
  nic!: Interface
  /** When the burst that brought it began. */
  now: Instant = 0
  family: 4 | 6 = 4
  protocol = 0
  src0 = 0
  src1 = 0
  src2 = 0
  src3 = 0
  dst0 = 0
  dst1 = 0
  dst2 = 0
  dst3 = 0
  /** TTL or hop limit. */
  hopLimit = 0
  /** The ECN field: 0 not capable, 1 and 2 capable, 3 congestion experienced. */
  ecn = 0
  /** False if the packet came by broadcast or multicast, of the link or of IP: to be taken, if at all, without reply. */
  isUnicast = true
  /** Where the IP packet begins in the bytes, for quoting it in an ICMP error, and how long it is. */
  packetOffset = 0
  packetLength = 0

  /** The source as a value. Allocates: not for every packet. */
  get source(): IpAddress {
    return addressOf(this.src0, this.src1, this.src2, this.src3)
  }

  /** The destination as a value. Allocates: not for every packet. */
  get destination(): IpAddress {
    return addressOf(this.dst0, this.dst1, this.dst2, this.dst3)
  }

  /** The sum of the pseudo-header for a transport length, to be added to the sum of the segment. */
  pseudoSum(length: number): number {
    const ends = sumWord(this.src3) + sumWord(this.dst3) + this.protocol + length
    if (this.family === 4) return ends
    return (
      ends +
      sumWord(this.src0) +
      sumWord(this.src1) +
      sumWord(this.src2) +
      sumWord(this.dst0) +
      sumWord(this.dst1) +
      sumWord(this.dst2)
    )
  }

  /** Is the checksum of this TCP, UDP or ICMPv6 segment right? */
  isChecksumValid(bytes: Uint8Array, offset: number, length: number): boolean {
    return isChecksumValid(bytes, offset, length, this.pseudoSum(length))
  }
}

/** What an ICMP error says, in one vocabulary for both families. */
export type IpErrorKind =
  | 'network-unreachable'
  | 'host-unreachable'
  | 'protocol-unreachable'
  | 'port-unreachable'
  | 'prohibited'
  | 'packet-too-big'
  | 'time-exceeded'
  | 'parameter-problem'

/** An error about a packet of ours. One object serves every error: never keep it. */
export class IpError {
  kind: IpErrorKind = 'host-unreachable'
  /** True if this stack itself gave up (no neighbour answered), so that there is nothing to doubt. */
  isLocal = false
  family: 4 | 6 = 4
  protocol = 0
  /** Our address and theirs, as in the quoted packet. */
  local: AddressWords = UNSPECIFIED
  remote: AddressWords = UNSPECIFIED
  /** ICMP type and code; 0 if local. */
  type = 0
  code = 0
  /**
   * For `packet-too-big`: the largest IP packet that would pass, already held to what is plausible. A transport that
   * believes the error hands it to `IpStack.reportPathMtu`.
   */
  mtu = 0
  now: Instant = 0
}

const UNSPECIFIED: AddressWords = { w0: 0, w1: 0, w2: 0, w3: 0 }
