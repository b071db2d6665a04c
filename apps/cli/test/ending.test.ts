import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Ending } from '../src/ending.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('SIGINT and SIGTERM stop, and time does not', () => {
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    using ending = new Ending(undefined)
    expect(ending.timeLeft()).toBeUndefined()
    process.emit(name)
    expect(ending.stopped.reason).toMatchObject({ code: 'ZT_STOPPED' })
    expect(ending.signal.reason).toBe(ending.stopped.reason)
  }
})

test('time ends the command without anybody having stopped it', () => {
  using ending = new Ending('2.5')
  expect(ending.timeLeft()).toBe(2500)
  vi.advanceTimersByTime(2499)
  expect(ending.signal.aborted).toBe(false)
  vi.advanceTimersByTime(1)
  expect(ending.signal.reason).toMatchObject({ code: 'ZT_TIMEOUT', message: 'not done within 2.5 seconds' })
  expect(ending.stopped.aborted).toBe(false)
  expect(ending.timeLeft()).toBe(1)
})

test('a second SIGINT ends the process at once', () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never)
  using _ending = new Ending(undefined)
  process.emit('SIGINT')
  expect(exit).not.toHaveBeenCalled()
  process.emit('SIGINT')
  expect(exit).toHaveBeenCalledWith(130)
  exit.mockRestore()
})

test('leaves no timer and no listener behind', () => {
  const before = process.listenerCount('SIGINT')
  {
    using _ending = new Ending('5')
    expect(process.listenerCount('SIGINT')).toBe(before + 1)
  }
  expect(process.listenerCount('SIGINT')).toBe(before)
  expect(vi.getTimerCount()).toBe(0)
})
