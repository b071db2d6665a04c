import type { RandomSource } from '@zt/sansio'

/**
 * A free port, picked at random so that nobody outside can guess it (RFC 6056 algorithm 1): tried from a random one
 * upwards. `undefined` if there is none.
 */
export function pickEphemeralPort(
  first: number,
  last: number,
  random: RandomSource,
  isFree: (port: number) => boolean,
): number | undefined {
  const count = last - first + 1
  const start = random.u32() % count
  for (let i = 0; i < count; i++) {
    const port = first + ((start + i) % count)
    if (isFree(port)) return port
  }
  return undefined
}
