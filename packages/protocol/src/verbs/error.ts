import type { ByteReader, ByteWriter } from '@zt/sansio'
import { MAX_AUTHENTICATION_LENGTH } from '../limits.js'
import { type MulticastGroup, decodeMulticastGroup, encodeMulticastGroup } from '../multicast-group.js'
import type { NetworkId } from '../network-id.js'
import { PacketError } from './error-code.js'

/**
 *     28  u8   verb answered
 *     29  u64  packet id answered, as it was on the wire
 *     37  u8   error code
 *     38  u64  network id, if the error is about a network
 *     46       UNWANTED_MULTICAST: MAC [6], ADI u32
 *              NETWORK_AUTHENTICATION_REQUIRED: u16 length and a dictionary, or nothing
 *
 * Trailing bytes are ignored.
 */
export interface ErrorReply {
  readonly inReVerb: number
  readonly inRePacketId: bigint
  readonly code: number
  readonly networkId?: NetworkId
  readonly group?: MulticastGroup
  /** An encoded dictionary: where and how to log in. Borrowed. */
  readonly authentication?: Uint8Array
}

export function decodeError(r: ByteReader): ErrorReply | undefined {
  const head = { inReVerb: r.u8(), inRePacketId: r.u64(), code: r.u8() }
  if (r.remaining < 8) return r.ok ? head : undefined
  const about = { ...head, networkId: r.u64() }
  if (head.code === PacketError.UnwantedMulticast) {
    const group = decodeMulticastGroup(r)
    return r.ok ? { ...about, group } : undefined
  }
  if (head.code === PacketError.NetworkAuthenticationRequired && r.remaining > 2) {
    const length = r.u16()
    if (length > MAX_AUTHENTICATION_LENGTH) return undefined
    const authentication = r.take(length)
    return r.ok ? { ...about, authentication } : undefined
  }
  return about
}

export function encodeError(w: ByteWriter, error: ErrorReply): void {
  w.u8(error.inReVerb).u64(error.inRePacketId).u8(error.code)
  if (error.networkId === undefined) return
  w.u64(error.networkId)
  if (error.group) encodeMulticastGroup(w, error.group)
  if (error.authentication) w.u16(error.authentication.length).put(error.authentication)
}
