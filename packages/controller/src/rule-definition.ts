/** Rules as JSON, with the names and fields of ZeroTierOne's controller; see the rules of `@zt/protocol` for meanings. */
import { formatAddress, type Rule, type RuleName } from '@zt/protocol'
import { formatMac, IpPrefix, parseMac } from '@zt/sansio'
import { type Check, flag, hex, integer, object, reject } from './json-fields.js'

/**
 * A rule as its owner writes it. Beside `type`, `not` and `or` it has the fields of the rule: ZeroTier addresses as ten
 * hexadecimal digits, MACs as `aa:bb:cc:dd:ee:ff`, prefixes as `10.0.0.0/8`, 64-bit numbers as hexadecimal text.
 *
 *     { type: 'MATCH_ETHERTYPE', not: true, etherType: 0x0800 }, { type: 'ACTION_DROP' }, { type: 'ACTION_ACCEPT' }
 */
export interface RuleDefinition {
  readonly type: RuleName
  /** Invert this match. */
  readonly not?: boolean
  /** Combine it with what comes before by OR. */
  readonly or?: boolean
  readonly [field: string]: string | number | boolean | null | undefined
}

type Json = string | number | boolean | null
type Fields = Readonly<Record<string, unknown>>

/** One field of a rule: from JSON, given the fields before it, and back. */
interface Field {
  readonly parse: (value: unknown, field: string, before: Fields) => unknown
  readonly format: (value: never) => Json
}

const asIs = (value: Json): Json => value

function number(most: number, fallback?: number | ((before: Fields) => unknown)): Field {
  const check = integer(0, most)
  return {
    parse: (value, field, before) =>
      check(value ?? (typeof fallback === 'function' ? fallback(before) : fallback), field),
    format: asIs,
  }
}

const u8 = number(0xff)
const u16 = number(0xffff)

const address: Field = {
  parse: (value, field) => Number.parseInt(hex(10)(value, field), 16),
  format: (value: number) => formatAddress(value),
}

const mac: Field = {
  parse: (value, field) =>
    (typeof value === 'string' ? attempt(() => parseMac(value)) : undefined) ?? reject(field, 'a MAC address', value),
  format: (value: number) => formatMac(value),
}

function prefix(family: 4 | 6): Field {
  return {
    parse: (value, field) => {
      const parsed = typeof value === 'string' ? attempt(() => IpPrefix.parse(value)) : undefined
      // Hosts ignore what is behind the prefix for IPv4 and match nothing for IPv6; neither is what the owner meant.
      return parsed?.address.family === family ? parsed.network : reject(field, `an IPv${family} prefix`, value)
    },
    format: (value: IpPrefix) => value.toString(),
  }
}

const u64: Field = {
  parse: (value, field) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return BigInt(value)
    if (typeof value === 'string' && /^[0-9a-f]{1,16}$/i.test(value)) return BigInt(`0x${value}`)
    return reject(field, 'up to 16 hexadecimal digits', value)
  },
  format: (value: bigint) => value.toString(16).padStart(16, '0'),
}

const boolean: Field = { parse: (value, field) => flag(value ?? false, field), format: asIs }

const icmpCode: Field = {
  parse: (value, field) => (value === null || value === undefined ? null : u8.parse(value, field, {})),
  format: asIs,
}

const rangeEnd: Field = {
  parse: (value, field, { start }) => {
    const end = u64.parse(value, field, {}) as bigint
    const least = start as bigint
    return least <= end && end - least < 0x1_0000_0000n
      ? end
      : reject(field, 'at least start, and less than 2^32 more', value)
  },
  format: u64.format,
}

const forwards = { address, flags: number(0xffff_ffff, 0), length: number(0xffff, 0) }
const range = { start: u16, end: number(0xffff, ({ start }) => start) }
const tag = { id: number(0xffff_ffff), value: number(0xffff_ffff) }

const fieldsOf: Readonly<Record<RuleName, Readonly<Record<string, Field>>>> = {
  ACTION_DROP: {},
  ACTION_ACCEPT: {},
  ACTION_TEE: forwards,
  ACTION_WATCH: forwards,
  ACTION_REDIRECT: forwards,
  ACTION_BREAK: {},
  ACTION_PRIORITY: {},
  MATCH_SOURCE_ZEROTIER_ADDRESS: { zt: address },
  MATCH_DEST_ZEROTIER_ADDRESS: { zt: address },
  MATCH_VLAN_ID: { vlanId: u16 },
  MATCH_VLAN_PCP: { vlanPcp: u8 },
  MATCH_VLAN_DEI: { vlanDei: u8 },
  MATCH_MAC_SOURCE: { mac },
  MATCH_MAC_DEST: { mac },
  MATCH_IPV4_SOURCE: { ip: prefix(4) },
  MATCH_IPV4_DEST: { ip: prefix(4) },
  MATCH_IPV6_SOURCE: { ip: prefix(6) },
  MATCH_IPV6_DEST: { ip: prefix(6) },
  MATCH_IP_TOS: { mask: u8, start: u8, end: u8 },
  MATCH_IP_PROTOCOL: { ipProtocol: u8 },
  MATCH_ETHERTYPE: { etherType: u16 },
  MATCH_ICMP: { icmpType: u8, icmpCode },
  MATCH_IP_SOURCE_PORT_RANGE: range,
  MATCH_IP_DEST_PORT_RANGE: range,
  MATCH_CHARACTERISTICS: { mask: u64 },
  MATCH_FRAME_SIZE_RANGE: range,
  MATCH_RANDOM: { probability: number(0xffff_ffff) },
  MATCH_TAGS_DIFFERENCE: tag,
  MATCH_TAGS_BITWISE_AND: tag,
  MATCH_TAGS_BITWISE_OR: tag,
  MATCH_TAGS_BITWISE_XOR: tag,
  MATCH_TAGS_EQUAL: tag,
  MATCH_TAG_SENDER: tag,
  MATCH_TAG_RECEIVER: tag,
  INTEGER_RANGE: {
    start: u64,
    end: rangeEnd,
    idx: u16,
    little: boolean,
    bits: { parse: integer(1, 64), format: asIs },
  },
}

/** @throws ZT_ARG_INVALID naming the field. */
export function parseRule(value: unknown, field: string): Rule {
  const given = object(value, field)
  const { type, not, or } = given
  if (typeof type !== 'string' || !Object.hasOwn(fieldsOf, type))
    return reject(`${field}.type`, 'the name of a rule', type)
  const rule: Record<string, unknown> = { type }
  for (const [name, { parse }] of Object.entries(fieldsOf[type as RuleName])) {
    rule[name] = parse(given[name], `${field}.${name}`, rule)
  }
  if (type.startsWith('ACTION_')) return rule as Rule // neither is of consequence there
  if (flag(not ?? false, `${field}.not`)) rule['not'] = true
  if (flag(or ?? false, `${field}.or`)) rule['or'] = true
  return rule as Rule
}

/** The rule in its one canonical form. @throws ZT_ARG_INVALID naming the field. */
export const rule: Check<RuleDefinition> = (value, field) => {
  const { type, not, or, ...values } = parseRule(value, field) as RuleDefinition & Fields
  const definition: Record<string, unknown> = { type, ...(not && { not }), ...(or && { or }) }
  for (const [name, { format }] of Object.entries(fieldsOf[type])) definition[name] = format(values[name] as never)
  return definition as unknown as RuleDefinition
}

function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse()
  } catch {
    return undefined
  }
}
