import type { ByteReader, ByteWriter } from '@zt/sansio'

/**
 * Data between applications.
 *
 *     28  u64  type; those up to 65535 are reserved
 *     36  …    data
 */
export interface UserMessage {
  readonly type: bigint
  /** Borrowed. */
  readonly data: Uint8Array
}

export function decodeUserMessage(r: ByteReader): UserMessage | undefined {
  const message = { type: r.u64(), data: r.rest() }
  return r.ok ? message : undefined
}

export function encodeUserMessage(w: ByteWriter, message: UserMessage): void {
  w.u64(message.type).put(message.data)
}
