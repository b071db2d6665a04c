import type { ByteReader, ByteWriter } from '@zt/sansio'

/**
 * "Are you there?" OK(ECHO) repeats the data.
 *
 *     28  …  any data
 */
export interface Echo {
  /** Borrowed. */
  readonly data: Uint8Array
}

export function decodeEcho(r: ByteReader): Echo | undefined {
  const data = r.rest()
  return r.ok ? { data } : undefined
}

export function encodeEcho(w: ByteWriter, echo: Echo): void {
  w.put(echo.data)
}
