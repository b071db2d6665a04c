/**
 * One small matcher for each rule type. A matcher gives a soft answer, which the rule's NOT bit inverts, or a hard one,
 * which it does not: "not protocol TCP" is false for a frame that has no protocol at all.
 *
 * Source: ZeroTierOne node/Network.cpp, the network rules evaluation.
 */
import { type Address, RuleType } from '@zt/protocol'
import { BROADCAST_MAC, isMulticastMac, type Mac, type RandomSource } from '@zt/sansio'
import type { FilterFrame } from './filter-frame.js'
import { type FilterMember, type FilterPolicy, NO_TAG } from './policy.js'
import type { Step } from './rule-table.js'

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

/** What matchers look at. */
export interface MatchContext {
  readonly frame: FilterFrame
  readonly policy: FilterPolicy
  readonly member: FilterMember | undefined
  readonly isInbound: boolean
  readonly ztSource: Address
  readonly ztDestination: Address
  /** We are the target of a TEE, WATCH or REDIRECT of this table: we see frames between others. */
  readonly isTarget: boolean
  readonly random: RandomSource
}

/** Evaluate one match, before its NOT bit. */
export function match(step: Step, context: MatchContext): Outcome {
  const { frame } = context
  switch (step.type) {
    case RuleType.MatchSourceAddress:
      return soft(step.a === context.ztSource)
    case RuleType.MatchDestinationAddress:
      return soft(step.a === context.ztDestination)
    case RuleType.MatchVlanId:
      return soft(step.a === frame.vlan)
    case RuleType.MatchVlanPcp:
    case RuleType.MatchVlanDei:
      return soft(step.a === 0)
    case RuleType.MatchMacSource:
      return soft(step.a === frame.source)
    case RuleType.MatchMacDestination:
      return soft(step.a === frame.destination)
    case RuleType.MatchIpv4Source:
      return matchIpv4(step, frame, 12)
    case RuleType.MatchIpv4Destination:
      return matchIpv4(step, frame, 16)
    case RuleType.MatchIpv6Source:
      return matchIpv6(step, frame, 8)
    case RuleType.MatchIpv6Destination:
      return matchIpv6(step, frame, 24)
    case RuleType.MatchIpTos:
      return matchTos(step, frame)
    case RuleType.MatchIpProtocol:
      return frame.protocol < 0 ? HARD_NO : soft(step.a === frame.protocol)
    case RuleType.MatchEtherType:
      return soft(step.a === frame.etherType)
    case RuleType.MatchIcmp:
      return matchIcmp(step, frame)
    case RuleType.MatchSourcePortRange:
      return matchPort(step, frame, 0)
    case RuleType.MatchDestinationPortRange:
      return matchPort(step, frame, 2)
    case RuleType.MatchCharacteristics:
      return matchCharacteristics(step, context)
    case RuleType.MatchFrameSizeRange:
      return soft(step.a <= frame.length && frame.length <= step.b)
    case RuleType.MatchRandom:
      return soft(context.random.u32() <= step.a)
    case RuleType.MatchTagsDifference:
    case RuleType.MatchTagsAnd:
    case RuleType.MatchTagsOr:
    case RuleType.MatchTagsXor:
    case RuleType.MatchTagsEqual:
      return matchBothTags(step, context)
    case RuleType.MatchTagSender:
    case RuleType.MatchTagReceiver:
      return matchOneTag(step, context)
    case RuleType.MatchIntegerRange:
      return matchInteger(step, frame)
    default:
      return soft(context.policy.unknownMatches)
  }
}

function soft(holds: boolean): Outcome {
  return holds ? YES : NO
}

function matchIpv4(step: Step, frame: FilterFrame, at: number): Outcome {
  if (frame.family !== 4) return HARD_NO
  if (step.b === 0) return YES
  const b = frame.bytes
  const o = frame.offset + at
  const ip = (b[o]! << 24) | (b[o + 1]! << 16) | (b[o + 2]! << 8) | b[o + 3]!
  return soft((ip ^ step.a) >>> (32 - step.b) === 0)
}

/** A rule whose address has host bits set never matches, as in ZeroTierOne; its IPv4 rules do not mind them. */
function matchIpv6(step: Step, frame: FilterFrame, at: number): Outcome {
  if (frame.family !== 6) return HARD_NO
  const prefix = step.bytes
  const o = frame.offset + at
  for (let i = 0; i < 16; i++) if ((frame.bytes[o + i]! & prefix[16 + i]!) !== prefix[i]) return NO
  return YES
}

function matchTos(step: Step, frame: FilterFrame): Outcome {
  if (frame.family === 0) return HARD_NO
  const tos = frame.family === 4 ? frame.byte(1) : ((frame.byte(0) << 4) & 0xf0) | (frame.byte(1) >> 4)
  const masked = tos & step.a
  return soft(step.b <= masked && masked <= step.c)
}

function matchIcmp(step: Step, frame: FilterFrame): Outcome {
  const icmp = frame.family === 4 ? 1 : 58
  if (frame.protocol !== icmp || frame.length < frame.upper + 2 || frame.byte(frame.upper) !== step.a) return HARD_NO
  return step.c === 0 ? HARD_YES : soft(frame.byte(frame.upper + 1) === step.b)
}

/** TCP, UDP, SCTP and UDP-Lite begin with the source port and the destination port. */
function matchPort(step: Step, frame: FilterFrame, at: number): Outcome {
  const { protocol, family } = frame
  if (protocol < 0) return HARD_NO
  if (protocol !== 6 && protocol !== 17 && protocol !== 132 && protocol !== 136) return NO
  if (frame.length <= frame.upper + 4) return NO
  const port = (frame.byte(frame.upper + at) << 8) | frame.byte(frame.upper + at + 1)
  // ZeroTierOne takes port 0 for "no port" over IPv6, and only there.
  return soft(step.a <= port && port <= step.b && (port !== 0 || family === 4))
}

// The upper 32 bits of the characteristics; the lower 32 are TCP's reserved bits and flags.
const INBOUND = 0x8000_0000
const MULTICAST = 0x4000_0000
const BROADCAST = 0x2000_0000
const SENDER_IP_AUTHENTICATED = 0x1000_0000
const SENDER_MAC_AUTHENTICATED = 0x0800_0000

function matchCharacteristics(step: Step, context: MatchContext): Outcome {
  const { frame } = context
  let high = context.isInbound ? INBOUND : 0
  if (isMulticastMac(frame.destination)) high |= MULTICAST
  if (frame.destination === BROADCAST_MAC) high |= BROADCAST
  // Certificates are searched only when the rule asks about them.
  if ((step.a & SENDER_IP_AUTHENTICATED) !== 0 && isSenderIpAuthenticated(context)) high |= SENDER_IP_AUTHENTICATED
  if ((step.a & SENDER_MAC_AUTHENTICATED) !== 0 && ownsMac(context, frame.source)) high |= SENDER_MAC_AUTHENTICATED
  let low = 0
  if (frame.protocol === 6 && frame.length > frame.upper + (frame.family === 4 ? 13 : 14)) {
    low = ((frame.byte(frame.upper + 12) & 0x0f) << 8) | frame.byte(frame.upper + 13)
  }
  return soft(((high & step.a) | (low & step.b)) !== 0)
}

const ETHERTYPE_ARP = 0x0806
const NEIGHBOR_SOLICITATION = 135
const NEIGHBOR_ADVERTISEMENT = 136

function isSenderIpAuthenticated(context: MatchContext): boolean {
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
  if (member?.ownsIp(frame.bytes, frame.offset + at, size)) return true
  return size === 16 && policy.isEmulated(frame.bytes, frame.offset + at)
}

function ownsMac({ isInbound, policy, member }: MatchContext, mac: Mac): boolean {
  return isInbound ? member !== undefined && member.ownsMac(mac) : policy.ownsMac(mac)
}

function matchBothTags(step: Step, { policy, member, isInbound, isTarget }: MatchContext): Outcome {
  const ours = policy.tag(step.a)
  if (ours === NO_TAG) return HARD_NO
  const theirs = member ? member.tag(step.a) : NO_TAG
  if (theirs === NO_TAG) return isInbound && !isTarget ? HARD_NO : LENIENT_YES
  switch (step.type) {
    case RuleType.MatchTagsDifference:
      return soft(Math.abs(ours - theirs) <= step.b)
    case RuleType.MatchTagsAnd:
      return soft((ours & theirs) >>> 0 === step.b)
    case RuleType.MatchTagsOr:
      return soft((ours | theirs) >>> 0 === step.b)
    case RuleType.MatchTagsXor:
      return soft((ours ^ theirs) >>> 0 === step.b)
    default:
      return soft(ours === step.b && theirs === step.b)
  }
}

function matchOneTag(step: Step, { policy, member, isInbound, isTarget }: MatchContext): Outcome {
  if (isTarget) return LENIENT_YES
  const isSenders = step.type === RuleType.MatchTagSender
  const isOurs = isSenders !== isInbound
  const value = isOurs ? policy.tag(step.a) : member ? member.tag(step.a) : NO_TAG
  if (value !== NO_TAG) return soft(value === step.b)
  return isOurs || isSenders ? HARD_NO : LENIENT_YES
}

/**
 * An integer of 1 to 64 bits in the payload. Big-endian: the low bits of the 64-bit word at `index`; little-endian: the
 * high bits of the fewest bytes at `index` that hold it. Past the end of the frame it counts as zero.
 */
function matchInteger(step: Step, frame: FilterFrame): Outcome {
  const index = step.e & 0xffff
  const format = step.e >>> 16
  const bits = (format & 63) + 1
  const size = (bits + 7) >> 3
  const isLittle = (format & 0x80) !== 0
  const first = isLittle ? index : index + 8 - size
  let high = 0
  let low = 0
  if (first + size <= frame.length) {
    for (let i = 0; i < size; i++) {
      high = ((high << 8) | (low >>> 24)) >>> 0
      low = ((low << 8) | frame.byte(first + (isLittle ? size - 1 - i : i))) >>> 0
    }
  }
  const spare = 8 * size - bits
  if (isLittle) {
    if (spare > 0) low = ((low >>> spare) | (high << (32 - spare))) >>> 0
    high >>>= spare
  } else if (bits <= 32) {
    low = (low & (0xffff_ffff >>> (32 - bits))) >>> 0
    high = 0
  } else {
    high = (high & (0xffff_ffff >>> (64 - bits))) >>> 0
  }
  const isAtLeast = high > step.a || (high === step.a && low >= step.b)
  const isAtMost = high < step.c || (high === step.c && low <= step.d)
  return soft(isAtLeast && isAtMost)
}
