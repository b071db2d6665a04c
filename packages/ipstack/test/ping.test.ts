import { IpPrefix, isZtError } from '@zt/sansio'
import { describe, expect, it } from 'vitest'
import type { PingResult } from '../src/index.js'
import { IpScript, lan } from './lan.js'
import { ip } from './reference/packets.js'

function pingOnce(setup: ReturnType<typeof lan>, to: string, payload?: Uint8Array): PingResult | undefined {
  let result: PingResult | undefined
  setup.hosts[0].stack.ping(ip(to), payload ? { payload } : {}, (given) => (result = given))
  setup.clock.runUntil(() => result !== undefined)
  return result
}

describe('ping', () => {
  it.each(['10.0.0.2', 'fd00::2'])('reaches %s over Ethernet after resolving it', (to) => {
    const result = pingOnce(lan(2, { delayMs: 5 }), to)
    // Twice there and back: first to ask for the MAC address.
    expect(result).toMatchObject({ ok: true, rttMs: 20, hopLimit: 64, length: 56 })
  })

  it.each(['10.0.0.2', 'fd00::2'])('carries 4000 bytes to %s in fragments, both ways', (to) => {
    const payload = Uint8Array.from({ length: 4000 }, (_, i) => i * 7)
    expect(pingOnce(lan(2, { delayMs: 5 }), to, payload)).toMatchObject({ ok: true, length: 4000 })
  })

  it.each(['127.0.0.1', '::1', '10.0.0.1', 'fd00::1', '127.9.9.9'])('finds %s at home, without the link', (to) => {
    const setup = lan(1)
    expect(pingOnce(setup, to)).toMatchObject({ ok: true, rttMs: 0 })
  })

  it('says EHOSTUNREACH when no neighbour answers, ETIMEDOUT when the host is silent', () => {
    const failed = pingOnce(lan(1), '10.0.0.77')
    expect(failed?.ok === false && isZtError(failed.error, 'EHOSTUNREACH')).toBe(true)
    const script = new IpScript()
    let result: PingResult | undefined
    script.stack.ping(ip('10.0.0.2'), { timeoutMs: 700 }, (given) => (result = given))
    script.clock.advance(699)
    expect(result).toBeUndefined()
    script.clock.advance(2)
    expect(result?.ok === false && isZtError(result.error, 'ETIMEDOUT')).toBe(true)
  })

  it('throws ENETUNREACH at once where there is no route, and follows a gateway where there is one', () => {
    const setup = lan(2, { delayMs: 1 })
    const [a, b] = setup.hosts
    expect(() => a.stack.ping(ip('8.8.8.8'), {}, () => {})).toThrow(/no route to 8.8.8.8/)
    a.stack.addRoute({ prefix: IpPrefix.parse('0.0.0.0/0'), via: ip('10.0.0.2'), nic: a.nic })
    b.nic.addAddress(IpPrefix.parse('8.8.8.8/32'))
    expect(pingOnce(setup, '8.8.8.8')).toMatchObject({ ok: true })
  })

  it('is not called back once cancelled', () => {
    const setup = lan(2, { delayMs: 5 })
    let called = false
    const cancel = setup.hosts[0].stack.ping(ip('10.0.0.2'), {}, () => (called = true))
    cancel()
    setup.clock.advance(10_000)
    expect(called).toBe(false)
  })
})
