import { expect, test } from 'vitest'
import { SystemClock } from '../src/index.js'

const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

test('now is the time of day, with a fraction, and never steps back', () => {
  const clock = new SystemClock()
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(5000)
  let last = clock.now()
  for (let i = 0; i < 1000; i++) {
    const now = clock.now()
    expect(now).toBeGreaterThanOrEqual(last)
    last = now
  }
})

test('runs deadlines in their order and never early', async () => {
  const clock = new SystemClock()
  const start = clock.now()
  const ran: [string, boolean][] = []
  await new Promise<void>((done) => {
    clock.at(start + 12, () => {
      ran.push(['late', clock.now() >= start + 12])
      done()
    })
    clock.at(start + 3.5, () => ran.push(['early', clock.now() >= start + 3.5]))
    clock.at(start - 1000, () => ran.push(['overdue', true]))
    clock.at(start + 5, () => ran.push(['taken back', false]))()
  })
  expect(ran).toEqual([
    ['overdue', true],
    ['early', true],
    ['late', true],
  ])
})

test('never and far deadlines are just that', () => {
  const clock = new SystemClock({ ref: false })
  clock.at(Number.POSITIVE_INFINITY, () => {})()
  const before = timers()
  const disarm = clock.at(clock.now() + 2 ** 40, () => expect.unreachable())
  expect(timers()).toBe(before)
  disarm()
})

test('many soons are one turn, in order, and what they ask for comes in the next', async () => {
  const clock = new SystemClock()
  const ran: string[] = []
  clock.soon(() => {
    ran.push('first')
    clock.soon(() => ran.push('next turn'))
  })
  clock.soon(() => ran.push('second'))
  expect(ran).toEqual([])
  await new Promise((done) => setImmediate(done))
  expect(ran).toEqual(['first', 'second'])
  await new Promise((done) => setImmediate(done))
  expect(ran).toEqual(['first', 'second', 'next turn'])
})

test('after a throw the rest of the turn is still done', async () => {
  const clock = new SystemClock()
  const ran: string[] = []
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  const caught = new Promise<unknown>((resolve) => process.once('uncaughtException', resolve))
  const finished = new Promise<void>((resolve) => {
    clock.soon(() => {
      throw new Error('on purpose')
    })
    clock.soon(() => {
      ran.push('after')
      resolve()
    })
  })
  expect(await caught).toMatchObject({ message: 'on purpose' })
  for (const listener of others) process.on('uncaughtException', listener)
  await finished
  expect(ran).toEqual(['after'])
})

test('an unreferenced clock does not keep the process alive', () => {
  const clock = new SystemClock()
  const before = timers()
  const disarm = clock.at(clock.now() + 60_000, () => {})
  expect(timers()).toBe(before + 1)
  clock.unref()
  expect(timers()).toBe(before)
  clock.ref()
  expect(timers()).toBe(before + 1)
  disarm()
  expect(timers()).toBe(before)
  disarm()
})

test('a clock whose timers were all taken back does not either, and goes on working', async () => {
  const clock = new SystemClock()
  const before = timers()
  const disarm = [1, 2, 3].map((hours) => clock.at(clock.now() + hours * 3_600_000, () => {}))
  expect(timers()).toBe(before + 1)
  for (const each of disarm) each()
  expect(timers()).toBe(before)
  await new Promise<void>((done) => clock.at(clock.now() + 1, done))
  expect(timers()).toBe(before)
})

test.each(['soon', 'at'] as const)(
  'closed from within %s, nothing is called and nothing waits any more',
  async (how) => {
    const clock = new SystemClock()
    const before = timers()
    const ran: string[] = []
    const ask = (run: () => void) => (how === 'soon' ? clock.soon(run) : clock.at(clock.now() - 1, run))
    clock.at(clock.now() + 60_000, () => ran.push('later'))
    await new Promise<void>((done) => {
      ask(() => {
        ran.push('first')
        clock.close()
        // Behind all that this clock could still have called.
        setTimeout(() => setImmediate(done), 2)
      })
      ask(() => ran.push('second'))
    })
    expect(ran).toEqual(['first'])
    expect(timers()).toBe(before)
  },
)
