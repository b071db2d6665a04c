import type { Clock } from './ports/clock.js'
import { type Instant, NEVER } from './time/instant.js'

/** A protocol engine without clock or chance: inputs go in by its own methods, and time by these. */
export interface Machine {
  /** The end of a burst of input: do the work that was put off, so that it is done once a burst. */
  flush(now: Instant): void
  /** Do what is due. Calling too early or too often is harmless. */
  handleTimeout(now: Instant): void
  /** When `handleTimeout` must be called next, or `NEVER`. Read again after every input. */
  nextTimeout(): Instant
}

/**
 * Runs one machine on a clock: after `touch()` the machine is flushed once in this turn, then `onDrained` hands out its
 * events, then the one deadline is armed. This is the only such loop; nothing polls.
 */
export class Driver {
  readonly #machine: Machine
  readonly #clock: Clock
  readonly #onDrained: () => void
  #touched = false
  #closed = false
  #deadline: Instant = NEVER
  #disarm: (() => void) | undefined

  constructor(machine: Machine, clock: Clock, onDrained: () => void = () => {}) {
    this.#machine = machine
    this.#clock = clock
    this.#onDrained = onDrained
  }

  /** Something was put into the machine. */
  touch(): void {
    if (this.#touched || this.#closed) return
    this.#touched = true
    this.#clock.soon(this.#drain)
  }

  /** Stop: nothing is called any more. */
  close(): void {
    this.#closed = true
    this.#disarm?.()
    this.#disarm = undefined
  }

  readonly #drain = (): void => {
    this.#touched = false
    if (this.#closed) return
    this.#machine.flush(this.#clock.now())
    this.#onDrained()
    this.#arm()
  }

  readonly #expire = (): void => {
    this.#disarm = undefined
    this.#deadline = NEVER
    if (this.#closed) return
    this.#machine.handleTimeout(this.#clock.now())
    this.#drain()
  }

  #arm(): void {
    if (this.#closed) return
    const next = this.#machine.nextTimeout()
    if (next === this.#deadline) return
    this.#disarm?.()
    this.#deadline = next
    this.#disarm = next === NEVER ? undefined : this.#clock.at(next, this.#expire)
  }
}
