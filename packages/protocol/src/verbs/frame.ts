import type { ByteReader, ByteWriter } from '@zt/sansio'
import type { NetworkId } from '../network-id.js'

/** Offsets in a FRAME packet, for the data path, which does without the record. */
export const FRAME_NETWORK_ID = 28
export const FRAME_ETHERTYPE = 36
export const FRAME_PAYLOAD = 38

/**
 * An Ethernet frame between the two members' own MACs.
 *
 *     28  u64  network id
 *     36  u16  EtherType
 *     38  …    payload; an empty one keeps trust alive
 */
export interface Frame {
  readonly networkId: NetworkId
  readonly etherType: number
  /** Borrowed. */
  readonly payload: Uint8Array
}

export function decodeFrame(r: ByteReader): Frame | undefined {
  const frame = { networkId: r.u64(), etherType: r.u16(), payload: r.rest() }
  return r.ok ? frame : undefined
}

export function encodeFrame(w: ByteWriter, frame: Frame): void {
  w.u64(frame.networkId).u16(frame.etherType).put(frame.payload)
}
