import type { ByteReader, ByteWriter, Mac } from '@zt/sansio'
import { type CertificateOfMembership, decodeCom, encodeCom } from '../credentials/com.js'
import type { NetworkId } from '../network-id.js'

/** Offset of the flags in an EXT_FRAME packet. */
export const EXT_FRAME_FLAGS = 36
/** Offsets in an EXT_FRAME packet without a certificate, for the data path. */
export const EXT_FRAME_DESTINATION = 37
export const EXT_FRAME_SOURCE = 43
export const EXT_FRAME_ETHERTYPE = 49
export const EXT_FRAME_PAYLOAD = 51

/** What `ExtFrame.flags` is made of. The rule results are whole values as ZeroTierOne sends them. */
export const ExtFrameFlag = {
  /** A certificate of membership follows: old senders only. */
  Com: 0x01,
  /** The sender wants an OK. */
  Acknowledge: 0x10,
  TeeOutbound: 0x02,
  RedirectOutbound: 0x04,
  WatchOutbound: 0x16,
  TeeInbound: 0x08,
  RedirectInbound: 0x0a,
  WatchInbound: 0x1c,
} as const

/**
 * An Ethernet frame with its MACs: bridged, or copied or redirected by a rule.
 *
 *     28  u64  network id
 *     36  u8   flags
 *         …    certificate of membership, if flag 0x01
 *         [6]  destination MAC
 *         [6]  source MAC
 *         u16  EtherType
 *         …    payload
 */
export interface ExtFrame {
  readonly networkId: NetworkId
  /** Without `Com`, which follows from `com`. */
  readonly flags: number
  readonly com?: CertificateOfMembership
  readonly destination: Mac
  readonly source: Mac
  readonly etherType: number
  /** Borrowed. */
  readonly payload: Uint8Array
}

export function decodeExtFrame(r: ByteReader): ExtFrame | undefined {
  const networkId = r.u64()
  const flags = r.u8()
  const com = flags & ExtFrameFlag.Com ? decodeCom(r) : undefined
  if (flags & ExtFrameFlag.Com && !com) return undefined
  const destination = r.u48()
  const source = r.u48()
  const etherType = r.u16()
  const payload = r.rest()
  if (!r.ok) return undefined
  return { networkId, flags: flags & ~ExtFrameFlag.Com, ...(com && { com }), destination, source, etherType, payload }
}

export function encodeExtFrame(w: ByteWriter, frame: ExtFrame): void {
  w.u64(frame.networkId).u8(frame.com ? frame.flags | ExtFrameFlag.Com : frame.flags)
  if (frame.com) encodeCom(w, frame.com)
  w.u48(frame.destination).u48(frame.source).u16(frame.etherType).put(frame.payload)
}

/**
 * OK(EXT_FRAME): the frame has arrived, whatever the rules made of it.
 *
 *     37  u64  network id
 */
export interface OkExtFrame {
  readonly networkId: NetworkId
}

export function decodeOkExtFrame(r: ByteReader): OkExtFrame | undefined {
  const ok = { networkId: r.u64() }
  return r.ok ? ok : undefined
}

export function encodeOkExtFrame(w: ByteWriter, ok: OkExtFrame): void {
  w.u64(ok.networkId)
}
