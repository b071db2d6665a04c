/** Rules as the network's configuration lists them, made ready for evaluation: once a configuration, not once a frame. */
import type { Rule } from '@zt/protocol'
import type { IpPrefix } from '@zt/sansio'
import * as matchers from './match.js'
import { Action, type RuleTable, type Step } from './rule-table.js'

/** Compile a table. It does not keep anything of `rules` that could change. */
export function compileRules(rules: readonly Rule[]): RuleTable {
  const steps = rules.map(compileRule)
  return { steps, acceptsAll: steps[0]?.action === Action.Accept }
}

const NO_BYTES: Uint8Array = new Uint8Array(0)

function compileRule(rule: Rule): Step {
  const action = (kind: Action, a = 0, b = 0): Step => {
    return {
      action: kind,
      match: matchers.matchUnknown,
      not: false,
      or: false,
      a,
      b,
      c: 0,
      d: 0,
      e: 0,
      bytes: NO_BYTES,
    }
  }
  const match = (matcher: matchers.Matcher, a = 0, b = 0, c = 0, d = 0, e = 0, bytes = NO_BYTES): Step => {
    return { action: Action.Match, match: matcher, not: rule.not ?? false, or: rule.or ?? false, a, b, c, d, e, bytes }
  }
  switch (rule.type) {
    case 'ACTION_DROP':
      return action(Action.Drop)
    case 'ACTION_ACCEPT':
      return action(Action.Accept)
    case 'ACTION_PRIORITY':
      return action(Action.Priority)
    case 'ACTION_BREAK':
      return action(Action.Break)
    case 'ACTION_TEE':
      return action(Action.Tee, rule.address, rule.length)
    case 'ACTION_WATCH':
      return action(Action.Watch, rule.address, rule.length)
    case 'ACTION_REDIRECT':
      return action(Action.Redirect, rule.address)
    case 'MATCH_SOURCE_ZEROTIER_ADDRESS':
      return match(matchers.matchZtSource, rule.zt)
    case 'MATCH_DEST_ZEROTIER_ADDRESS':
      return match(matchers.matchZtDestination, rule.zt)
    case 'MATCH_VLAN_ID':
      return match(matchers.matchVlanId, rule.vlanId)
    case 'MATCH_VLAN_PCP':
      return match(matchers.matchZero, rule.vlanPcp)
    case 'MATCH_VLAN_DEI':
      return match(matchers.matchZero, rule.vlanDei)
    case 'MATCH_MAC_SOURCE':
      return match(matchers.matchMacSource, rule.mac)
    case 'MATCH_MAC_DEST':
      return match(matchers.matchMacDestination, rule.mac)
    case 'MATCH_IPV4_SOURCE':
      return match(matchers.matchIpv4, 12, rule.ip.address.u32, rule.ip.bits)
    case 'MATCH_IPV4_DEST':
      return match(matchers.matchIpv4, 16, rule.ip.address.u32, rule.ip.bits)
    case 'MATCH_IPV6_SOURCE':
      return match(matchers.matchIpv6, 8, 0, 0, 0, 0, ipv6WithMask(rule.ip))
    case 'MATCH_IPV6_DEST':
      return match(matchers.matchIpv6, 24, 0, 0, 0, 0, ipv6WithMask(rule.ip))
    case 'MATCH_IP_TOS':
      return match(matchers.matchTos, rule.mask, rule.start, rule.end)
    case 'MATCH_IP_PROTOCOL':
      return match(matchers.matchProtocol, rule.ipProtocol)
    case 'MATCH_ETHERTYPE':
      return match(matchers.matchEtherType, rule.etherType)
    case 'MATCH_ICMP':
      return match(matchers.matchIcmp, rule.icmpType, rule.icmpCode ?? -1)
    case 'MATCH_IP_SOURCE_PORT_RANGE':
      return match(matchers.matchPort, 0, rule.start, rule.end)
    case 'MATCH_IP_DEST_PORT_RANGE':
      return match(matchers.matchPort, 2, rule.start, rule.end)
    case 'MATCH_CHARACTERISTICS':
      return match(matchers.matchCharacteristics, high(rule.mask), low(rule.mask))
    case 'MATCH_FRAME_SIZE_RANGE':
      return match(matchers.matchFrameSize, rule.start, rule.end)
    case 'MATCH_RANDOM':
      return match(matchers.matchRandom, rule.probability)
    case 'MATCH_TAGS_DIFFERENCE':
      return match(matchers.matchTagsDifference, rule.id, rule.value)
    case 'MATCH_TAGS_BITWISE_AND':
      return match(matchers.matchTagsAnd, rule.id, rule.value)
    case 'MATCH_TAGS_BITWISE_OR':
      return match(matchers.matchTagsOr, rule.id, rule.value)
    case 'MATCH_TAGS_BITWISE_XOR':
      return match(matchers.matchTagsXor, rule.id, rule.value)
    case 'MATCH_TAGS_EQUAL':
      return match(matchers.matchTagsEqual, rule.id, rule.value)
    case 'MATCH_TAG_SENDER':
      return match(matchers.matchTagSender, rule.id, rule.value)
    case 'MATCH_TAG_RECEIVER':
      return match(matchers.matchTagReceiver, rule.id, rule.value)
    case 'INTEGER_RANGE':
      return match(
        matchers.matchInteger,
        high(rule.start),
        low(rule.start),
        high(rule.end),
        low(rule.end),
        rule.idx + 0x1_0000 * (rule.bits + (rule.little ? 0x80 : 0)),
      )
    case 'UNKNOWN':
      return rule.code < 16 ? action(Action.Nothing) : match(matchers.matchUnknown)
  }
}

/** 16 bytes of prefix and 16 of mask. */
function ipv6WithMask({ address, bits }: IpPrefix): Uint8Array {
  const bytes = new Uint8Array(32)
  if (address.isV4) bytes.fill(0xff, 10, 12) // an IPv4-mapped address is its IPv4 address
  bytes.set(address.bytes, 16 - address.bytes.length)
  const length = address.isV4 ? bits + 96 : bits
  for (let i = 0; i < length; i++) bytes[16 + (i >> 3)]! |= 0x80 >> (i & 7)
  return bytes
}

function high(value: bigint): number {
  return Number((value >> 32n) & 0xffff_ffffn)
}

function low(value: bigint): number {
  return Number(value & 0xffff_ffffn)
}
