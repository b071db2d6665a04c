import type { ByteReader, ByteWriter } from '@zt/sansio'

/**
 * The head of every OK; what follows depends on the verb that is answered, and is described with that verb.
 *
 *     28  u8   verb answered
 *     29  u64  packet id answered, as it was on the wire
 */
export interface OkHead {
  readonly inReVerb: number
  readonly inRePacketId: bigint
}

/** Where the part that depends on the verb begins in an OK packet. */
export const OK_PAYLOAD = 37

export function decodeOkHead(r: ByteReader): OkHead | undefined {
  const head = { inReVerb: r.u8(), inRePacketId: r.u64() }
  return r.ok ? head : undefined
}

export function encodeOkHead(w: ByteWriter, head: OkHead): void {
  w.u8(head.inReVerb).u64(head.inRePacketId)
}
