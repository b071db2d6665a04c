import { ZtError } from '@zt/sansio'
import { MAX_SALSA_POLY_LENGTH } from './salsa-poly.js'

/** Refuse what would read or write outside `bytes`: in a shared arena that is somebody else's packet. */
export function checkRange(
  key: Uint8Array,
  bytes: Uint8Array,
  nonceAt: number,
  at: number,
  length: number,
  tagAt: number,
): void {
  if (length > MAX_SALSA_POLY_LENGTH) {
    throw new ZtError('ZT_TOO_LARGE', `expected at most ${MAX_SALSA_POLY_LENGTH} bytes, got ${length}`)
  }
  const size = bytes.length
  if (
    key.length !== 32 ||
    (nonceAt | at | length | tagAt) < 0 ||
    at + length > size ||
    nonceAt + 8 > size ||
    tagAt + 8 > size
  ) {
    throw new ZtError(
      'ZT_ARG_INVALID',
      `expected a key of 32 bytes and ranges within ${size} bytes, got a key of ${key.length}, ` +
        `nonce at ${nonceAt}, text at ${at} of ${length} bytes, tag at ${tagAt}`,
    )
  }
}
