import { ZtError } from '@zt/sansio'
import { seconds } from './flags.js'

/** When a command is to end: on SIGINT, SIGTERM, or when its time is up. A second SIGINT ends the process at once. */
export class Ending implements Disposable {
  readonly #stopper = new AbortController()
  readonly #ender = new AbortController()
  readonly #deadline: number | undefined
  readonly #timer: NodeJS.Timeout | undefined

  /** @param timeout what `--timeout` was given. @throws ZT_ARG_INVALID */
  constructor(timeout: string | undefined) {
    if (timeout !== undefined) {
      const limit = seconds(timeout, '--timeout')
      this.#deadline = performance.now() + limit * 1000
      const expire = () => this.#ender.abort(new ZtError('ZT_TIMEOUT', `not done within ${limit} seconds`))
      this.#timer = setTimeout(expire, limit * 1000)
    }
    process.on('SIGINT', this.#onSignal)
    process.on('SIGTERM', this.#onSignal)
  }

  /** Aborted when the command is to end, whatever the reason. */
  get signal(): AbortSignal {
    return this.#ender.signal
  }

  /** Aborted when somebody wants it to end, but not when its time is up. */
  get stopped(): AbortSignal {
    return this.#stopper.signal
  }

  /** Milliseconds, at least one; `undefined` without a limit. */
  timeLeft(): number | undefined {
    return this.#deadline === undefined ? undefined : Math.max(1, this.#deadline - performance.now())
  }

  stop(): void {
    const reason = new ZtError('ZT_STOPPED', 'stopped')
    this.#stopper.abort(reason)
    this.#ender.abort(reason)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    process.off('SIGINT', this.#onSignal)
    process.off('SIGTERM', this.#onSignal)
  }

  readonly #onSignal = (): void => {
    if (this.#stopper.signal.aborted) process.exit(130)
    this.stop()
  }
}
