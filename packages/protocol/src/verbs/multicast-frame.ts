import type { ByteReader, ByteWriter, Mac } from '@zt/sansio'
import { type CertificateOfMembership, decodeCom, encodeCom } from '../credentials/com.js'
import { type MulticastGroup, decodeMulticastGroup, encodeMulticastGroup } from '../multicast-group.js'
import type { NetworkId } from '../network-id.js'
import { type Gathered, decodeGathered, encodeGathered } from './multicast-gather.js'

const WITH_COM = 0x01
const WITH_GATHER_LIMIT = 0x02
const WITH_SOURCE = 0x04
const REPLICATE = 0x08
const OK_WITH_COM = 0x01
const OK_WITH_GATHERED = 0x02

/**
 * An Ethernet frame for a group.
 *
 *     28  u64  network id
 *     36  u8   flags: 0x01 certificate, 0x02 gather limit, 0x04 source MAC follow; 0x08 please replicate
 *         …    certificate of membership, if flag 0x01 (old senders only)
 *         u32  gather limit, if flag 0x02
 *         [6]  source MAC, if flag 0x04; otherwise the sender's own
 *         [6]  group MAC
 *         u32  ADI
 *         u16  EtherType
 *         …    payload
 */
export interface MulticastFrame {
  readonly networkId: NetworkId
  readonly com?: CertificateOfMembership
  /** Answer with up to so many members of the group, if known. */
  readonly gatherLimit?: number
  readonly source?: Mac
  /** Asks an address with the replicator role to pass it on. */
  readonly replicate?: boolean
  readonly group: MulticastGroup
  readonly etherType: number
  /** Borrowed. */
  readonly payload: Uint8Array
}

export function decodeMulticastFrame(r: ByteReader): MulticastFrame | undefined {
  const networkId = r.u64()
  const flags = r.u8()
  const com = flags & WITH_COM ? decodeCom(r) : undefined
  if (flags & WITH_COM && !com) return undefined
  const frame = {
    networkId,
    ...(com && { com }),
    ...(flags & WITH_GATHER_LIMIT && { gatherLimit: r.u32() }),
    ...(flags & WITH_SOURCE && { source: r.u48() }),
    ...(flags & REPLICATE && { replicate: true }),
    group: decodeMulticastGroup(r),
    etherType: r.u16(),
    payload: r.rest(),
  }
  return r.ok ? frame : undefined
}

export function encodeMulticastFrame(w: ByteWriter, frame: MulticastFrame): void {
  const { com, gatherLimit, source, replicate } = frame
  w.u64(frame.networkId)
  const withLimit = gatherLimit === undefined ? 0 : WITH_GATHER_LIMIT
  const withSource = source === undefined ? 0 : WITH_SOURCE
  w.u8((com ? WITH_COM : 0) | withLimit | withSource | (replicate ? REPLICATE : 0))
  if (com) encodeCom(w, com)
  if (gatherLimit !== undefined) w.u32(gatherLimit)
  if (source !== undefined) w.u48(source)
  encodeMulticastGroup(w, frame.group)
  w.u16(frame.etherType).put(frame.payload)
}

/**
 * OK(MULTICAST_FRAME): members that the receiver knows.
 *
 *     37  u64  network id
 *     45  [6]  group MAC
 *     51  u32  ADI
 *     55  u8   flags: 0x01 certificate, 0x02 members follow
 *         …    certificate of membership, if flag 0x01
 *         …    members as in OK(MULTICAST_GATHER), if flag 0x02
 */
export interface OkMulticastFrame {
  readonly networkId: NetworkId
  readonly group: MulticastGroup
  readonly com?: CertificateOfMembership
  readonly gathered?: Gathered
}

export function decodeOkMulticastFrame(r: ByteReader): OkMulticastFrame | undefined {
  const networkId = r.u64()
  const group = decodeMulticastGroup(r)
  const flags = r.u8()
  if (!r.ok) return undefined
  const com = flags & OK_WITH_COM ? decodeCom(r) : undefined
  if (flags & OK_WITH_COM && !com) return undefined
  const gathered = flags & OK_WITH_GATHERED ? decodeGathered(r) : undefined
  if (flags & OK_WITH_GATHERED && !gathered) return undefined
  return { networkId, group, ...(com && { com }), ...(gathered && { gathered }) }
}

export function encodeOkMulticastFrame(w: ByteWriter, ok: OkMulticastFrame): void {
  w.u64(ok.networkId)
  encodeMulticastGroup(w, ok.group)
  w.u8((ok.com ? OK_WITH_COM : 0) | (ok.gathered ? OK_WITH_GATHERED : 0))
  if (ok.com) encodeCom(w, ok.com)
  if (ok.gathered) encodeGathered(w, ok.gathered)
}
