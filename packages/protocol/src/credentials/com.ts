import { type ByteReader, ByteWriter } from '@zt/sansio'
import type { Address } from '../address.js'
import type { Identity, SecretIdentity } from '../identity/identity.js'
import { publicKeyHash } from '../identity/public-key-hash.js'
import { MAX_COM_QUALIFIERS, SIGNATURE_LENGTH } from '../limits.js'
import type { NetworkId } from '../network-id.js'
import { type IdentityLookup, type Verdict, checkController, signAs } from './signing.js'

/** One claim: two certificates agree on it if their values differ by no more than the judge's `maxDelta`. */
export interface Qualifier {
  readonly id: bigint
  readonly value: bigint
  readonly maxDelta: bigint
}

const TIMESTAMP = 0n
const NETWORK = 1n
const ISSUED_TO = 2n
/** The first of four that hold the start of the member's public key hash. */
const KEY_HASH = 3n
const ANY = 0xffff_ffff_ffff_ffffn
const VERSION = 1

/**
 * Certificate of membership: the controller's word that a node belongs to a network.
 *
 * | offset | size | |
 * | --- | --- | --- |
 * | 0 | 1 | 1 |
 * | 1 | 2 | number of qualifiers, at most 8 |
 * | 3 | 24 each | id, value, largest difference; ids ascend |
 * | then | 5 | signer, 0 if unsigned |
 * | then | 96 | signature over the qualifiers alone, if signed |
 *
 * Qualifiers: 0 timestamp, 1 network id, 2 member, 3 to 6 the first 32 bytes of the hash of the member's key. Freshness
 * is relative: nobody's clock is asked, certificates only must not differ by more than the window.
 *
 * Source: `node/CertificateOfMembership.cpp`.
 */
export interface CertificateOfMembership {
  readonly qualifiers: readonly Qualifier[]
  readonly signedBy: Address
  /** 96 bytes, or none if unsigned. */
  readonly signature: Uint8Array
}

export function decodeCom(r: ByteReader): CertificateOfMembership | undefined {
  return r.u8() === VERSION ? decodeComBody(r) : undefined
}

/** What follows the leading 1: for lists of certificates, which end with a 0 in its place. */
export function decodeComBody(r: ByteReader): CertificateOfMembership | undefined {
  const count = r.u16()
  if (count > MAX_COM_QUALIFIERS) return undefined
  const qualifiers: Qualifier[] = []
  let last = 0n
  for (let i = 0; i < count; i++) {
    const qualifier = { id: r.u64(), value: r.u64(), maxDelta: r.u64() }
    if (qualifier.id < last) return undefined
    last = qualifier.id
    qualifiers.push(qualifier)
  }
  const signedBy = r.u40()
  const signature = r.copy(signedBy === 0 ? 0 : SIGNATURE_LENGTH)
  return r.ok ? { qualifiers, signedBy, signature } : undefined
}

export function encodeCom(w: ByteWriter, com: CertificateOfMembership): void {
  w.u8(VERSION).u16(com.qualifiers.length).put(comSigningForm(com)).u40(com.signedBy)
  if (com.signedBy !== 0) w.put(com.signature)
}

/** The bytes that are signed. */
export function comSigningForm(com: { readonly qualifiers: readonly Qualifier[] }): Uint8Array {
  const w = new ByteWriter(24 * MAX_COM_QUALIFIERS)
  for (const { id, value, maxDelta } of com.qualifiers) w.u64(id).u64(value).u64(maxDelta)
  return w.finish()
}

/** What a controller certifies. */
export interface Membership {
  readonly networkId: NetworkId
  readonly member: Identity
  /** The controller's clock, ms. */
  readonly timestamp: number
  /** How much timestamps may differ for two members to accept each other, ms. */
  readonly windowMs: number
}

/** Issue a certificate as current controllers do, with the hash of the member's key. */
export function issueCom(membership: Membership, controller: SecretIdentity): CertificateOfMembership {
  const { networkId, member, timestamp, windowMs } = membership
  const hash = publicKeyHash(member)
  const view = new DataView(hash.buffer, hash.byteOffset)
  const qualifiers: Qualifier[] = [
    { id: TIMESTAMP, value: BigInt(Math.floor(timestamp)), maxDelta: BigInt(windowMs) },
    { id: NETWORK, value: networkId, maxDelta: 0n },
    { id: ISSUED_TO, value: BigInt(member.address), maxDelta: ANY },
  ]
  for (let i = 0; i < 4; i++) {
    qualifiers.push({ id: KEY_HASH + BigInt(i), value: view.getBigUint64(8 * i), maxDelta: ANY })
  }
  return { qualifiers, signedBy: controller.address, signature: signAs(controller, comSigningForm({ qualifiers })) }
}

/** Did the controller of the network that it names sign it? */
export function verifyCom(com: CertificateOfMembership, lookup: IdentityLookup): Verdict {
  return checkController(comNetworkId(com), com.signedBy, comSigningForm(com), com.signature, lookup)
}

/**
 * Does the holder of `mine` accept `theirs`, held by the node with this identity? Asymmetric: the window is mine. Both
 * must have been verified.
 */
export function comsAgree(mine: CertificateOfMembership, theirs: CertificateOfMembership, holder: Identity): boolean {
  if (mine.qualifiers.length === 0 || theirs.qualifiers.length === 0) return false
  const values = new Map(theirs.qualifiers.map(({ id, value }) => [id, value]))
  let wantsKeyHash = false
  for (const { id, value, maxDelta } of mine.qualifiers) {
    const other = values.get(id)
    if (other === undefined || (value > other ? value - other : other - value) > maxDelta) return false
    wantsKeyHash ||= id >= KEY_HASH && id < KEY_HASH + 4n
  }
  if (!wantsKeyHash) return true
  const hash = publicKeyHash(holder)
  const view = new DataView(hash.buffer, hash.byteOffset)
  for (let i = 0; i < 4; i++) if (values.get(KEY_HASH + BigInt(i)) !== view.getBigUint64(8 * i)) return false
  return true
}

/** When it was issued, by the controller's clock, ms. */
export function comTimestamp(com: CertificateOfMembership): number {
  return Number(valueOf(com, TIMESTAMP))
}

/** The network that membership is of. */
export function comNetworkId(com: CertificateOfMembership): NetworkId {
  return valueOf(com, NETWORK)
}

/** The member; its key is named by qualifiers 3 to 6. */
export function comIssuedTo(com: CertificateOfMembership): Address {
  return Number(BigInt.asUintN(40, valueOf(com, ISSUED_TO)))
}

function valueOf(com: CertificateOfMembership, id: bigint): bigint {
  return com.qualifiers.find((qualifier) => qualifier.id === id)?.value ?? 0n
}
