import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { IpAddress } from '../../src/index.js'

/** Text that people write → canonical text (RFC 5952). */
const accepted: readonly [string, string][] = [
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['10.147.17.5', '10.147.17.5'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['fe80::1', 'fe80::1'],
  ['FE80::ABCD', 'fe80::abcd'],
  ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], // one group of zeroes is not shortened
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'], // the longest run is
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], // the first of equals is
  ['0:0:0:0:0:0:0:0', '::'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
  ['0001:0002:0003:0004:0005:0006:0007:0008', '1:2:3:4:5:6:7:8'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ['::ffff:10.0.0.1', '10.0.0.1'], // a mapped address is the IPv4 address
  ['::ffff:a00:1', '10.0.0.1'],
  ['::10.0.0.1', '::a00:1'], // a compatible one is not
]

const refused = [
  '', ' ', '1', '1.2.3', '1.2.3.4.5', '256.0.0.1', '01.2.3.4', '1.2.3.-4', '1.2.3.4 ', ' 1.2.3.4', '1.2.3.0x4', '1e1.2.3.4', '1..3.4',
  ':', ':::', '1:', ':1', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', '::1:2:3:4:5:6:7:8', 'g::', '12345::',
  'fe80::1%eth0', 'fe80::1/64', '::ffff:1.2.3', '::1.2.3.4:5', '1.2.3.4::', '[::1]', '::ffff:1.2.3.400',
] // prettier-ignore

describe('IpAddress', () => {
  test.each(accepted)('reads %s as %s', (text, canonical) => {
    expect(IpAddress.parse(text).toString()).toBe(canonical)
  })

  test.each(refused)('refuses %j', (text) => {
    expect(IpAddress.tryParse(text)).toBeUndefined()
    expect(() => IpAddress.parse(text)).toThrow(expect.objectContaining({ code: 'ZT_ARG_INVALID' }))
  })

  test('never throws on any text, and is its own canonical form', () => {
    const texts = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'0123456789abcdef:.') }),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const canonical = IpAddress.tryParse(text)?.toString()
        if (canonical !== undefined) expect(IpAddress.parse(canonical).toString()).toBe(canonical)
      }),
    )
  })

  test('text and bytes say the same', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
    )
    fc.assert(
      fc.property(bytes, (given) => {
        const address = IpAddress.of(given)!
        expect(IpAddress.parse(address.toString()).bytes).toEqual(address.bytes)
        expect(IpAddress.of(address.bytes)!.equals(address)).toBe(true)
      }),
    )
  })

  test('every valid IPv6 text of fast-check is read', () => {
    fc.assert(fc.property(fc.ipV6(), (text) => IpAddress.tryParse(text) !== undefined))
  })

  test('other lengths are no address', () => {
    for (const length of [0, 3, 5, 15, 17]) expect(IpAddress.of(new Uint8Array(length))).toBeUndefined()
  })

  test('bytes are copied', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4)
    const address = IpAddress.of(bytes)!
    bytes[0] = 9
    expect(address.toString()).toBe('1.2.3.4')
  })

  test('v4 and u32 are inverse', () => {
    fc.assert(fc.property(fc.nat({ max: 0xffff_ffff }), (value) => IpAddress.v4(value).u32 === value))
  })

  test.each([
    ['0.0.0.0', 'isUnspecified'],
    ['::', 'isUnspecified'],
    ['127.0.0.1', 'isLoopback'],
    ['127.255.0.9', 'isLoopback'],
    ['::1', 'isLoopback'],
    ['224.0.0.1', 'isMulticast'],
    ['239.255.255.255', 'isMulticast'],
    ['ff02::1', 'isMulticast'],
    ['169.254.1.1', 'isLinkLocal'],
    ['fe80::1', 'isLinkLocal'],
    ['febf::1', 'isLinkLocal'],
  ] as const)('%s %s and nothing else', (text, kind) => {
    const address = IpAddress.parse(text)
    const kinds = ['isUnspecified', 'isLoopback', 'isMulticast', 'isLinkLocal'] as const
    expect(kinds.filter((each) => address[each])).toEqual([kind])
  })

  test.each(['1.0.0.127', '::2', '::1:1', '223.255.255.255', '240.0.0.0', 'fec0::1', '169.253.0.1', '10.0.0.1'])(
    '%s is an ordinary address',
    (text) => {
      const { isUnspecified, isLoopback, isMulticast, isLinkLocal } = IpAddress.parse(text)
      expect([isUnspecified, isLoopback, isMulticast, isLinkLocal]).toEqual([false, false, false, false])
    },
  )

  test('is its text in JSON', () => {
    expect(JSON.stringify({ ip: IpAddress.parse('::1') })).toBe('{"ip":"::1"}')
  })
})
