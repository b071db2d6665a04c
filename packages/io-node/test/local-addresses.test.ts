import { IpPrefix } from '@zt/sansio'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type LocalAddress, localAddresses, localEndpoints, watchLocalAddresses } from '../src/index.js'

describe('localAddresses', () => {
  test('leaves out loopback and link-local addresses unless asked', () => {
    expect(localAddresses().some(({ prefix }) => prefix.address.isLoopback || prefix.address.isLinkLocal)).toBe(false)
    const loopback = localAddresses({ loopback: true }).find(({ prefix }) => `${prefix}` === '127.0.0.1/8')
    expect(loopback?.interface).toMatch(/^lo/)
  })

  test('endpoints carry the port', () => {
    expect(localEndpoints(9993, { loopback: true }).map(String)).toContain('127.0.0.1/9993')
  })
})

describe('watchLocalAddresses', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('tells when addresses come or go, whatever their order, until stopped', () => {
    const address = (text: string): LocalAddress => ({ interface: 'eth0', prefix: IpPrefix.parse(text) })
    let present = [address('10.0.0.1/24'), address('10.1.0.1/24')]
    const changes: string[][] = []
    const stop = watchLocalAddresses({ intervalMs: 5000, read: () => present }, (addresses) => {
      changes.push(addresses.map(({ prefix }) => `${prefix}`))
    })
    present = [address('10.1.0.1/24'), address('10.0.0.1/24')]
    vi.advanceTimersByTime(5000)
    expect(changes).toEqual([])
    present = [address('10.1.0.1/24')]
    vi.advanceTimersByTime(10_000)
    expect(changes).toEqual([['10.1.0.1/24']])
    stop()
    present = []
    vi.advanceTimersByTime(60_000)
    expect(changes).toHaveLength(1)
  })
})
