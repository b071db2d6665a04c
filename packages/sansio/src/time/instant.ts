/**
 * A point in time: milliseconds since the Unix epoch, possibly with a fraction, that never steps back within a process.
 * It serves both timers and certificate timestamps (see docs/adr/0003-one-clock.md).
 */
export type Instant = number

/** A length of time in milliseconds. */
export type Duration = number

/** The deadline of a machine that waits for nothing. */
export const NEVER: Instant = Number.POSITIVE_INFINITY
