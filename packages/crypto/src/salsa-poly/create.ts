import { JsSalsaPoly } from './js.js'
import type { SalsaPoly } from './salsa-poly.js'
import { createWasmSalsaPoly } from './wasm.js'

/** Choices for `createSalsaPoly`. */
export interface SalsaPolyOptions {
  /** Which implementation to use; by default the fastest that runs here. */
  readonly prefer?: 'wasm-simd' | 'js'
  /** Size of the arena; default 2 MiB. */
  readonly arenaBytes?: number
}

/** An engine with its own arena. */
export function createSalsaPoly(options: SalsaPolyOptions = {}): SalsaPoly {
  const arenaBytes = options.arenaBytes ?? 2 << 20
  const wasm = options.prefer === 'js' ? undefined : createWasmSalsaPoly(arenaBytes)
  return wasm ?? new JsSalsaPoly(arenaBytes)
}
