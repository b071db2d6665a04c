import { isZtError, ZtError } from '@zt/sansio'
import { expect, test } from 'vitest'
import { byteCount, hostAndPort, ipAndPort, portNumber, required, seconds, text, texts, times } from '../src/flags.js'

/** The sentence of a usage error. */
function mistake(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (isZtError(error, 'ZT_ARG_INVALID') || isZtError(error, 'ZT_ARG_MISSING')) return error.message
    throw error
  }
  throw new ZtError('ZT_BUG', 'it was accepted')
}

test.each([
  ['1', 1],
  ['80', 80],
  ['65535', 65_535],
])('%s is a port', (value, port) => {
  expect(portNumber(value, 'PORT')).toBe(port)
})

test.each(['', '0', '65536', '-1', '1e3', '80 ', '0x50', 'http', '999999'])('%j is no port', (value) => {
  expect(mistake(() => portNumber(value, 'PORT'))).toBe(
    `PORT must be a number from 1 to 65535, got ${JSON.stringify(value)}`,
  )
})

test('0 is a port where any will do', () => {
  expect(portNumber('0', '--port', true)).toBe(0)
})

test.each([
  ['10.0.0.1:80', '10.0.0.1/80'],
  ['[fd00::1]:443', 'fd00::1/443'],
])('%s is an address and a port', (value, endpoint) => {
  expect(String(ipAndPort(value, '--to'))).toBe(endpoint)
})

test.each([
  '10.0.0.1',
  'fd00::1:80',
  '[fd00::1]',
  'host.example:80',
  '10.0.0.300:80',
  '10.0.0.1:',
  ':80',
  '[10.0.0.1:80',
])('%j is no address and port', (value) => {
  expect(mistake(() => ipAndPort(value, '--to'))).toContain(JSON.stringify(value))
})

test('an IPv6 address without brackets is told what it lacks', () => {
  expect(mistake(() => hostAndPort('fd00::1:80', '--to'))).toContain('brackets')
})

test.each([
  ['localhost:5432', 'localhost', 5432],
  ['[::1]:80', '::1', 80],
])('%s is a host and a port', (value, host, port) => {
  expect(hostAndPort(value, '--to')).toEqual({ host, port })
})

test('the port of a host is checked like any other', () => {
  expect(mistake(() => hostAndPort('localhost:0', '--to'))).toContain('the port of --to')
})

test.each([
  ['0', 0],
  ['1000', 1000],
  ['64k', 65_536],
  ['2M', 2_097_152],
  ['1g', 1_073_741_824],
])('%s is %d bytes', (value, bytes) => {
  expect(byteCount(value, '--bytes')).toBe(bytes)
})

test.each(['', '-1', '1.5M', '10T', 'M', '1 k', '99999999999G'])('%j is no number of bytes', (value) => {
  expect(mistake(() => byteCount(value, '--bytes'))).toContain('--bytes')
})

test.each([
  ['30', 30],
  ['0.5', 0.5],
])('%s is a number of seconds', (value, count) => {
  expect(seconds(value, '--timeout')).toBe(count)
})

test.each(['', '0', '-1', '1e9', 'Infinity', 'NaN', '1.2.3', '5s', '2000001'])(
  '%j is no number of seconds',
  (value) => {
    expect(mistake(() => seconds(value, '--timeout'))).toContain('--timeout')
  },
)

test('how many times', () => {
  expect(times(undefined, '--count', 4)).toBe(4)
  expect(times('7', '--count', 4)).toBe(7)
  for (const value of ['0', '-1', '1.5', '', '1e3'])
    expect(mistake(() => times(value, '--count', 4))).toContain('--count')
})

test('values as they were given', () => {
  expect(text({ state: 'dir', json: true }, 'state')).toBe('dir')
  expect(text({ json: true }, 'json')).toBeUndefined()
  expect(texts({ network: ['a', 'b'] }, 'network')).toEqual(['a', 'b'])
  expect(texts({ network: 'a' }, 'network')).toEqual(['a'])
  expect(texts({}, 'network')).toEqual([])
  expect(required({ to: 'x' }, 'to', 'why')).toBe('x')
  expect(mistake(() => required({}, 'to', 'where to send'))).toBe('--to is needed: where to send')
})
