import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { IpAddress, IpPrefix } from '../../src/index.js'

/** Bits of an address as text: the slow and obvious way to compare prefixes. */
const bitsOf = ({ bytes }: IpAddress): string => [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')

const address = fc.oneof(fc.ipV4(), fc.ipV6()).map((text) => IpAddress.parse(text))

describe('IpPrefix', () => {
  test.each([
    ['10.1.2.3/24', '10.1.2.3/24', '10.1.2.0/24'],
    ['10.1.2.3', '10.1.2.3/32', '10.1.2.3/32'],
    ['0.0.0.0/0', '0.0.0.0/0', '0.0.0.0/0'],
    ['fd00::1/88', 'fd00::1/88', 'fd00::/88'],
    ['fd00:1:2:ffff::9/50', 'fd00:1:2:ffff::9/50', 'fd00:1:2:c000::/50'],
    ['::1', '::1/128', '::1/128'],
  ])('reads %s as %s in %s', (text, whole, network) => {
    const prefix = IpPrefix.parse(text)
    expect([prefix.toString(), prefix.network.toString()]).toEqual([whole, network])
  })

  test.each([
    '',
    '/',
    '10.0.0.0/',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/-1',
    '10.0.0.0/8/8',
    '10.0.0.0/1.5',
    '10.0.0.0/ 8',
    'x/8',
    '10.0.0/8',
  ])('refuses %j', (text) => {
    expect(() => IpPrefix.parse(text)).toThrow(expect.objectContaining({ code: 'ZT_ARG_INVALID' }))
  })

  test('contains what shares its bits, of the same family', () => {
    fc.assert(
      fc.property(address, address, fc.nat({ max: 128 }), (a, b, n) => {
        const bits = Math.min(n, a.bytes.length * 8)
        const same = a.family === b.family && bitsOf(a).slice(0, bits) === bitsOf(b).slice(0, bits)
        expect(new IpPrefix(a, bits).contains(b)).toBe(same)
        expect(new IpPrefix(a, bits).contains(a)).toBe(true)
      }),
    )
  })

  test('the network has the same members, and no host bits', () => {
    fc.assert(
      fc.property(address, fc.nat({ max: 128 }), (a, n) => {
        const prefix = new IpPrefix(a, Math.min(n, a.bytes.length * 8))
        expect(prefix.network.contains(a)).toBe(true)
        expect(bitsOf(prefix.network.address).slice(prefix.bits)).not.toContain('1')
        expect(prefix.network.network.equals(prefix.network)).toBe(true)
      }),
    )
  })

  test('equality looks at host bits too', () => {
    expect(IpPrefix.parse('10.0.0.1/8').equals(IpPrefix.parse('10.0.0.1/8'))).toBe(true)
    expect(IpPrefix.parse('10.0.0.1/8').equals(IpPrefix.parse('10.0.0.2/8'))).toBe(false)
    expect(IpPrefix.parse('10.0.0.1/8').equals(IpPrefix.parse('10.0.0.1/9'))).toBe(false)
    expect(JSON.stringify(IpPrefix.parse('10.0.0.1/8'))).toBe('"10.0.0.1/8"')
  })
})
