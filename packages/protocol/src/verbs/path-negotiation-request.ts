import type { ByteReader, ByteWriter } from '@zt/sansio'

/**
 * "Let us use this path, if it is worth more to me than yours is to you."
 *
 *     28  i16  what the path is worth to the sender
 */
export interface PathNegotiationRequest {
  readonly utility: number
}

export function decodePathNegotiationRequest(r: ByteReader): PathNegotiationRequest | undefined {
  const utility = (r.u16() << 16) >> 16
  return r.ok && r.remaining === 0 ? { utility } : undefined
}

export function encodePathNegotiationRequest(w: ByteWriter, request: PathNegotiationRequest): void {
  w.u16(request.utility & 0xffff)
}
