import type { ByteReader, ByteWriter } from '@zt/sansio'
import type { Address } from '../address.js'
import { type CertificateOfMembership, decodeCom, encodeCom } from '../credentials/com.js'
import { type MulticastGroup, decodeMulticastGroup, encodeMulticastGroup } from '../multicast-group.js'
import type { NetworkId } from '../network-id.js'

/**
 * "Who listens to this group?"
 *
 *     28  u64  network id
 *     36  u8   flags: 0x01 a certificate of membership follows
 *     37  [6]  group MAC
 *     43  u32  ADI
 *     47  u32  most addresses wanted
 *     51  …    certificate of membership, if flag 0x01
 */
export interface MulticastGather {
  readonly networkId: NetworkId
  readonly group: MulticastGroup
  readonly limit: number
  /** Left out if it does not decode. */
  readonly com?: CertificateOfMembership
}

export function decodeMulticastGather(r: ByteReader): MulticastGather | undefined {
  const networkId = r.u64()
  const flags = r.u8()
  const group = decodeMulticastGroup(r)
  const limit = r.u32()
  if (!r.ok) return undefined
  const com = flags & 0x01 ? decodeCom(r) : undefined
  return { networkId, group, limit, ...(com && { com }) }
}

export function encodeMulticastGather(w: ByteWriter, gather: MulticastGather): void {
  w.u64(gather.networkId).u8(gather.com ? 0x01 : 0)
  encodeMulticastGroup(w, gather.group)
  w.u32(gather.limit)
  if (gather.com) encodeCom(w, gather.com)
}

/**
 * Some members of a group.
 *
 *     u32       members known to the responder
 *     u16       how many of them follow
 *     [5] each  addresses
 */
export interface Gathered {
  readonly totalKnown: number
  readonly members: readonly Address[]
}

/**
 * OK(MULTICAST_GATHER).
 *
 *     37  u64  network id
 *     45  [6]  group MAC
 *     51  u32  ADI
 *     55  …    members
 */
export interface OkMulticastGather {
  readonly networkId: NetworkId
  readonly group: MulticastGroup
  readonly gathered: Gathered
}

export function decodeOkMulticastGather(r: ByteReader): OkMulticastGather | undefined {
  const networkId = r.u64()
  const group = decodeMulticastGroup(r)
  const gathered = decodeGathered(r)
  return gathered && { networkId, group, gathered }
}

export function encodeOkMulticastGather(w: ByteWriter, ok: OkMulticastGather): void {
  w.u64(ok.networkId)
  encodeMulticastGroup(w, ok.group)
  encodeGathered(w, ok.gathered)
}

export function decodeGathered(r: ByteReader): Gathered | undefined {
  const totalKnown = r.u32()
  const count = r.u16()
  if (count * 5 > r.remaining) r.fail()
  const members: Address[] = []
  for (let i = 0; i < count && r.ok; i++) members.push(r.u40())
  return r.ok ? { totalKnown, members } : undefined
}

export function encodeGathered(w: ByteWriter, gathered: Gathered): void {
  w.u32(gathered.totalKnown).u16(gathered.members.length)
  for (const member of gathered.members) w.u40(member)
}
