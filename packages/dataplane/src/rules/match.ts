/**
 * One small matcher for each rule type. A matcher gives a soft answer, which the rule's NOT bit inverts, or a hard one,
 * which it does not: "not protocol TCP" is false for a frame that has no protocol at all.
 *
 * Source: ZeroTierOne node/Network.cpp, the network rules evaluation.
 */
import type { Address } from '@zt/protocol'
import { BROADCAST_MAC, isMulticastMac, type RandomSource } from '@zt/sansio'
import type { FilterFrame } from './filter-frame.js'
import { type Holder, NO_TAG, type Ourselves } from './holder.js'

/** What matchers look at. */
export interface MatchContext {
  readonly frame: FilterFrame
  readonly policy: Ourselves
  readonly member: Holder | undefined
  readonly isInbound: boolean
  readonly ztSource: Address
  readonly ztDestination: Address
  /** We are the target of a TEE, WATCH or REDIRECT of this table: we see frames between others. */
  readonly isTarget: boolean
  readonly random: RandomSource
}

/** What a matcher says. */
export type Outcome = typeof NO | typeof YES | typeof HARD_NO | typeof HARD_YES | typeof LENIENT_YES

/** Soft no. */
export const NO = 0
/** Soft yes. */
export const YES = 1
/** No, whatever the rule's NOT bit says. */
export const HARD_NO = 2
/** Yes, whatever the rule's NOT bit says. */
export const HARD_YES = 3
/**
 * Hard yes, and the next DROP that would be taken is not: the tag asked for may not have reached us yet, and the
 * receiver will decide for itself. Without this the first frames die and no credentials are ever exchanged.
 */
export const LENIENT_YES = 4

/** What a rule says beyond its type, in an order that its matcher knows. All rules have one shape, for speed. */
export interface Operands {
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
  readonly e: number
  readonly bytes: Uint8Array
}

/** Evaluates one match, before its NOT bit. */
export type Matcher = (operands: Operands, context: MatchContext) => Outcome

function soft(holds: boolean): Outcome {
  return holds ? YES : NO
}

/** A type that we do not know. */
export const matchUnknown: Matcher = (_, { policy }) => soft(policy.unknownMatches)

/** The sender's ZeroTier address. */
export const matchZtSource: Matcher = (of, { ztSource }) => soft(of.a === ztSource)
/** The recipient's ZeroTier address; 0 where a frame goes to many. */
export const matchZtDestination: Matcher = (of, { ztDestination }) => soft(of.a === ztDestination)
/** The source MAC. */
export const matchMacSource: Matcher = (of, { frame }) => soft(of.a === frame.source)
/** The destination MAC. */
export const matchMacDestination: Matcher = (of, { frame }) => soft(of.a === frame.destination)

/** The EtherType. */
export const matchEtherType: Matcher = (of, { frame }) => soft(of.a === frame.etherType)
/** The VLAN id. */
export const matchVlanId: Matcher = (of, { frame }) => soft(of.a === frame.vlan)
/** VLAN priority and drop eligibility: nobody passes them on, so they are 0. */
export const matchZero: Matcher = (of) => soft(of.a === 0)
/** `a` to `b` bytes of payload. */
export const matchFrameSize: Matcher = (of, { frame }) => soft(of.a <= frame.length && frame.length <= of.b)
/** With a probability of about `a` in 2^32. */
export const matchRandom: Matcher = (of, { random }) => soft(random.u32() <= of.a)

/** `a` is where the address lies, `b` the prefix, `c` its length. */
export const matchIpv4: Matcher = (of, { frame }) => {
  if (frame.family !== 4) return HARD_NO
  if (of.c === 0) return YES
  const b = frame.bytes
  const at = frame.offset + of.a
  const ip = (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!
  return soft((ip ^ of.b) >>> (32 - of.c) === 0)
}

/**
 * `a` is where the address lies, `bytes` the prefix and its mask, 16 bytes each. A prefix with host bits set never
 * matches, as in ZeroTierOne; its IPv4 rules do not mind them.
 */
export const matchIpv6: Matcher = (of, { frame }) => {
  if (frame.family !== 6) return HARD_NO
  const prefix = of.bytes
  const at = frame.offset + of.a
  for (let i = 0; i < 16; i++) if ((frame.bytes[at + i]! & prefix[16 + i]!) !== prefix[i]) return NO
  return YES
}

/** TOS or traffic class, masked by `a`, from `b` to `c`. */
export const matchTos: Matcher = (of, { frame }) => {
  if (frame.family === 0) return HARD_NO
  const tos = frame.family === 4 ? frame.byte(1) : ((frame.byte(0) << 4) & 0xf0) | (frame.byte(1) >> 4)
  const masked = tos & of.a
  return soft(of.b <= masked && masked <= of.c)
}

/** The IP protocol, behind extension headers. */
export const matchProtocol: Matcher = (of, { frame }) => {
  return frame.protocol < 0 ? HARD_NO : soft(of.a === frame.protocol)
}

/** Type `a`, and code `b` unless that is -1. */
export const matchIcmp: Matcher = (of, { frame }) => {
  const icmp = frame.family === 4 ? 1 : 58
  if (frame.protocol !== icmp || frame.length < frame.upper + 2 || frame.byte(frame.upper) !== of.a) return HARD_NO
  return of.b < 0 ? HARD_YES : soft(frame.byte(frame.upper + 1) === of.b)
}

/** The port at `a` in the header, from `b` to `c`. TCP, UDP, SCTP and UDP-Lite begin with source and destination port. */
export const matchPort: Matcher = (of, { frame }) => {
  const { protocol, family } = frame
  if (protocol < 0) return HARD_NO
  if (protocol !== 6 && protocol !== 17 && protocol !== 132 && protocol !== 136) return NO
  if (frame.length <= frame.upper + 4) return NO
  const port = (frame.byte(frame.upper + of.a) << 8) | frame.byte(frame.upper + of.a + 1)
  // ZeroTierOne takes port 0 for "no port" over IPv6, and only there.
  return soft(of.b <= port && port <= of.c && (port !== 0 || family === 4))
}

// The upper 32 bits of the characteristics; the lower 32 are TCP's reserved bits and flags.
const INBOUND = 0x8000_0000
const MULTICAST = 0x4000_0000
const BROADCAST = 0x2000_0000
const SENDER_IP_AUTHENTICATED = 0x1000_0000
const SENDER_MAC_AUTHENTICATED = 0x0800_0000

/** Any of the bits in the masks `a` (upper) and `b` (lower). Certificates are searched only when the mask asks for it. */
export const matchCharacteristics: Matcher = (of, context) => {
  const { frame } = context
  let upper = context.isInbound ? INBOUND : 0
  if (isMulticastMac(frame.destination)) upper |= MULTICAST
  if (frame.destination === BROADCAST_MAC) upper |= BROADCAST
  if ((of.a & SENDER_IP_AUTHENTICATED) !== 0 && isSenderIpAuthentic(context)) upper |= SENDER_IP_AUTHENTICATED
  if ((of.a & SENDER_MAC_AUTHENTICATED) !== 0 && isSenderMacAuthentic(context)) upper |= SENDER_MAC_AUTHENTICATED
  let lower = 0
  if (frame.protocol === 6 && frame.length > frame.upper + (frame.family === 4 ? 13 : 14)) {
    lower = ((frame.byte(frame.upper + 12) & 0x0f) << 8) | frame.byte(frame.upper + 13)
  }
  return soft(((upper & of.a) | (lower & of.b)) !== 0)
}

const ETHERTYPE_ARP = 0x0806
const NEIGHBOR_SOLICITATION = 135
const NEIGHBOR_ADVERTISEMENT = 136

function isSenderIpAuthentic(context: MatchContext): boolean {
  const { frame } = context
  if (frame.family === 4) return ownsIp(context, 12, 4)
  if (frame.etherType === ETHERTYPE_ARP && frame.length >= 28) return ownsIp(context, 14, 4)
  if (frame.family !== 6) return false
  const isNdp = frame.length >= 64 && frame.byte(6) === 58
  // A solicitation may come from an address that nobody owns yet; an advertisement speaks for its target.
  if (isNdp && frame.byte(40) === NEIGHBOR_SOLICITATION) return true
  if (isNdp && frame.byte(40) === NEIGHBOR_ADVERTISEMENT) return ownsIp(context, 48, 16)
  return ownsIp(context, 8, 16)
}

function ownsIp({ frame, isInbound, policy, member }: MatchContext, at: number, size: number): boolean {
  if (!isInbound) return policy.ownsIp(frame.bytes, frame.offset + at, size)
  if (member !== undefined && member.ownsIp(frame.bytes, frame.offset + at, size)) return true
  return size === 16 && policy.isEmulated(frame.bytes, frame.offset + at)
}

function isSenderMacAuthentic({ frame, isInbound, policy, member }: MatchContext): boolean {
  return isInbound ? member !== undefined && member.ownsMac(frame.source) : policy.ownsMac(frame.source)
}

/** The tags `a` of both sides differ by `b` at most. */
export const matchTagsDifference = bothTags((ours, theirs, value) => Math.abs(ours - theirs) <= value)
/** The bits that both tags `a` have are `b`. */
export const matchTagsAnd = bothTags((ours, theirs, value) => (ours & theirs) >>> 0 === value)
/** The bits that any of the tags `a` has are `b`. */
export const matchTagsOr = bothTags((ours, theirs, value) => (ours | theirs) >>> 0 === value)
/** The bits in which the tags `a` differ are `b`. */
export const matchTagsXor = bothTags((ours, theirs, value) => (ours ^ theirs) >>> 0 === value)
/** Both tags `a` are `b`. */
export const matchTagsEqual = bothTags((ours, theirs, value) => ours === value && theirs === value)

function bothTags(compare: (ours: number, theirs: number, value: number) => boolean): Matcher {
  return (of, { policy, member, isInbound, isTarget }) => {
    const ours = policy.tag(of.a)
    if (ours === NO_TAG) return HARD_NO
    const theirs = member === undefined ? NO_TAG : member.tag(of.a)
    if (theirs === NO_TAG) return isInbound && !isTarget ? HARD_NO : LENIENT_YES
    return soft(compare(ours, theirs, of.b))
  }
}

/** The sender's tag `a` is `b`. */
export const matchTagSender: Matcher = (of, context) => {
  if (context.isTarget) return LENIENT_YES
  const value = tagOf(context.isInbound ? context.member : context.policy, of.a)
  return value === NO_TAG ? HARD_NO : soft(value === of.b)
}

/** The receiver's tag `a` is `b`. */
export const matchTagReceiver: Matcher = (of, context) => {
  if (context.isTarget) return LENIENT_YES
  const value = tagOf(context.isInbound ? context.policy : context.member, of.a)
  if (value === NO_TAG) return context.isInbound ? HARD_NO : LENIENT_YES
  return soft(value === of.b)
}

function tagOf(side: Holder | undefined, id: number): number {
  return side === undefined ? NO_TAG : side.tag(id)
}

const IS_LITTLE = 0x80

/**
 * An integer of 1 to 64 bits, from `a` and `b` to `c` and `d` (upper and lower words, inclusive). The lower half of `e`
 * is where it lies, the upper half its size in bits, with 0x80 if it is little-endian.
 *
 * Big-endian: the low bits of the eight bytes there; little-endian: the high bits of the fewest bytes there that hold
 * it. Past the end of the frame it counts as zero.
 */
export const matchInteger: Matcher = (of, { frame }) => {
  const format = of.e >>> 16
  const bits = format & 0x7f
  const size = (bits + 7) >> 3
  const isLittle = (format & IS_LITTLE) !== 0
  const first = (of.e & 0xffff) + (isLittle ? 0 : 8 - size)
  let upper = 0
  let lower = 0
  if (first + size <= frame.length) {
    for (let i = 0; i < size; i++) {
      upper = ((upper << 8) | (lower >>> 24)) >>> 0
      lower = ((lower << 8) | frame.byte(first + (isLittle ? size - 1 - i : i))) >>> 0
    }
  }
  const spare = 8 * size - bits
  if (isLittle && spare > 0) {
    lower = ((lower >>> spare) | (upper << (32 - spare))) >>> 0
    upper >>>= spare
  } else if (bits <= 32) {
    lower = (lower & (0xffff_ffff >>> (32 - bits))) >>> 0
    upper = 0
  } else {
    upper = (upper & (0xffff_ffff >>> (64 - bits))) >>> 0
  }
  const isLow = upper < of.a || (upper === of.a && lower < of.b)
  const isHigh = upper > of.c || (upper === of.c && lower > of.d)
  return soft(!isLow && !isHigh)
}
