import { NEVER } from '@zt/sansio'
import { describe, expect, test } from 'vitest'
import { VirtualClock } from '../src/index.js'

describe('VirtualClock', () => {
  test('runs deadlines in the order of time, then of arming, each at its instant', () => {
    const clock = new VirtualClock(1000)
    const ran: [string, number][] = []
    const note = (name: string) => () => void ran.push([name, clock.now()])
    clock.at(1020, note('c'))
    clock.at(1010, note('a'))
    clock.at(1010, note('b'))
    clock.at(900, note('overdue'))
    clock.at(NEVER, note('never'))
    clock.at(1011, note('taken back'))()
    clock.run(1015)
    expect(clock.now()).toBe(1015)
    clock.advance(100)
    expect(ran).toEqual([
      ['overdue', 1000],
      ['a', 1010],
      ['b', 1010],
      ['c', 1020],
    ])
    expect(clock.now()).toBe(1115)
  })

  test('what is asked for with soon runs in the same instant, after all timers that are due', () => {
    const clock = new VirtualClock(0)
    const ran: string[] = []
    for (const name of ['first', 'second']) {
      clock.at(5, () => {
        ran.push(name)
        clock.soon(() => ran.push(`after ${name} at ${clock.now()}`))
        clock.at(5, () => ran.push(`armed by ${name}`))
      })
    }
    clock.advance(5)
    expect(ran).toEqual([
      'first',
      'second',
      'after first at 5',
      'after second at 5',
      'armed by first',
      'armed by second',
    ])
  })

  test('runUntil stops where the predicate comes true', () => {
    const clock = new VirtualClock(0)
    let count = 0
    const tick = (): void => {
      count++
      clock.at(clock.now() + 10, tick)
    }
    clock.soon(tick)
    expect(clock.runUntil(() => count === 4)).toBe(true)
    expect(clock.now()).toBe(30)
    expect(clock.runUntil(() => count === 1000, 100)).toBe(false)
    expect(clock.now()).toBe(130)
  })

  test('runUntil moves to its limit when nothing is left to happen', () => {
    const clock = new VirtualClock(0)
    expect(clock.runUntil(() => false, 500)).toBe(false)
    expect(clock.now()).toBe(500)
    expect(clock.nextDeadline()).toBe(NEVER)
  })

  test('runUntilAsync lets promises run between the steps', async () => {
    const clock = new VirtualClock(0)
    let resolved = 0
    const step = async (): Promise<void> => {
      await Promise.resolve()
      resolved++
      clock.at(clock.now() + 1, () => void step())
    }
    void step()
    const turn = () => new Promise((done) => setImmediate(done))
    expect(await clock.runUntilAsync(() => resolved === 5, turn, 100)).toBe(true)
    expect(clock.now()).toBe(4)
    expect(await clock.runUntilAsync(() => false, turn, 10)).toBe(false)
    expect(clock.now()).toBe(14)
  })

  test('a program that keeps time from moving is stopped', () => {
    const clock = new VirtualClock(0)
    const again = (): void => clock.soon(again)
    again()
    expect(() => clock.advance(1)).toThrow('virtual time stands still')
  })

  test('NaN is no instant', () => {
    expect(() => new VirtualClock().at(Number.NaN, () => {})).toThrow('expected an instant')
  })
})
