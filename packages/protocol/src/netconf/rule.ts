import { ByteReader, ByteWriter, IpAddress, IpPrefix, type Mac, equalBytes } from '@zt/sansio'
import type { Address } from '../address.js'

/**
 * Rules as they travel: `u8 t`, `u8` length, data. `t` is 0x80 NOT, 0x40 OR, and six bits of type. A rule of a type
 * that is not known is skipped by its length and stays in the table; so is the surplus of a longer one.
 *
 * Names and fields are those of the controller's JSON. Source: `node/Capability.hpp`, `include/ZeroTierOne.h`.
 */
export type Rule = (Action | Match | UnknownRule) & {
  /** Invert the match. Without meaning on actions. */
  readonly not?: boolean
  /** Combine with what comes before by OR, not AND. Without meaning on actions. */
  readonly or?: boolean
  /** The bytes as they came, where the fields do not say all that was in them: signatures cover every bit. */
  readonly data?: Uint8Array
}

/** What to do when the matches before it hold. */
export type Action =
  | { readonly type: 'ACTION_DROP' | 'ACTION_ACCEPT' | 'ACTION_BREAK' | 'ACTION_PRIORITY' }
  /** `length` 0 is the whole frame. */
  | {
      readonly type: 'ACTION_TEE' | 'ACTION_WATCH' | 'ACTION_REDIRECT'
      readonly address: Address
      readonly flags: number
      readonly length: number
    }

/** What to look at. */
export type Match =
  | { readonly type: 'MATCH_SOURCE_ZEROTIER_ADDRESS' | 'MATCH_DEST_ZEROTIER_ADDRESS'; readonly zt: Address }
  | { readonly type: 'MATCH_VLAN_ID'; readonly vlanId: number }
  | { readonly type: 'MATCH_VLAN_PCP'; readonly vlanPcp: number }
  | { readonly type: 'MATCH_VLAN_DEI'; readonly vlanDei: number }
  | { readonly type: 'MATCH_MAC_SOURCE' | 'MATCH_MAC_DEST'; readonly mac: Mac }
  | {
      readonly type: 'MATCH_IPV4_SOURCE' | 'MATCH_IPV4_DEST' | 'MATCH_IPV6_SOURCE' | 'MATCH_IPV6_DEST'
      readonly ip: IpPrefix
    }
  | { readonly type: 'MATCH_IP_TOS'; readonly mask: number; readonly start: number; readonly end: number }
  | { readonly type: 'MATCH_IP_PROTOCOL'; readonly ipProtocol: number }
  | { readonly type: 'MATCH_ETHERTYPE'; readonly etherType: number }
  /** `icmpCode` null matches any. */
  | { readonly type: 'MATCH_ICMP'; readonly icmpType: number; readonly icmpCode: number | null }
  | {
      readonly type: 'MATCH_IP_SOURCE_PORT_RANGE' | 'MATCH_IP_DEST_PORT_RANGE' | 'MATCH_FRAME_SIZE_RANGE'
      readonly start: number
      readonly end: number
    }
  | { readonly type: 'MATCH_CHARACTERISTICS'; readonly mask: bigint }
  /** Of 2^32 - 1. */
  | { readonly type: 'MATCH_RANDOM'; readonly probability: number }
  | {
      readonly type:
        | 'MATCH_TAGS_DIFFERENCE'
        | 'MATCH_TAGS_BITWISE_AND'
        | 'MATCH_TAGS_BITWISE_OR'
        | 'MATCH_TAGS_BITWISE_XOR'
        | 'MATCH_TAGS_EQUAL'
        | 'MATCH_TAG_SENDER'
        | 'MATCH_TAG_RECEIVER'
      readonly id: number
      readonly value: number
    }
  /** `idx` is where in the frame; `end` is inclusive and at most 2^32 - 1 above `start`. */
  | {
      readonly type: 'INTEGER_RANGE'
      readonly start: bigint
      readonly end: bigint
      readonly idx: number
      readonly little: boolean
      /** 1 to 64. */
      readonly bits: number
    }

/** A rule of a type from the future, or one too short for its type. */
export interface UnknownRule {
  readonly type: 'UNKNOWN'
  /** 0 to 63: an action below 16, a match from there on. */
  readonly code: number
  readonly data: Uint8Array
}

const NOT = 0x80
const OR = 0x40
const ICMP_CODE_COUNTS = 0x01
const LITTLE_ENDIAN = 0x80

/** What a rule is called in JSON. */
export type RuleName = Exclude<Rule['type'], 'UNKNOWN'>

/** Rule types as numbers, for the wire and for evaluation. */
export const RuleType = {
  Drop: 0,
  Accept: 1,
  Tee: 2,
  Watch: 3,
  Redirect: 4,
  Break: 5,
  Priority: 6,
  /** Up to here types are actions, known or not; matches follow. */
  LastAction: 15,
  MatchSourceAddress: 24,
  MatchDestinationAddress: 25,
  MatchVlanId: 26,
  MatchVlanPcp: 27,
  MatchVlanDei: 28,
  MatchMacSource: 29,
  MatchMacDestination: 30,
  MatchIpv4Source: 31,
  MatchIpv4Destination: 32,
  MatchIpv6Source: 33,
  MatchIpv6Destination: 34,
  MatchIpTos: 35,
  MatchIpProtocol: 36,
  MatchEtherType: 37,
  MatchIcmp: 38,
  MatchSourcePortRange: 39,
  MatchDestinationPortRange: 40,
  MatchCharacteristics: 41,
  MatchFrameSizeRange: 42,
  MatchRandom: 43,
  MatchTagsDifference: 44,
  MatchTagsAnd: 45,
  MatchTagsOr: 46,
  MatchTagsXor: 47,
  MatchTagsEqual: 48,
  MatchTagSender: 49,
  MatchTagReceiver: 50,
  MatchIntegerRange: 51,
} as const

const typeOfName: Readonly<Record<RuleName, number>> = {
  ACTION_DROP: RuleType.Drop,
  ACTION_ACCEPT: RuleType.Accept,
  ACTION_TEE: RuleType.Tee,
  ACTION_WATCH: RuleType.Watch,
  ACTION_REDIRECT: RuleType.Redirect,
  ACTION_BREAK: RuleType.Break,
  ACTION_PRIORITY: RuleType.Priority,
  MATCH_SOURCE_ZEROTIER_ADDRESS: RuleType.MatchSourceAddress,
  MATCH_DEST_ZEROTIER_ADDRESS: RuleType.MatchDestinationAddress,
  MATCH_VLAN_ID: RuleType.MatchVlanId,
  MATCH_VLAN_PCP: RuleType.MatchVlanPcp,
  MATCH_VLAN_DEI: RuleType.MatchVlanDei,
  MATCH_MAC_SOURCE: RuleType.MatchMacSource,
  MATCH_MAC_DEST: RuleType.MatchMacDestination,
  MATCH_IPV4_SOURCE: RuleType.MatchIpv4Source,
  MATCH_IPV4_DEST: RuleType.MatchIpv4Destination,
  MATCH_IPV6_SOURCE: RuleType.MatchIpv6Source,
  MATCH_IPV6_DEST: RuleType.MatchIpv6Destination,
  MATCH_IP_TOS: RuleType.MatchIpTos,
  MATCH_IP_PROTOCOL: RuleType.MatchIpProtocol,
  MATCH_ETHERTYPE: RuleType.MatchEtherType,
  MATCH_ICMP: RuleType.MatchIcmp,
  MATCH_IP_SOURCE_PORT_RANGE: RuleType.MatchSourcePortRange,
  MATCH_IP_DEST_PORT_RANGE: RuleType.MatchDestinationPortRange,
  MATCH_CHARACTERISTICS: RuleType.MatchCharacteristics,
  MATCH_FRAME_SIZE_RANGE: RuleType.MatchFrameSizeRange,
  MATCH_RANDOM: RuleType.MatchRandom,
  MATCH_TAGS_DIFFERENCE: RuleType.MatchTagsDifference,
  MATCH_TAGS_BITWISE_AND: RuleType.MatchTagsAnd,
  MATCH_TAGS_BITWISE_OR: RuleType.MatchTagsOr,
  MATCH_TAGS_BITWISE_XOR: RuleType.MatchTagsXor,
  MATCH_TAGS_EQUAL: RuleType.MatchTagsEqual,
  MATCH_TAG_SENDER: RuleType.MatchTagSender,
  MATCH_TAG_RECEIVER: RuleType.MatchTagReceiver,
  INTEGER_RANGE: RuleType.MatchIntegerRange,
}

const nameOfType: readonly (RuleName | undefined)[] = Array.from({ length: 64 }, (_, type) =>
  (Object.keys(typeOfName) as RuleName[]).find((name) => typeOfName[name] === type),
)

/** The rule's type as a number, a `RuleType` unless it is unknown. */
export function ruleTypeOf(rule: Rule): number {
  return rule.type === 'UNKNOWN' ? rule.code : typeOfName[rule.type]
}

/**
 * One rule. A known rule that is cut off by the end makes the reader faulty; one that is shorter than its type needs,
 * but whole, is unknown, as is everything of a type that we do not know.
 */
export function decodeRule(r: ByteReader): Rule {
  const t = r.u8()
  const length = r.u8()
  const code = t & 0x3f
  const name = nameOfType[code]
  // An unknown rule at the very end may be cut off: it is enough to know that it is there.
  const data = r.take(name ? length : Math.min(length, r.remaining))
  const fields = new ByteReader(data)
  const known = name && decodeFields(name, fields)
  const rule = known && fields.ok ? known : { type: 'UNKNOWN' as const, code, data: data.slice() }
  const w = new ByteWriter(data.length)
  encodeFields(w, rule)
  const isAll = equalBytes(w.bytes, data)
  return { ...rule, ...(t & NOT && { not: true }), ...(t & OR && { or: true }), ...(!isAll && { data: data.slice() }) }
}

export function encodeRule(w: ByteWriter, rule: Rule): void {
  const at = w.length
  w.u16(0)
  if (rule.data) w.put(rule.data)
  else encodeFields(w, rule)
  const t = ruleTypeOf(rule) | (rule.not ? NOT : 0) | (rule.or ? OR : 0)
  w.setU16(at, (t << 8) | (w.length - at - 2))
}

/** Rules to the end of the reader; those past `limit` are left out. */
export function decodeRules(r: ByteReader, limit: number): Rule[] | undefined {
  const rules: Rule[] = []
  while (r.remaining > 0 && rules.length < limit) rules.push(decodeRule(r))
  return r.ok ? rules : undefined
}

export function encodeRules(w: ByteWriter, rules: readonly Rule[]): void {
  for (const rule of rules) encodeRule(w, rule)
}

function decodeFields(type: RuleName, r: ByteReader): Action | Match | undefined {
  switch (type) {
    case 'ACTION_DROP':
    case 'ACTION_ACCEPT':
    case 'ACTION_BREAK':
    case 'ACTION_PRIORITY':
      return { type }
    case 'ACTION_TEE':
    case 'ACTION_WATCH':
    case 'ACTION_REDIRECT':
      r.skip(3)
      return { type, address: r.u40(), flags: r.u32(), length: r.u16() }
    case 'MATCH_SOURCE_ZEROTIER_ADDRESS':
    case 'MATCH_DEST_ZEROTIER_ADDRESS':
      return { type, zt: r.u40() }
    case 'MATCH_VLAN_ID':
      return { type, vlanId: r.u16() }
    case 'MATCH_VLAN_PCP':
      return { type, vlanPcp: r.u8() }
    case 'MATCH_VLAN_DEI':
      return { type, vlanDei: r.u8() }
    case 'MATCH_MAC_SOURCE':
    case 'MATCH_MAC_DEST':
      return { type, mac: r.u48() }
    case 'MATCH_IPV4_SOURCE':
    case 'MATCH_IPV4_DEST':
      return decodePrefix(type, r.take(4), r.u8())
    case 'MATCH_IPV6_SOURCE':
    case 'MATCH_IPV6_DEST':
      return decodePrefix(type, r.take(16), r.u8())
    case 'MATCH_IP_TOS':
      return { type, mask: r.u8(), start: r.u8(), end: r.u8() }
    case 'MATCH_IP_PROTOCOL':
      return { type, ipProtocol: r.u8() }
    case 'MATCH_ETHERTYPE':
      return { type, etherType: r.u16() }
    case 'MATCH_ICMP': {
      const [icmpType, icmpCode, flags] = [r.u8(), r.u8(), r.u8()]
      return { type, icmpType, icmpCode: flags & ICMP_CODE_COUNTS ? icmpCode : null }
    }
    case 'MATCH_IP_SOURCE_PORT_RANGE':
    case 'MATCH_IP_DEST_PORT_RANGE':
    case 'MATCH_FRAME_SIZE_RANGE':
      return { type, start: r.u16(), end: r.u16() }
    case 'MATCH_CHARACTERISTICS':
      return { type, mask: r.u64() }
    case 'MATCH_RANDOM':
      return { type, probability: r.u32() }
    case 'MATCH_TAGS_DIFFERENCE':
    case 'MATCH_TAGS_BITWISE_AND':
    case 'MATCH_TAGS_BITWISE_OR':
    case 'MATCH_TAGS_BITWISE_XOR':
    case 'MATCH_TAGS_EQUAL':
    case 'MATCH_TAG_SENDER':
    case 'MATCH_TAG_RECEIVER':
      return { type, id: r.u32(), value: r.u32() }
    case 'INTEGER_RANGE': {
      const start = r.u64()
      // Nodes keep the width of the range in 32 bits, so a wider one means what they make of it.
      const width = BigInt.asUintN(32, r.u64() - start)
      const [idx, format] = [r.u16(), r.u8()]
      const end = BigInt.asUintN(64, start + width)
      return { type, start, end, idx, little: (format & LITTLE_ENDIAN) !== 0, bits: (format & 63) + 1 }
    }
  }
}

type PrefixMatch = Extract<Match, { readonly ip: IpPrefix }>

function decodePrefix(type: PrefixMatch['type'], address: Uint8Array, bits: number): PrefixMatch | undefined {
  const ip = IpAddress.of(address)
  return ip && bits <= 8 * ip.bytes.length ? { type, ip: new IpPrefix(ip, bits) } : undefined
}

function encodeFields(w: ByteWriter, rule: Action | Match | UnknownRule): void {
  switch (rule.type) {
    case 'ACTION_DROP':
    case 'ACTION_ACCEPT':
    case 'ACTION_BREAK':
    case 'ACTION_PRIORITY':
      break
    case 'ACTION_TEE':
    case 'ACTION_WATCH':
    case 'ACTION_REDIRECT':
      w.zeros(3).u40(rule.address).u32(rule.flags).u16(rule.length)
      break
    case 'MATCH_SOURCE_ZEROTIER_ADDRESS':
    case 'MATCH_DEST_ZEROTIER_ADDRESS':
      w.u40(rule.zt)
      break
    case 'MATCH_VLAN_ID':
      w.u16(rule.vlanId)
      break
    case 'MATCH_VLAN_PCP':
      w.u8(rule.vlanPcp)
      break
    case 'MATCH_VLAN_DEI':
      w.u8(rule.vlanDei)
      break
    case 'MATCH_MAC_SOURCE':
    case 'MATCH_MAC_DEST':
      w.u48(rule.mac)
      break
    case 'MATCH_IPV4_SOURCE':
    case 'MATCH_IPV4_DEST':
    case 'MATCH_IPV6_SOURCE':
    case 'MATCH_IPV6_DEST':
      w.put(rule.ip.address.bytes).u8(rule.ip.bits)
      break
    case 'MATCH_IP_TOS':
      w.u8(rule.mask).u8(rule.start).u8(rule.end)
      break
    case 'MATCH_IP_PROTOCOL':
      w.u8(rule.ipProtocol)
      break
    case 'MATCH_ETHERTYPE':
      w.u16(rule.etherType)
      break
    case 'MATCH_ICMP':
      w.u8(rule.icmpType)
        .u8(rule.icmpCode ?? 0)
        .u8(rule.icmpCode === null ? 0 : ICMP_CODE_COUNTS)
      break
    case 'MATCH_IP_SOURCE_PORT_RANGE':
    case 'MATCH_IP_DEST_PORT_RANGE':
    case 'MATCH_FRAME_SIZE_RANGE':
      w.u16(rule.start).u16(rule.end)
      break
    case 'MATCH_CHARACTERISTICS':
      w.u64(rule.mask)
      break
    case 'MATCH_RANDOM':
      w.u32(rule.probability)
      break
    case 'MATCH_TAGS_DIFFERENCE':
    case 'MATCH_TAGS_BITWISE_AND':
    case 'MATCH_TAGS_BITWISE_OR':
    case 'MATCH_TAGS_BITWISE_XOR':
    case 'MATCH_TAGS_EQUAL':
    case 'MATCH_TAG_SENDER':
    case 'MATCH_TAG_RECEIVER':
      w.u32(rule.id).u32(rule.value)
      break
    case 'INTEGER_RANGE':
      w.u64(rule.start)
        .u64(rule.end)
        .u16(rule.idx)
        .u8((rule.little ? LITTLE_ENDIAN : 0) | (rule.bits - 1))
      break
    case 'UNKNOWN':
      w.put(rule.data)
      break
  }
}
