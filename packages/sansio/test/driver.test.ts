import { describe, expect, test } from 'vitest'
import { type Clock, DeadlineQueue, Driver, type Instant, type Machine, NEVER } from '../src/index.js'

/** A clock that moves only when told. */
class HandClock implements Clock {
  time = 0
  readonly #deadlines = new DeadlineQueue()
  readonly #soon: (() => void)[] = []

  now(): Instant {
    return this.time
  }

  at(at: Instant, run: () => void): () => void {
    const deadline = this.#deadlines.push(at, run)
    return () => this.#deadlines.cancel(deadline)
  }

  soon(run: () => void): void {
    this.#soon.push(run)
  }

  get armed(): number {
    return this.#deadlines.size
  }

  get next(): Instant {
    return this.#deadlines.next()
  }

  /** Finish the turn, then go to `time` and run what is due. */
  advance(time: Instant = this.time): void {
    this.#drain()
    this.time = time
    for (let run = this.#deadlines.takeDue(time); run; run = this.#deadlines.takeDue(time)) run()
    this.#drain()
  }

  #drain(): void {
    for (let run = this.#soon.shift(); run; run = this.#soon.shift()) run()
  }
}

/** A machine that writes down what is done to it. */
class Recorder implements Machine {
  readonly calls: string[] = []
  deadline: Instant = NEVER
  onTimeout: () => void = () => {}

  flush(now: Instant): void {
    this.calls.push(`flush ${now}`)
  }

  handleTimeout(now: Instant): void {
    this.calls.push(`timeout ${now}`)
    this.deadline = NEVER
    this.onTimeout()
  }

  nextTimeout(): Instant {
    return this.deadline
  }
}

function driven() {
  const clock = new HandClock()
  const machine = new Recorder()
  const driver = new Driver(machine, clock, () => void machine.calls.push('drained'))
  return { clock, machine, driver }
}

describe('Driver', () => {
  test('flushes once for a burst, and drains after the flush', () => {
    const { clock, machine, driver } = driven()
    driver.touch()
    driver.touch()
    expect(machine.calls).toEqual([])
    clock.advance()
    expect(machine.calls).toEqual(['flush 0', 'drained'])
  })

  test('arms the one deadline, and drains when it has passed', () => {
    const { clock, machine, driver } = driven()
    machine.deadline = 50
    driver.touch()
    clock.advance()
    expect([clock.armed, clock.next]).toEqual([1, 50])
    clock.advance(50)
    expect(machine.calls).toEqual(['flush 0', 'drained', 'timeout 50', 'flush 50', 'drained'])
    expect(clock.armed).toBe(0)
  })

  test('moves the deadline when the machine does', () => {
    const { clock, machine, driver } = driven()
    machine.deadline = 50
    driver.touch()
    clock.advance()
    machine.deadline = 20
    driver.touch()
    clock.advance()
    expect([clock.armed, clock.next]).toEqual([1, 20])
    machine.deadline = NEVER
    driver.touch()
    clock.advance()
    expect(clock.armed).toBe(0)
  })

  test('a machine that wants to be called at once is called in the next round, not for ever', () => {
    const { clock, machine, driver } = driven()
    let rounds = 3
    machine.onTimeout = () => void (machine.deadline = --rounds > 0 ? clock.now() : NEVER)
    machine.deadline = 10
    driver.touch()
    clock.advance(10)
    expect(machine.calls.filter((call) => call.startsWith('timeout'))).toEqual([
      'timeout 10',
      'timeout 10',
      'timeout 10',
    ])
    expect(clock.armed).toBe(0)
  })

  test('a command given while draining is a new burst', () => {
    const clock = new HandClock()
    const machine = new Recorder()
    const driver = new Driver(machine, clock, () => machine.calls.length < 3 && driver.touch())
    driver.touch()
    clock.advance()
    expect(machine.calls).toEqual(['flush 0', 'flush 0', 'flush 0'])
  })

  test('after close nothing is called any more', () => {
    const { clock, machine, driver } = driven()
    machine.deadline = 10
    driver.touch()
    clock.advance()
    driver.touch()
    driver.close()
    driver.touch()
    clock.advance(100)
    expect(machine.calls).toEqual(['flush 0', 'drained'])
    expect(clock.armed).toBe(0)
  })

  test('close from within the timeout leaves nothing armed', () => {
    const { clock, machine, driver } = driven()
    machine.onTimeout = () => {
      machine.deadline = 99
      driver.close()
    }
    machine.deadline = 10
    driver.touch()
    clock.advance(10)
    expect([clock.armed, machine.calls.at(-1)]).toEqual([0, 'timeout 10'])
  })
})
