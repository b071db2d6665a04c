/** Unpredictable bytes. Adapters use the system's generator; tests use a seeded one. */
export interface RandomSource {
  /** Fill `into` (all of it) and return it. */
  fill<T extends Uint8Array>(into: T): T
  /** An unsigned 32-bit integer. */
  u32(): number
}
