import { IpAddress } from '@zt/sansio'
import { describe, expect, test } from 'vitest'
import { ping } from '../src/index.js'
import { B4, B6, world } from './world.js'

describe('ping', () => {
  test.each([B4, B6])('measures the round trip to %s', async (target) => {
    const w = world({ delayMs: 5 })
    const ip = IpAddress.parse(target)
    await w.until(ping(w.a, ip)) // finds the neighbour
    const result = await w.until(ping(w.a, ip, { bytes: 100 }))
    expect(result).toMatchObject({ from: ip, bytes: 100 })
    expect(result.milliseconds).toBeGreaterThanOrEqual(10)
    expect(result.milliseconds).toBeLessThan(15)
    expect(result.hopLimit).toBeGreaterThan(0)
  })

  test('gives up after its time', async () => {
    const w = world({ loss: 1 })
    await expect(w.until(ping(w.a, IpAddress.parse(B4), { timeoutMs: 300 }))).rejects.toMatchObject({
      code: 'ETIMEDOUT',
    })
  })

  test('fails at once without a route', async () => {
    const w = world()
    await expect(ping(w.a, IpAddress.parse('203.0.113.1'))).rejects.toMatchObject({ code: 'ENETUNREACH' })
  })

  test('can be aborted, before and while waiting', async () => {
    const w = world({ loss: 1 })
    const abort = new AbortController()
    const waiting = ping(w.a, IpAddress.parse(B4), { signal: abort.signal })
    await w.pass(10)
    abort.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await expect(ping(w.a, IpAddress.parse(B4), { signal: abort.signal })).rejects.toThrow('enough')
  })
})
