import { describe, expect, test } from 'vitest'
import { Counters, invariant, isZtError, ZtError } from '../src/index.js'

describe('ZtError', () => {
  test('carries code, hint, facts and cause', () => {
    const cause = new Error('disk full')
    const error = new ZtError('ZT_STATE_WRITE', 'cannot write identity.secret', {
      cause,
      hint: 'free some space',
      key: 'identity.secret',
    })
    expect(error).toMatchObject({
      name: 'ZtError',
      code: 'ZT_STATE_WRITE',
      hint: 'free some space',
      key: 'identity.secret',
      cause,
    })
    expect(error).toBeInstanceOf(Error)
    expect(Object.keys(new ZtError('ZT_X', 'x'))).not.toContain('hint')
    expect('cause' in new ZtError('ZT_X', 'x')).toBe(false)
  })

  test('is known across copies of the package, and by code', () => {
    const stranger = Object.assign(new Error('x'), { code: 'ZT_X', [Symbol.for('@zt/error')]: true })
    expect([isZtError(stranger), isZtError(stranger, 'ZT_X'), isZtError(stranger, 'ZT_Y')]).toEqual([true, true, false])
  })

  test.each([undefined, null, 1, 'ZT_X', {}, new Error('x'), { code: 'ZT_X' }])('%s is none', (other) => {
    expect(isZtError(other)).toBe(false)
  })

  test('an invariant that does not hold is a bug, and says so', () => {
    expect(() => invariant(1, 'one is true')).not.toThrow()
    expect(() => invariant(0, 'zero is true')).toThrow(
      expect.objectContaining({ code: 'ZT_BUG', message: expect.stringContaining('zero is true') }),
    )
  })
})

describe('Counters', () => {
  test('count by name, and show themselves sorted', () => {
    const counters = new Counters()
    counters.count('b')
    counters.count('a', 2)
    counters.count('b')
    expect([counters.get('b'), counters.get('never')]).toEqual([2, 0])
    expect(Object.entries(counters.snapshot())).toEqual([
      ['a', 2],
      ['b', 2],
    ])
  })

  test('a snapshot is a copy', () => {
    const counters = new Counters()
    const before = counters.snapshot()
    counters.count('a')
    expect(before).toEqual({})
  })
})
