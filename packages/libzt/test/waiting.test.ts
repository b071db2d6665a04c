import { EventEmitter, getEventListeners } from 'node:events'
import { expect, test, vi } from 'vitest'
import { waitFor } from '../src/waiting.js'

const late = () => new Error('late')

/** A condition that changes, and whoever watches it. */
class Condition {
  value: string | undefined
  readonly emitter = new EventEmitter()

  readonly ready = () => this.value

  readonly subscribe = (again: () => void) => {
    this.emitter.on('change', again)
    return () => void this.emitter.off('change', again)
  }

  set(value: string | undefined) {
    this.value = value
    this.emitter.emit('change')
  }

  get watchers(): number {
    return this.emitter.listenerCount('change')
  }
}

test('what is ready already is not waited for', async () => {
  const condition = new Condition()
  condition.value = 'there'
  expect(await waitFor(condition.ready, condition.subscribe, { onTimeout: late })).toBe('there')
  expect(condition.watchers).toBe(0)
})

test('it is asked again at every change until it is ready', async () => {
  const condition = new Condition()
  const waiting = waitFor(condition.ready, condition.subscribe, { onTimeout: late })
  condition.set(undefined)
  expect(condition.watchers).toBe(1)
  condition.set('there')
  expect(await waiting).toBe('there')
  expect(condition.watchers).toBe(0)
})

test('what the condition throws ends the wait', async () => {
  const condition = new Condition()
  let isHopeless = false
  const ready = () => {
    if (isHopeless) throw new Error('never')
    return undefined
  }
  const waiting = waitFor(ready, condition.subscribe, { onTimeout: late })
  isHopeless = true
  condition.set(undefined)
  await expect(waiting).rejects.toThrow('never')
  expect(condition.watchers).toBe(0)
})

test('an abort ends the wait with its reason, and nothing listens any more', async () => {
  const condition = new Condition()
  const controller = new AbortController()
  const waiting = waitFor(condition.ready, condition.subscribe, { signal: controller.signal, onTimeout: late })
  const reason = new Error('enough')
  controller.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  expect(condition.watchers).toBe(0)
  expect(getEventListeners(controller.signal, 'abort')).toEqual([])
})

test('a signal that was aborted before is seen before anything else', async () => {
  const condition = new Condition()
  condition.value = 'there'
  const ready = vi.fn(condition.ready)
  await expect(
    waitFor(ready, condition.subscribe, { signal: AbortSignal.abort(new Error('no')), onTimeout: late }),
  ).rejects.toThrow('no')
  expect(ready).not.toHaveBeenCalled()
})

test('a reason that is no error becomes one', async () => {
  const condition = new Condition()
  const waiting = waitFor(condition.ready, condition.subscribe, { signal: AbortSignal.abort('bored'), onTimeout: late })
  await expect(waiting).rejects.toMatchObject({ code: 'ZT_STOPPED', cause: 'bored' })
})

test('when time is up, the error is made then', async () => {
  vi.useFakeTimers()
  try {
    const condition = new Condition()
    const onTimeout = vi.fn(late)
    const settled = expect(
      waitFor(condition.ready, condition.subscribe, { timeoutMs: 1000, onTimeout }),
    ).rejects.toThrow('late')
    vi.advanceTimersByTime(999)
    expect(onTimeout).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    await settled
    expect(condition.watchers).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

test.each([Number.POSITIVE_INFINITY, 2 ** 31, Number.MAX_VALUE])('a limit of %d ms is none', async (timeoutMs) => {
  vi.useFakeTimers()
  try {
    const condition = new Condition()
    const waiting = waitFor(condition.ready, condition.subscribe, { timeoutMs, onTimeout: late })
    expect(vi.getTimerCount()).toBe(0)
    condition.set('there')
    expect(await waiting).toBe('there')
  } finally {
    vi.useRealTimers()
  }
})
