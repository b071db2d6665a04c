import type { Clock, Instant } from '@zt/sansio'

/** One line of a timeline. */
export interface TimelineEntry {
  readonly at: Instant
  readonly who: string
  readonly what: string
}

/** Who did what when, relative to the start: to be printed when a simulation fails, or compared between two runs. */
export class Timeline {
  readonly #clock: Clock
  readonly #start: Instant
  readonly #entries: TimelineEntry[] = []
  readonly #limit: number

  /** @param limit entries kept; the oldest go first. */
  constructor(clock: Clock, limit = 10_000) {
    this.#clock = clock
    this.#start = clock.now()
    this.#limit = limit
  }

  get entries(): readonly TimelineEntry[] {
    return this.#entries
  }

  note(who: string, what: string): void {
    if (this.#entries.length >= this.#limit) this.#entries.splice(0, Math.ceil(this.#limit / 10))
    this.#entries.push({ at: this.#clock.now(), who, what })
  }

  /** A table: milliseconds since the start, who, what. */
  toString(): string {
    const width = Math.max(0, ...this.#entries.map(({ who }) => who.length))
    const line = ({ at, who, what }: TimelineEntry) =>
      `${(at - this.#start).toFixed(3).padStart(12)}  ${who.padEnd(width)}  ${what}`
    return this.#entries.map(line).join('\n')
  }
}
