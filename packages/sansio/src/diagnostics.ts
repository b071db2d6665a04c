/**
 * Counters with reasons. Every datagram, packet, frame or segment that is not processed to its end is counted under a
 * name that says why; nothing from the wire is ever logged or thrown.
 */
export class Counters {
  readonly #counts = new Map<string, number>()

  /** Count one more of `name`. Names are a closed set in the code, so the table is bounded. */
  count(name: string, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by)
  }

  get(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  /** A plain copy, sorted by name. */
  snapshot(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}
