import { type Clock, DeadlineQueue, type Instant, NEVER } from '@zt/sansio'

/** How a `SystemClock` treats the process. */
export interface SystemClockOptions {
  /** Whether waiting timers keep the process alive; see `ref` and `unref`. Default true. */
  readonly ref?: boolean
}

/**
 * The system's time. `now` is the start of the process by the wall clock plus a monotonic count, so it never steps when
 * the wall clock is set. All timers share one `setTimeout`, armed for the earliest; everything asked for with `soon`
 * shares one `setImmediate`, which Node runs after the sockets have been read and before it sleeps.
 */
export class SystemClock implements Clock {
  readonly #timers = new DeadlineQueue()
  readonly #epoch = performance.timeOrigin
  #soon: (() => void)[] = []
  #spare: (() => void)[] = []
  #immediate: NodeJS.Immediate | undefined
  #timeout: NodeJS.Timeout | undefined
  #armedFor: Instant = NEVER
  #isRef: boolean
  #isClosed = false

  constructor(options: SystemClockOptions = {}) {
    this.#isRef = options.ref ?? true
  }

  now(): Instant {
    return this.#epoch + performance.now()
  }

  at(at: Instant, run: () => void): () => void {
    if (at === NEVER || this.#isClosed) return () => {}
    const deadline = this.#timers.push(at, run)
    this.#arm()
    return () => {
      this.#timers.cancel(deadline)
      if (this.#timers.size === 0) this.#disarm() // nothing to wait for must not keep the process alive
    }
  }

  soon(run: () => void): void {
    if (this.#isClosed) return
    this.#soon.push(run)
    this.#immediate ??= setImmediate(this.#runSoon)
  }

  /** Let waiting timers keep the process alive. Work asked for with `soon` always does, as it is done at once. */
  ref(): this {
    this.#isRef = true
    this.#timeout?.ref()
    return this
  }

  /** Let the process end although timers wait. */
  unref(): this {
    this.#isRef = false
    this.#timeout?.unref()
    return this
  }

  /** Forget everything that waits: nothing of this clock keeps the process alive, and nothing is called any more. */
  close(): void {
    clearTimeout(this.#timeout)
    clearImmediate(this.#immediate)
    this.#timeout = undefined
    this.#immediate = undefined
    this.#soon = []
    this.#isClosed = true
  }

  /** What is asked for meanwhile belongs to the next turn, as with `setImmediate` itself. */
  readonly #runSoon = (): void => {
    const batch = this.#soon
    this.#soon = this.#spare
    this.#immediate = undefined
    let done = 0
    try {
      while (done < batch.length && !this.#isClosed) batch[done++]()
    } finally {
      // After a throw the rest still has its turn; the exception goes to the process as it would from setImmediate.
      if (done < batch.length && !this.#isClosed) {
        this.#soon = batch.slice(done).concat(this.#soon)
        this.#immediate ??= setImmediate(this.#runSoon)
      }
      batch.length = 0
      this.#spare = batch
    }
  }

  readonly #expire = (): void => {
    this.#timeout = undefined
    this.#armedFor = NEVER
    const fresh = this.#timers.nextSequence // what is armed meanwhile waits for the next round, even if it is due
    const now = this.now()
    try {
      while (!this.#isClosed) {
        const run = this.#timers.takeDue(now, fresh)
        if (!run) break
        run()
      }
    } finally {
      this.#arm()
    }
  }

  #disarm(): void {
    if (this.#timeout) clearTimeout(this.#timeout)
    this.#timeout = undefined
    this.#armedFor = NEVER
  }

  /**
   * A timer that is too early is harmless: it finds nothing due and arms again. So only an earlier deadline re-arms, and
   * taking one of several back never does.
   */
  #arm(): void {
    if (this.#isClosed) return // by what has just run
    const next = this.#timers.next()
    if (next >= this.#armedFor) return
    this.#disarm()
    this.#armedFor = next
    const delay = Math.min(MAX_TIMEOUT_MS, Math.max(1, Math.ceil(next - this.now())))
    this.#timeout = setTimeout(this.#expire, delay)
    if (!this.#isRef) this.#timeout.unref()
  }
}

/** `setTimeout` takes a signed 32-bit number of milliseconds and turns anything larger into 1. */
const MAX_TIMEOUT_MS = 0x7fff_ffff
