import { IpAddress, IpPrefix } from '@zt/sansio'
import { describe, expect, test } from 'vitest'
import { assignAddress, prefixBits } from '../src/assign-address.js'

const pool = (first: string, last: string) => ({ first: IpAddress.parse(first), last: IpAddress.parse(last) })
const route = (target: string, via?: string) => ({
  target: IpPrefix.parse(target),
  via: via === undefined ? undefined : IpAddress.parse(via),
})

/** Addresses for members one after the other, until there are no more. */
function assignAll(
  family: 4 | 6,
  pools: ReturnType<typeof pool>[],
  routes: ReturnType<typeof route>[],
  members: number,
): string[] {
  const taken = new Set<string>()
  for (let i = 0; i < members; i++) {
    const address = assignAddress(family, 0x89e9_2ced_e0 + i * 7, pools, routes, (ip) => !taken.has(ip.toString()))
    if (!address) break
    taken.add(address.toString())
  }
  return [...taken]
}

describe('assignAddress', () => {
  test('begins at the member number modulo the size of the pool, as ZeroTierOne does', () => {
    // 10.0.0.1 + (0xefbeadde mod 253), which 1.14.1 gives to this member too
    const address = assignAddress(
      4,
      0x12_efbe_adde,
      [pool('10.0.0.1', '10.0.0.254')],
      [route('10.0.0.0/24')],
      () => true,
    )
    expect(address?.toString()).toBe(`10.0.0.${1 + (0xefbe_adde % 253)}`)
  })

  test('gives out every usable address of a pool once, the last one too, and no broadcast addresses', () => {
    const all = assignAll(4, [pool('10.0.0.250', '10.0.1.5')], [route('10.0.0.0/23')], 100)
    expect(all.sort()).toEqual(
      [
        '10.0.0.250',
        '10.0.0.251',
        '10.0.0.252',
        '10.0.0.253',
        '10.0.0.254',
        '10.0.1.1',
        '10.0.1.2',
        '10.0.1.3',
        '10.0.1.4',
        '10.0.1.5',
      ].sort(),
    )
    expect(assignAll(4, [pool('10.0.0.4', '10.0.0.7')], [route('10.0.0.4/30')], 9).sort()).toEqual([
      '10.0.0.5',
      '10.0.0.6',
    ])
    expect(assignAll(4, [pool('10.0.0.4', '10.0.0.4')], [route('10.0.0.0/24')], 9)).toEqual(['10.0.0.4'])
  })

  test('goes on to the next pool, and only to addresses of networks that members are on', () => {
    const pools = [
      pool('10.0.0.1', '10.0.0.1'),
      pool('10.9.0.1', '10.9.0.9'),
      pool('10.0.0.7', '10.0.0.7'),
      pool('fd00::1', 'fd00::2'),
    ]
    const routes = [route('10.0.0.0/24'), route('10.9.0.0/24', '10.0.0.1'), route('fd00::/64')]
    expect(assignAll(4, pools, routes, 9)).toEqual(['10.0.0.1', '10.0.0.7'])
    expect(assignAll(6, pools, routes, 9).sort()).toEqual(['fd00::1', 'fd00::2'])
    expect(assignAll(4, pools, [], 9)).toEqual([])
  })

  test('gives up in time on a large pool in which nothing is free', () => {
    let asked = 0
    const isFree = (): boolean => (asked++, false)
    expect(assignAddress(6, 7, [pool('fd00::', 'fd00::ffff:ffff')], [route('fd00::/64')], isFree)).toBeUndefined()
    expect(asked).toBe(4097)
  })
})

describe('prefixBits', () => {
  test('is the length of the smallest network', () => {
    const routes = [route('10.0.0.0/8'), route('10.1.0.0/16'), route('0.0.0.0/0')]
    expect(prefixBits(IpAddress.parse('10.1.2.3'), routes)).toBe(16)
    expect(prefixBits(IpAddress.parse('10.2.2.3'), routes)).toBe(8)
    expect(prefixBits(IpAddress.parse('1.1.1.1'), routes)).toBe(0)
    expect(prefixBits(IpAddress.parse('fd00::1'), routes)).toBeUndefined()
  })
})
