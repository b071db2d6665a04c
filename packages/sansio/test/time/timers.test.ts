import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NEVER, RateGate, TimerTable } from '../../src/index.js'

describe('TimerTable', () => {
  const names = ['first', 'second', 'third'] as const
  const expired = (timers: TimerTable<(typeof names)[number]>, now: number): string[] => {
    const found: string[] = []
    for (let name = timers.takeExpired(now); name; name = timers.takeExpired(now)) found.push(name)
    return found
  }

  test('waits for nothing at first', () => {
    const timers = new TimerTable(names)
    expect([timers.next(), timers.isSet('first'), expired(timers, Number.MAX_VALUE)]).toEqual([NEVER, false, []])
  })

  test('hands out what is due, once, in the declared order', () => {
    const timers = new TimerTable(names)
    timers.set('third', 1)
    timers.set('first', 2)
    timers.set('second', 3)
    expect(timers.next()).toBe(1)
    expect(expired(timers, 2)).toEqual(['first', 'third'])
    expect(expired(timers, 2)).toEqual([])
    expect([timers.next(), timers.get('second'), timers.isSet('first')]).toEqual([3, 3, false])
  })

  test('a stopped timer does not fire', () => {
    const timers = new TimerTable(names)
    timers.set('first', 1)
    timers.stop('first')
    expect([timers.next(), expired(timers, 9)]).toEqual([NEVER, []])
  })

  test('a timer set again while it is handled fires again', () => {
    const timers = new TimerTable(names)
    timers.set('first', 1)
    expect(timers.takeExpired(5)).toBe('first')
    timers.set('first', 5)
    expect(timers.takeExpired(5)).toBe('first')
  })
})

describe('RateGate', () => {
  /** How many pass when asked at each of these instants. */
  const passed = (gate: RateGate, instants: readonly number[]): boolean[] => instants.map((now) => gate.pass(now))

  test('lets one pass every interval', () => {
    expect(passed(new RateGate(10), [0, 1, 9, 10, 11, 19, 20])).toEqual([true, false, false, true, false, false, true])
  })

  test('lets a burst pass, then one every interval', () => {
    expect(passed(new RateGate(10, 3), [0, 0, 0, 0, 9, 10, 10, 25, 30])).toEqual([
      true,
      true,
      true,
      false,
      false,
      true,
      false,
      true,
      true,
    ])
  })

  test('is full again after rest, and no fuller', () => {
    expect(passed(new RateGate(10, 2), [0, 0, 0, 1000, 1000, 1000])).toEqual([true, true, false, true, true, false])
  })

  test('in no window do more pass than the burst and what the window earns', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.nat({ max: 60 }), { maxLength: 100 }),
        (interval, burst, gaps) => {
          const gate = new RateGate(interval, burst)
          const times: number[] = []
          let now = 1_000_000
          for (const gap of gaps) {
            now += gap
            if (gate.pass(now)) times.push(now)
          }
          for (const [i, from] of times.entries()) {
            for (let j = i; j < times.length; j++) {
              expect(j - i + 1).toBeLessThanOrEqual(burst + Math.floor((times[j] - from) / interval))
            }
          }
        },
      ),
    )
  })

  test('who asks no faster than allowed is never refused', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.nat({ max: 60 }), { maxLength: 50 }),
        (interval, extra) => {
          const gate = new RateGate(interval)
          let now = 5
          for (const more of extra) {
            now += interval + more
            expect(gate.pass(now)).toBe(true)
          }
        },
      ),
    )
  })
})
