import { ByteReader, ByteWriter } from '@zt/sansio'
import { decodeRules, encodeRules } from '@zt/protocol'
import { describe, expect, test } from 'vitest'
import { parseRule, rule, type RuleDefinition } from '../src/rule-definition.js'

/** One of each, in canonical form. */
const everyRule: RuleDefinition[] = [
  { type: 'ACTION_DROP' },
  { type: 'ACTION_ACCEPT' },
  { type: 'ACTION_TEE', address: '89e92ceee5', flags: 1, length: 64 },
  { type: 'ACTION_WATCH', address: '89e92ceee5', flags: 0, length: 0 },
  { type: 'ACTION_REDIRECT', address: '89e92ceee5', flags: 0, length: 0 },
  { type: 'ACTION_BREAK' },
  { type: 'ACTION_PRIORITY' },
  { type: 'MATCH_SOURCE_ZEROTIER_ADDRESS', not: true, zt: '89e92ceee5' },
  { type: 'MATCH_DEST_ZEROTIER_ADDRESS', or: true, zt: '0000000001' },
  { type: 'MATCH_VLAN_ID', vlanId: 4 },
  { type: 'MATCH_VLAN_PCP', vlanPcp: 3 },
  { type: 'MATCH_VLAN_DEI', vlanDei: 1 },
  { type: 'MATCH_MAC_SOURCE', mac: '02:bc:95:cb:9d:db' },
  { type: 'MATCH_MAC_DEST', mac: 'ff:ff:ff:ff:ff:ff' },
  { type: 'MATCH_IPV4_SOURCE', ip: '10.0.0.0/8' },
  { type: 'MATCH_IPV4_DEST', ip: '10.1.2.3/32' },
  { type: 'MATCH_IPV6_SOURCE', ip: 'fd00::/8' },
  { type: 'MATCH_IPV6_DEST', ip: '::/0' },
  { type: 'MATCH_IP_TOS', mask: 252, start: 4, end: 8 },
  { type: 'MATCH_IP_PROTOCOL', ipProtocol: 6 },
  { type: 'MATCH_ETHERTYPE', not: true, or: true, etherType: 2048 },
  { type: 'MATCH_ICMP', icmpType: 8, icmpCode: null },
  { type: 'MATCH_ICMP', icmpType: 3, icmpCode: 0 },
  { type: 'MATCH_IP_SOURCE_PORT_RANGE', start: 1, end: 1023 },
  { type: 'MATCH_IP_DEST_PORT_RANGE', start: 80, end: 80 },
  { type: 'MATCH_CHARACTERISTICS', mask: '1000000000000002' },
  { type: 'MATCH_FRAME_SIZE_RANGE', start: 0, end: 1500 },
  { type: 'MATCH_RANDOM', probability: 4294967295 },
  { type: 'MATCH_TAGS_DIFFERENCE', id: 1, value: 2 },
  { type: 'MATCH_TAGS_BITWISE_AND', id: 1, value: 2 },
  { type: 'MATCH_TAGS_BITWISE_OR', id: 1, value: 2 },
  { type: 'MATCH_TAGS_BITWISE_XOR', id: 1, value: 2 },
  { type: 'MATCH_TAGS_EQUAL', id: 1, value: 2 },
  { type: 'MATCH_TAG_SENDER', id: 1, value: 2 },
  { type: 'MATCH_TAG_RECEIVER', id: 1, value: 4294967295 },
  { type: 'INTEGER_RANGE', start: '0000000000000010', end: '00000000000000ff', idx: 20, little: true, bits: 12 },
]

describe('rules as JSON', () => {
  test('have one canonical form', () => {
    for (const definition of everyRule) expect(rule(definition, 'rule')).toEqual(definition)
  })

  test('are the rules that travel', () => {
    const rules = everyRule.map((definition) => parseRule(definition, 'rule'))
    const w = new ByteWriter()
    encodeRules(w, rules)
    expect(decodeRules(new ByteReader(w.finish()), 1024)).toEqual(rules)
  })

  test('may leave out what goes without saying', () => {
    const canonical = (value: object): RuleDefinition => rule(value, 'rule')
    expect(canonical({ type: 'MATCH_IP_DEST_PORT_RANGE', start: 443 })).toMatchObject({ end: 443 })
    expect(canonical({ type: 'ACTION_TEE', address: '89E92CEEE5', not: true })).toEqual({
      type: 'ACTION_TEE',
      address: '89e92ceee5',
      flags: 0,
      length: 0,
    })
    expect(canonical({ type: 'MATCH_ICMP', icmpType: 8 })).toMatchObject({ icmpCode: null })
    expect(canonical({ type: 'MATCH_IPV6_DEST', ip: 'fd00::1/8', not: false })).toEqual({
      type: 'MATCH_IPV6_DEST',
      ip: 'fd00::/8',
    })
    expect(canonical({ type: 'MATCH_CHARACTERISTICS', mask: 2 })).toMatchObject({ mask: '0000000000000002' })
  })

  test('say which field is wrong', () => {
    const bad: [unknown, string][] = [
      [null, 'rule'],
      [{ type: 'toString' }, 'rule.type'],
      [{ type: 'UNKNOWN', code: 60 }, 'rule.type'],
      [{ type: 'MATCH_MAC_SOURCE', mac: 'x' }, 'rule.mac'],
      [{ type: 'MATCH_ETHERTYPE' }, 'rule.etherType'],
      [{ type: 'MATCH_ETHERTYPE', etherType: 65536 }, 'rule.etherType'],
      [{ type: 'MATCH_ETHERTYPE', etherType: 1, not: 'yes' }, 'rule.not'],
      [{ type: 'MATCH_IPV4_SOURCE', ip: 'fd00::/8' }, 'rule.ip'],
      [{ type: 'MATCH_CHARACTERISTICS', mask: 'xyz' }, 'rule.mask'],
      [{ type: 'INTEGER_RANGE', start: '5', end: '4', idx: 0, bits: 8 }, 'rule.end'],
      [{ type: 'INTEGER_RANGE', start: '0', end: '100000000', idx: 0, bits: 64 }, 'rule.end'],
      [{ type: 'INTEGER_RANGE', start: '0', end: '1', idx: 0, bits: 65 }, 'rule.bits'],
    ]
    for (const [value, field] of bad) {
      expect(() => parseRule(value, 'rule')).toThrow(expect.objectContaining({ code: 'ZT_ARG_INVALID', field }))
    }
  })
})
