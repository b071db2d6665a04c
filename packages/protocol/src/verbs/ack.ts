import type { ByteReader, ByteWriter } from '@zt/sansio'

/**
 * Neither sent nor evaluated by any release: known so that it can be named.
 *
 *     28  u32  bytes received
 */
export interface Ack {
  readonly bytes: number
}

export function decodeAck(r: ByteReader): Ack | undefined {
  const ack = { bytes: r.u32() }
  return r.ok ? ack : undefined
}

export function encodeAck(w: ByteWriter, ack: Ack): void {
  w.u32(ack.bytes)
}
