import type { Instant } from '../time/instant.js'

/** Time, and being called later. The only source of either outside tests is an adapter at the edge. */
export interface Clock {
  now(): Instant
  /** Call `run` once, not before `at`. Returns how to take it back; taking back twice is harmless. */
  at(at: Instant, run: () => void): () => void
  /**
   * Call `run` once, after the present burst of input and before the process sleeps: `setImmediate` at the edge, the
   * next step of the same instant in the simulator. Work asked for by applications and acknowledgements owed to peers
   * is batched here.
   */
  soon(run: () => void): void
}
