import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BROADCAST_MAC, Endpoint, formatMac, IpAddress, isMulticastMac, parseMac } from '../../src/index.js'

describe('Endpoint', () => {
  test.each(['10.0.0.1/9993', 'fd00::1/0', '0.0.0.0/65535'])('%s round-trips', (text) => {
    expect(Endpoint.parse(text).toString()).toBe(text)
    expect(Endpoint.parse(text).equals(Endpoint.parse(text))).toBe(true)
  })

  test.each([
    '',
    '10.0.0.1',
    '10.0.0.1/',
    '10.0.0.1/65536',
    '10.0.0.1/-1',
    '10.0.0.1/1x',
    '/9993',
    'x/1',
    '10.0.0.1:9993',
    '10.0.0.1/100000',
  ])('refuses %j', (text) => {
    expect(() => Endpoint.parse(text)).toThrow(expect.objectContaining({ code: 'ZT_ARG_INVALID' }))
  })

  test('another address or port is another endpoint', () => {
    const a = new Endpoint(IpAddress.parse('10.0.0.1'), 1)
    expect(a.equals(new Endpoint(IpAddress.parse('10.0.0.1'), 2))).toBe(false)
    expect(a.equals(new Endpoint(IpAddress.parse('10.0.0.2'), 1))).toBe(false)
    expect(JSON.stringify({ a })).toBe('{"a":"10.0.0.1/1"}')
  })
})

describe('MAC addresses', () => {
  test('text and number are inverse', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (n) => parseMac(formatMac(n % 2 ** 48)) === n % 2 ** 48))
  })

  test('dashes and capitals are read', () => {
    expect(parseMac('02-BC-95-CB-9D-DB')).toBe(0x02bc95cb9ddb)
    expect(formatMac(0x02bc95cb9ddb)).toBe('02:bc:95:cb:9d:db')
  })

  test.each(['', '02:bc:95:cb:9d', '02:bc:95:cb:9d:db:00', '2:bc:95:cb:9d:db', '02bc95cb9ddb', '02:bc:95:cb:9d:dg'])(
    'refuses %j',
    (text) => {
      expect(() => parseMac(text)).toThrow(expect.objectContaining({ code: 'ZT_ARG_INVALID' }))
    },
  )

  test('the group bit is the lowest of the first byte', () => {
    expect(isMulticastMac(parseMac('01:00:5e:00:00:01'))).toBe(true)
    expect(isMulticastMac(parseMac('33:33:00:00:00:01'))).toBe(true)
    expect(isMulticastMac(BROADCAST_MAC)).toBe(true)
    expect(isMulticastMac(parseMac('02:bc:95:cb:9d:db'))).toBe(false)
    expect(isMulticastMac(parseMac('fe:ff:ff:ff:ff:ff'))).toBe(false)
  })
})
