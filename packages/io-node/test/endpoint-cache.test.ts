import { expect, test } from 'vitest'
import { EndpointCache } from '../src/endpoint-cache.js'

test('one object per address and port', () => {
  const cache = new EndpointCache()
  const a = cache.get('10.0.0.1', 1)
  expect(`${a}`).toBe('10.0.0.1/1')
  expect(cache.get('10.0.0.1', 2)).not.toBe(a)
  expect(cache.get('10.0.0.2', 1)).not.toBe(a)
  expect(cache.get('10.0.0.1', 1)).toBe(a)
})

test('keeps those still heard from while strangers come and go', () => {
  const cache = new EndpointCache(100)
  const kept = cache.get('fd00::1', 9993)
  const stranger = cache.get('10.9.9.9', 1)
  for (let i = 0; i < 10_000; i++) {
    cache.get(`10.0.${i >> 8}.${i & 255}`, 5)
    if (i % 50 === 0) expect(cache.get('fd00::1', 9993)).toBe(kept)
  }
  expect(cache.get('10.9.9.9', 1)).not.toBe(stranger)
})

test('an address with a zone is not one of ours', () => {
  expect(new EndpointCache().get('fe80::1%eth0', 1)).toBeUndefined()
})
