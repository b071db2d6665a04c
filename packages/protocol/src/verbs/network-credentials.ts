import type { ByteReader, ByteWriter } from '@zt/sansio'
import { type Capability, decodeCapability, encodeCapability } from '../credentials/capability.js'
import { type CertificateOfMembership, decodeComBody, encodeCom } from '../credentials/com.js'
import { type CertificateOfOwnership, decodeOwnership, encodeOwnership } from '../credentials/ownership.js'
import { type Revocation, decodeRevocation, encodeRevocation } from '../credentials/revocation.js'
import { type Tag, decodeTag, encodeTag } from '../credentials/tag.js'

/**
 * "These say what I may do."
 *
 *     certificates of membership, each beginning with 1, then a 0
 *     u16 count, capabilities
 *     u16 count, tags
 *     u16 count, revocations
 *     u16 count, certificates of ownership
 *
 * Old senders stop at a boundary. Counts are not limited here: each credential takes bytes of the packet.
 */
export interface NetworkCredentials {
  readonly coms: readonly CertificateOfMembership[]
  readonly capabilities: readonly Capability[]
  readonly tags: readonly Tag[]
  readonly revocations: readonly Revocation[]
  readonly ownerships: readonly CertificateOfOwnership[]
}

export function decodeNetworkCredentials(r: ByteReader): NetworkCredentials | undefined {
  const coms: CertificateOfMembership[] = []
  for (let leader = r.u8(); leader !== 0; leader = r.u8()) {
    const com = leader === 1 ? decodeComBody(r) : undefined
    if (!com) return undefined
    coms.push(com)
  }
  if (!r.ok) return undefined
  const capabilities = decodeCounted(r, decodeCapability)
  const tags = capabilities && decodeCounted(r, decodeTag)
  const revocations = tags && decodeCounted(r, decodeRevocation)
  const ownerships = revocations && decodeCounted(r, decodeOwnership)
  return ownerships && { coms, capabilities, tags, revocations, ownerships }
}

export function encodeNetworkCredentials(w: ByteWriter, credentials: NetworkCredentials): void {
  for (const com of credentials.coms) encodeCom(w, com)
  w.u8(0)
  encodeCounted(w, credentials.capabilities, encodeCapability)
  encodeCounted(w, credentials.tags, encodeTag)
  encodeCounted(w, credentials.revocations, encodeRevocation)
  encodeCounted(w, credentials.ownerships, encodeOwnership)
}

function decodeCounted<T>(r: ByteReader, decode: (r: ByteReader) => T | undefined): T[] | undefined {
  const items: T[] = []
  if (r.remaining === 0) return items
  for (let left = r.u16(); left > 0; left--) {
    const item = decode(r)
    if (!item) return undefined
    items.push(item)
  }
  return r.ok ? items : undefined
}

function encodeCounted<T>(w: ByteWriter, items: readonly T[], encode: (w: ByteWriter, item: T) => void): void {
  w.u16(items.length)
  for (const item of items) encode(w, item)
}
