import { Endpoint, type IpAddress } from '@zt/sansio'
import { describe, expect, it } from 'vitest'
import {
  HolePunches,
  PathCandidates,
  PushSchedule,
  endpointsToPush,
  isUsableEndpoint,
  newPushGate,
  sameEndpoint,
  selectPushed,
} from '../src/index.js'

const NOW = 1_700_000_000_000
const at = (text: string): Endpoint => Endpoint.parse(text)
const policy = { allowLoopback: false, isManaged: (ip: IpAddress) => ip.toString().startsWith('10.147.') }

describe('which endpoints may be paths', () => {
  it.each([
    ['203.0.113.1/9993', true],
    ['8.8.8.8/9993', true],
    ['fd00::1/9993', true],
    ['2600::1/1', true],
    ['8.8.8.8/0', false],
    ['127.0.0.1/9993', false],
    ['::1/9993', false],
    ['169.254.1.1/9993', false],
    ['fe80::2/9993', false],
    ['224.0.0.1/9993', false],
    ['0.0.0.0/9993', false],
    ['2001:470::1/9993', false],
    ['10.147.1.1/9993', false],
  ])('%s: %s', (text, isUsable) => {
    expect(isUsableEndpoint(at(text), policy)).toBe(isUsable)
  })

  it('includes loopback where that is allowed', () => {
    expect(isUsableEndpoint(at('127.0.0.1/9993'), { ...policy, allowLoopback: true })).toBe(true)
    expect(isUsableEndpoint(at('::1/9993'), { ...policy, allowLoopback: true })).toBe(true)
  })
})

describe('endpoints', () => {
  it('are compared by value', () => {
    expect(sameEndpoint(at('10.0.0.1/1'), at('10.0.0.1/1'))).toBe(true)
    expect(sameEndpoint(at('10.0.0.1/1'), at('10.0.0.1/2'))).toBe(false)
    expect(sameEndpoint(at('10.0.0.1/1'), at('fd00::1/1'))).toBe(false)
  })

  it('are pushed once each, if others can use them', () => {
    const own = [at('192.168.1.2/9993'), at('127.0.0.1/9993'), at('fe80::5/9993')]
    const pushed = endpointsToPush(own, [at('203.0.113.5/4000'), at('192.168.1.2/9993')], false)
    expect(pushed.map(String)).toEqual(['192.168.1.2/9993', '203.0.113.5/4000'])
    expect(endpointsToPush(own, [], true).map(String)).toContain('127.0.0.1/9993')
  })

  it('that are pushed to us are tried eight per scope and family', () => {
    const many = Array.from({ length: 20 }, (_, i) => at(`10.0.0.${i + 1}/9993`))
    const chosen = selectPushed([...many, at('8.8.8.8/1'), at('fd00::1/1')], () => true)
    expect(chosen).toHaveLength(10)
    expect(selectPushed(many, ({ port }) => port === 1)).toHaveLength(0)
  })
})

describe('a push schedule', () => {
  it('is quick at first while packets are relayed, and then patient enough to be listened to', () => {
    const schedule = new PushSchedule()
    const gate = newPushGate()
    const pushes: number[] = []
    for (let t = 0; t < 600_000; t += 500) if (schedule.due(NOW + t, true)) pushes.push(t)
    expect(pushes.slice(0, 5)).toEqual([0, 15_000, 30_000, 45_000, 76_000])
    expect(pushes.every((t) => gate.pass(NOW + t))).toBe(true)
  })

  it('is slow for a peer that is reached directly', () => {
    const schedule = new PushSchedule()
    expect(schedule.due(NOW, false)).toBe(true)
    expect(schedule.due(NOW + 119_999, false)).toBe(false)
    expect(schedule.due(NOW + 20_000, true)).toBe(true)
  })
})

describe('candidates', () => {
  it('are tried again and again, further and further apart', () => {
    const candidates = new PathCandidates()
    candidates.add(NOW, at('10.0.0.1/1'))
    const tries: number[] = []
    for (let t = 0; t <= 100_000; t += 500) if (candidates.take(NOW + t).length > 0) tries.push(t)
    expect(tries).toEqual([2_000, 6_000, 14_000, 30_000, 50_000, 70_000, 90_000])
    expect(candidates.next()).toBe(NOW + 110_000)
  })

  it('are bounded', () => {
    const candidates = new PathCandidates()
    for (let i = 0; i < 100; i++) candidates.add(NOW, at(`10.0.0.${i + 1}/1`))
    expect(candidates.size).toBe(16)
    expect(candidates.take(NOW + 5_000).map(String)).toContain('10.0.0.100/1')
  })
})

describe('hole punching', () => {
  it('probes four times, unless it is answered', () => {
    const punches = new HolePunches()
    punches.begin(NOW, 1, 7, at('10.0.0.1/1'))
    punches.begin(NOW, 2, 7, at('10.0.0.2/1'))
    const probes: string[] = []
    for (let t = 0; t < 10_000; t += 100) {
      for (const { peer } of punches.take(NOW + t)) probes.push(`${peer}@${t}`)
      if (t === 500) punches.done(2, at('10.0.0.2/1'))
    }
    expect(probes).toEqual(['1@0', '2@0', '1@300', '2@300', '1@1000', '1@3000'])
    expect(punches.next()).toBe(Number.POSITIVE_INFINITY)
  })

  it('begins anew rather than twice, and is bounded', () => {
    const punches = new HolePunches()
    for (let i = 0; i < 1_000; i++) punches.begin(NOW, i, 1, at('10.0.0.1/1'))
    expect(punches.take(NOW)).toHaveLength(256)
    punches.begin(NOW, 999, 1, at('10.0.0.1/1'))
    expect(punches.take(NOW)).toHaveLength(1)
  })
})
