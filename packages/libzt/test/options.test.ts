import { expect, test } from 'vitest'
import { type StartOptions, ZeroTier } from '../src/index.js'
import { checkTimeout } from '../src/options.js'
import { errorOf, secretText } from './fixtures.js'

test.each<[string, StartOptions, string]>([
  ['a port beyond 65535', { port: 65_536 }, 'port'],
  ['a negative port', { port: -1 }, 'port'],
  ['half a port', { port: 9993.5 }, 'port'],
  ['a port that is no number', { port: Number.NaN }, 'port'],
  ['a name to bind to', { bind: ['localhost'] }, '"localhost"'],
  ['a prefix to bind to', { bind: ['10.0.0.1/8'] }, '"10.0.0.1/8"'],
  ['nothing to bind to', { bind: [] }, 'bind'],
  ['a state without a name', { state: '' }, 'state'],
])('%s is a mistake that is told at once', async (_name, options, named) => {
  const error = await errorOf(ZeroTier.start({ identity: secretText(2), ...options }))
  expect(error.code).toBe('ZT_ARG_INVALID')
  expect(error.message).toContain(named)
})

test.each([0, -1, Number.NaN])('a time limit of %d ms is a mistake', (timeoutMs) => {
  expect(() => checkTimeout(timeoutMs)).toThrow(/timeoutMs must be a positive number/)
})

test.each([undefined, 1, 0.5, Number.POSITIVE_INFINITY])('a time limit of %s ms is fine', (timeoutMs) => {
  expect(() => checkTimeout(timeoutMs)).not.toThrow()
})

test('a signal that was aborted already lets nothing begin', async () => {
  const reason = new Error('no')
  await expect(ZeroTier.start({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})
