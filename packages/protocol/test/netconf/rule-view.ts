import { IpPrefix, formatHex } from '@zt/sansio'
import { type Rule, formatAddress, ruleTypeOf } from '../../src/index.js'
import { hexNumber } from '../vector-file.js'

/** A rule as the vector files show it: `t` is the byte on the wire. */
export interface RuleView {
  readonly t: number
  readonly type: string
  readonly not?: boolean
  readonly or?: boolean
  readonly [field: string]: unknown
}

export function viewOf(rule: Rule): RuleView {
  const { type, not, or, data: _, ...fields } = rule
  const t = ruleTypeOf(rule) | (not ? 0x80 : 0) | (or ? 0x40 : 0)
  if (rule.type === 'UNKNOWN') return { t, type }
  const view: Record<string, unknown> = {
    t,
    type,
    ...(not && t % 64 > 15 && { not }),
    ...(or && t % 64 > 15 && { or }),
    ...fields,
  }
  if ('address' in rule) view.address = formatAddress(rule.address)
  if ('zt' in rule) view.zt = formatAddress(rule.zt)
  if ('mac' in rule) view.mac = rule.mac.toString(16).padStart(12, '0')
  if ('ip' in rule) view.ip = rule.ip.toString()
  if (rule.type === 'MATCH_ICMP') view.icmpFlags = rule.icmpCode === null ? 0 : 1
  if (rule.type === 'MATCH_CHARACTERISTICS') view.mask = hex64(rule.mask)
  if (rule.type === 'INTEGER_RANGE') Object.assign(view, { start: hex64(rule.start), end: hex64(rule.end) })
  return view as unknown as RuleView
}

export function ruleOf(view: RuleView): Rule {
  const { t: _, icmpFlags: __, ...fields } = view
  const rule: Record<string, unknown> = { ...fields }
  for (const name of ['address', 'zt', 'mac']) if (typeof rule[name] === 'string') rule[name] = hexNumber(rule[name])
  if (typeof rule.ip === 'string') rule.ip = IpPrefix.parse(rule.ip)
  for (const name of ['mask', 'start', 'end']) if (typeof rule[name] === 'string') rule[name] = BigInt(rule[name])
  return rule as unknown as Rule
}

function hex64(value: bigint): string {
  return `0x${formatHex(Uint8Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(56 - 8 * i)) & 0xffn)))}`
}
