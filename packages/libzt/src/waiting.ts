import { ZtError } from '@zt/sansio'

/** `setTimeout` takes a signed 32-bit number of milliseconds and turns anything larger into 1. */
const LONGEST_TIMEOUT = 0x7fff_ffff

/** Limits of a wait. */
export interface Patience {
  readonly signal?: AbortSignal | undefined
  /** Nothing, or more than three weeks, is for ever. */
  readonly timeoutMs?: number | undefined
  /** The error when time is up; made only then. */
  readonly onTimeout: () => Error
}

/**
 * Wait until `ready` says so. `subscribe` is told a function to call whenever it is worth asking again, and gives one
 * that takes the subscription back. `ready` may throw: that ends the wait too.
 */
export function waitFor<T>(
  ready: () => T | undefined,
  subscribe: (again: () => void) => () => void,
  patience: Patience,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const { signal, timeoutMs, onTimeout } = patience
    let unsubscribe = () => {}
    let timer: NodeJS.Timeout | undefined
    const done = () => {
      unsubscribe()
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    const fail = (error: unknown) => {
      done()
      reject(error instanceof Error ? error : new ZtError('ZT_STOPPED', 'stopped', { cause: error }))
    }
    const onAbort = () => fail(signal!.reason)
    const ask = () => {
      try {
        const value = ready()
        if (value === undefined) return
        done()
        resolve(value)
      } catch (error) {
        fail(error)
      }
    }
    if (signal?.aborted) return onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    if (timeoutMs !== undefined && timeoutMs <= LONGEST_TIMEOUT) timer = setTimeout(() => fail(onTimeout()), timeoutMs)
    unsubscribe = subscribe(ask)
    ask()
  })
}
