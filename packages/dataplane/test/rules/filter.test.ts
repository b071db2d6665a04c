import type { Rule } from '@zt/protocol'
import { IpPrefix } from '@zt/sansio'
import { SeededRandom } from '@zt/testkit'
import { describe, expect, test } from 'vitest'
import { compileRules } from '../../src/rules/compile.js'
import { Admission, ForwardFlags, FrameFilter } from '../../src/rules/filter.js'
import { type FilterMember, type FilterPolicy, NO_TAG } from '../../src/rules/policy.js'

const self = 0x11_1111_1111
const peer = 0x22_2222_2222
const watcher = 0x33_3333_3333

const DROP: Rule = { type: 'ACTION_DROP' }
const ACCEPT: Rule = { type: 'ACTION_ACCEPT' }
const forward = (type: 'ACTION_TEE' | 'ACTION_WATCH' | 'ACTION_REDIRECT', address: number, length = 0): Rule => {
  return { type, address, flags: 0, length }
}

function policyOf(rules: readonly Rule[], more: Partial<FilterPolicy> = {}): FilterPolicy {
  return {
    self,
    rules: compileRules(rules),
    unknownMatches: false,
    capabilities: [],
    tag: () => NO_TAG,
    ownsIp: () => false,
    ownsMac: () => false,
    isEmulated: () => false,
    ...more,
  }
}

function memberOf(more: Partial<FilterMember> = {}): FilterMember {
  return { capabilities: [], tag: () => NO_TAG, ownsIp: () => false, ownsMac: () => false, ...more }
}

/** A filter with an IPv4 UDP frame of 48 bytes of payload, from port 1000 to port 2000, in it. */
function filterWithFrame(random = new SeededRandom(1)): FrameFilter {
  const bytes = new Uint8Array(100)
  bytes.set(
    [0x45, 0, 0, 48, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 1000 >> 8, 1000 & 255, 2000 >> 8, 2000 & 255],
    14,
  )
  const filter = new FrameFilter(random)
  filter.frame.set(0x02_0000_0000_01, 0x02_0000_0000_02, 0x0800, bytes, 14, 48)
  return filter
}

function forwardsOf(filter: FrameFilter): object[] {
  return filter.forwards.slice(0, filter.forwardCount).map((each) => ({ ...each }))
}

describe('FrameFilter', () => {
  test('drops what no rule matches, both ways', () => {
    const filter = filterWithFrame()
    expect(filter.outgoing(policyOf([]), memberOf(), peer)).toBe(false)
    expect(filter.incoming(policyOf([]), memberOf(), peer)).toBe(Admission.Drop)
  })

  test('takes a table that begins with ACCEPT for what it is', () => {
    const table = compileRules([ACCEPT, DROP])
    expect(table.acceptsAll).toBe(true)
    const filter = filterWithFrame()
    expect(filter.outgoing(policyOf([ACCEPT]), undefined, 0)).toBe(true)
    expect(filter.outgoingReplica(policyOf([ACCEPT]), undefined, peer)).toBe(true)
    expect(filter.incoming(policyOf([ACCEPT]), undefined, peer)).toBe(Admission.Accept)
  })

  test('forgets the forwards of the frame before', () => {
    const filter = filterWithFrame()
    const tee = policyOf([forward('ACTION_TEE', watcher, 20), ACCEPT])
    expect(filter.outgoing(tee, memberOf(), peer)).toBe(true)
    expect(forwardsOf(filter)).toEqual([{ to: watcher, flags: ForwardFlags.TeeOut, length: 20 }])
    expect(filter.outgoing(policyOf([ACCEPT]), memberOf(), peer)).toBe(true)
    expect(forwardsOf(filter)).toEqual([])
  })

  test('sends a copy for the network and one for the capability that accepts, and redirects', () => {
    const filter = filterWithFrame()
    const elsewhere = 0x44_4444_4444
    const capability = compileRules([forward('ACTION_WATCH', watcher), forward('ACTION_REDIRECT', elsewhere)])
    const policy = policyOf([forward('ACTION_TEE', watcher, 8)], { capabilities: [compileRules([DROP]), capability] })
    expect(filter.outgoing(policy, memberOf(), peer)).toBe(false)
    expect(forwardsOf(filter)).toEqual([
      { to: watcher, flags: ForwardFlags.WatchOut, length: 48 },
      { to: watcher, flags: ForwardFlags.TeeOut, length: 8 },
      { to: elsewhere, flags: ForwardFlags.RedirectOut, length: 48 },
    ])
    expect(filter.outgoingReplica(policy, memberOf(), peer)).toBe(false)
    expect(forwardsOf(filter)).toEqual([{ to: elsewhere, flags: ForwardFlags.RedirectOut, length: 48 }])
  })

  test('judges what comes in by the capabilities of its sender, not by ours', () => {
    const filter = filterWithFrame()
    const accepting = [compileRules([ACCEPT])]
    expect(filter.incoming(policyOf([], { capabilities: accepting }), memberOf(), peer)).toBe(Admission.Drop)
    expect(filter.incoming(policyOf([]), memberOf({ capabilities: accepting }), peer)).toBe(Admission.Accept)
  })

  test('lets the target of a TEE see frames between others', () => {
    const filter = filterWithFrame()
    const isTcp: Rule = { type: 'MATCH_IP_PROTOCOL', ipProtocol: 6 }
    // Not taken, as the frame is UDP, but it names us: what follows accepts more than usual.
    const policy = policyOf([isTcp, forward('ACTION_TEE', self), ACCEPT])
    expect(filter.incoming(policy, memberOf(), peer)).toBe(Admission.SuperAccept)
    expect(filter.outgoing(policy, memberOf(), peer)).toBe(true)
  })

  test('is lenient about tags that may be on their way, and only when sending', () => {
    const filter = filterWithFrame()
    const rules: Rule[] = [{ type: 'MATCH_TAGS_EQUAL', id: 7, value: 1 }, DROP, ACCEPT]
    const tagged = policyOf(rules, { tag: (id) => (id === 7 ? 1 : NO_TAG) })
    expect(filter.outgoing(tagged, memberOf(), peer)).toBe(true)
    expect(filter.outgoing(tagged, memberOf({ tag: () => 1 }), peer)).toBe(false)
    expect(filter.incoming(tagged, memberOf({ tag: () => 1 }), peer)).toBe(Admission.Drop)
    expect(filter.incoming(tagged, memberOf({ tag: () => 2 }), peer)).toBe(Admission.Accept)
  })

  test('never looks outside of the frame and never throws, whatever the frame', () => {
    const random = new SeededRandom('frames')
    const rules: Rule[] = [
      { type: 'MATCH_IPV4_SOURCE', ip: IpPrefix.parse('10.0.0.0/8'), or: true },
      { type: 'MATCH_IPV6_DEST', ip: IpPrefix.parse('fd00::/8'), or: true },
      { type: 'MATCH_IP_TOS', mask: 255, start: 0, end: 3, or: true },
      { type: 'MATCH_ICMP', icmpType: 8, icmpCode: 0, or: true },
      { type: 'MATCH_IP_DEST_PORT_RANGE', start: 1, end: 1024, or: true },
      { type: 'MATCH_CHARACTERISTICS', mask: 0x1800_0000_0000_0002n, or: true },
      { type: 'INTEGER_RANGE', start: 0n, end: 99n, idx: 30, little: true, bits: 13, or: true },
      { type: 'UNKNOWN', code: 60, data: new Uint8Array(2), or: true },
      { type: 'UNKNOWN', code: 12, data: new Uint8Array(2) },
      ACCEPT,
    ]
    const looksAt = (bytes: Uint8Array, at: number, size: number): boolean => {
      expect(at).toBeGreaterThanOrEqual(5)
      expect(at + size).toBeLessThanOrEqual(bytes.length - 5)
      return false
    }
    const policy = policyOf(rules, { ownsIp: looksAt, isEmulated: (bytes, at) => looksAt(bytes, at, 16) })
    const filter = new FrameFilter(random)
    for (let i = 0; i < 3000; i++) {
      const length = random.below(90)
      const bytes = random.bytes(length + 10)
      // Mostly plausible beginnings, so that the deeper matches are reached.
      if (length > 10)
        bytes.set(
          random.pick([
            [0x45, 0, 0, 0],
            [0x60, 0, 0, 0],
          ]),
          5,
        )
      if (length > 10) bytes[5 + 6] = random.pick([0, 6, 43, 58, 60, 135])
      if (length > 10) bytes[5 + 9] = random.pick([1, 6, 17, 132])
      filter.frame.set(1, 2, random.pick([0x0800, 0x0806, 0x86dd, 0x1234]), bytes, 5, length)
      filter.outgoing(policy, undefined, peer)
      filter.incoming(policy, memberOf({ ownsIp: looksAt }), peer)
    }
  })
})
