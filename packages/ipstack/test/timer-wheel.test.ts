import { SeededRandom } from '@zt/testkit'
import { NEVER } from '@zt/sansio'
import { describe, expect, it } from 'vitest'
import { Timer, TimerWheel } from '../src/index.js'

const START = 1_700_000_000_000.25

function recorder(log: [string, number][], name: string, again?: (now: number) => void): Timer {
  return new Timer({
    handleTimer: (now) => {
      log.push([name, now])
      again?.(now)
    },
  })
}

describe('TimerWheel', () => {
  it('fires at most one tick late and never early, near and far', () => {
    const wheel = new TimerWheel(START, () => {})
    const log: [string, number][] = []
    const delays = [
      0, 0.4, 1, 63, 64, 65, 4095, 4096, 4097, 262_143, 262_144, 300_000, 16_777_215, 16_777_216, 40_000_000,
    ]
    for (const delay of delays) wheel.schedule(recorder(log, `${delay}`), START + delay)
    const fired = new Map<string, number>()
    for (let next = wheel.nextTimeout(); next !== NEVER; next = wheel.nextTimeout()) {
      wheel.advance(next)
      for (const [name, at] of log.splice(0)) fired.set(name, at)
    }
    for (const delay of delays) {
      const at = fired.get(`${delay}`)!
      expect(at).toBeGreaterThanOrEqual(START + delay)
      expect(at).toBeLessThan(START + delay + 2)
    }
  })

  it('does not fire what was cancelled, nor what was moved later, before its time', () => {
    const wheel = new TimerWheel(START, () => {})
    const log: [string, number][] = []
    const [cancelled, moved, pulled] = ['cancelled', 'moved', 'pulled'].map((name) => recorder(log, name))
    wheel.schedule(cancelled, START + 10)
    wheel.schedule(moved, START + 10)
    wheel.schedule(pulled, START + 10_000)
    wheel.cancel(cancelled)
    wheel.schedule(moved, START + 500)
    wheel.schedule(pulled, START + 20)
    wheel.advance(START + 100)
    expect(log).toEqual([['pulled', START + 100]])
    expect(cancelled.isArmed).toBe(false)
    wheel.advance(START + 499)
    expect(log).toHaveLength(1)
    wheel.advance(START + 502)
    expect(log[1]).toEqual(['moved', START + 502])
    expect(wheel.nextTimeout()).toBe(NEVER)
  })

  it('lets an owner arm and cancel timers from within, without looping', () => {
    const wheel = new TimerWheel(START, () => {})
    const log: [string, number][] = []
    const victim = recorder(log, 'victim')
    const self: Timer = recorder(log, 'self', (now) => {
      wheel.schedule(self, now - 5)
      wheel.cancel(victim)
    })
    wheel.schedule(victim, START + 5)
    wheel.schedule(self, START + 5)
    wheel.advance(START + 5.75)
    expect(log.filter(([name]) => name === 'self')).toHaveLength(1)
    wheel.advance(wheel.nextTimeout())
    expect(log.filter(([name]) => name === 'self')).toHaveLength(2)
  })

  it('does not storm after the clock has jumped', () => {
    const wheel = new TimerWheel(START, () => {})
    const log: [string, number][] = []
    const periodic: Timer = recorder(log, 'periodic', (now) => wheel.schedule(periodic, now + 10))
    wheel.schedule(periodic, START + 10)
    wheel.advance(START + 86_400_000)
    expect(log).toHaveLength(1)
  })

  it('tells when a deadline comes nearer, and only then', () => {
    let told = 0
    const wheel = new TimerWheel(START, () => told++)
    const timer = recorder([], 'any')
    wheel.schedule(timer, START + 100)
    expect(told).toBe(1)
    wheel.schedule(timer, START + 200)
    expect(told).toBe(1)
    wheel.schedule(timer, START + 50)
    expect(told).toBe(2)
  })

  it('agrees with a sorted list over thousands of random moves', () => {
    const random = new SeededRandom(7)
    const wheel = new TimerWheel(START, () => {})
    let now = START
    const due = new Map<Timer, number>()
    const timers: Timer[] = Array.from({ length: 50 }, () => {
      const timer: Timer = new Timer({
        handleTimer: (at) => {
          if (!(due.get(timer)! <= at)) expect.fail(`early: due at ${due.get(timer)}, fired at ${at}`)
          due.delete(timer)
        },
      })
      return timer
    })
    for (let step = 0; step < 20_000; step++) {
      const timer = random.pick(timers)
      if (random.chance(0.2)) {
        wheel.cancel(timer)
        due.delete(timer)
      } else {
        const at = now + random.float() * 10 ** random.below(8)
        wheel.schedule(timer, at)
        due.set(timer, at)
      }
      now += random.float() * 10 ** random.below(5)
      wheel.advance(now)
      for (const [each, at] of due)
        if (at <= now - 1 || each.at !== at) expect.fail(`step ${step}: due at ${at}, armed for ${each.at}, now ${now}`)
    }
  })
})
