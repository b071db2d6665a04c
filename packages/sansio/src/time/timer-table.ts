import { type Instant, NEVER } from './instant.js'

/**
 * The named deadlines of one machine, as data. Names are a closed list; `takeExpired` yields those that are due in the
 * order of that list, disarmed before they are handed out.
 */
export class TimerTable<Name extends string> {
  readonly #names: readonly Name[]
  readonly #deadlines: Record<Name, Instant>

  constructor(names: readonly Name[]) {
    this.#names = names
    this.#deadlines = Object.fromEntries(names.map((name) => [name, NEVER])) as Record<Name, Instant>
  }

  set(name: Name, deadline: Instant): void {
    this.#deadlines[name] = deadline
  }

  stop(name: Name): void {
    this.#deadlines[name] = NEVER
  }

  get(name: Name): Instant {
    return this.#deadlines[name]
  }

  isSet(name: Name): boolean {
    return this.#deadlines[name] !== NEVER
  }

  /** The earliest deadline, or `NEVER`. */
  next(): Instant {
    let next = NEVER
    for (const name of this.#names) if (this.#deadlines[name] < next) next = this.#deadlines[name]
    return next
  }

  /** Disarm and name one timer that is due, or `undefined`. Call until it says so. */
  takeExpired(now: Instant): Name | undefined {
    for (const name of this.#names) {
      if (this.#deadlines[name] <= now) {
        this.#deadlines[name] = NEVER
        return name
      }
    }
    return undefined
  }
}
