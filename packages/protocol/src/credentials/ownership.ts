import { type ByteReader, type ByteWriter, type IpAddress, type Mac, equalBytes } from '@zt/sansio'
import type { Address } from '../address.js'
import type { SecretIdentity } from '../identity/identity.js'
import { MAX_OWNERSHIP_THINGS } from '../limits.js'
import type { NetworkId } from '../network-id.js'
import {
  type IdentityLookup,
  type Verdict,
  checkController,
  decodeSignature,
  encodeSignature,
  signAs,
  signingForm,
  skipAdditionalFields,
} from './signing.js'

/** What can be owned, with its number on the wire and how many bytes of the value mean something. */
export const ThingType = { Mac: 1, Ipv4: 2, Ipv6: 3 } as const

/** One thing that belongs to a member. */
export interface Thing {
  /** A `ThingType`, or a number that means nothing yet. */
  readonly type: number
  /** 16 bytes, zero padded. */
  readonly value: Uint8Array
}

const THING_VALUE_LENGTH = 16

/**
 * Certificate of ownership: the controller's word that addresses belong to a member, for rules that ask whether a
 * frame's source is genuine.
 *
 * | size | |
 * | --- | --- |
 * | 8 | network id |
 * | 8 | timestamp, ms |
 * | 8 | flags, 0 |
 * | 4 | id |
 * | 2 | number of things, at most 16 |
 * | 17 each | type, value [16] |
 * | 5 | issued to |
 * | 5 | signer |
 * | 99 | signature with type and length |
 * | 2 | length of additional fields, which are skipped |
 */
export interface CertificateOfOwnership {
  readonly networkId: NetworkId
  readonly timestamp: number
  readonly flags: bigint
  readonly id: number
  readonly things: readonly Thing[]
  readonly issuedTo: Address
  readonly signedBy: Address
  readonly signature: Uint8Array
}

export function decodeOwnership(r: ByteReader): CertificateOfOwnership | undefined {
  const head = { networkId: r.u64(), timestamp: r.time(), flags: r.u64(), id: r.u32() }
  const count = r.u16()
  if (count > MAX_OWNERSHIP_THINGS) return undefined
  const things: Thing[] = []
  for (let i = 0; i < count; i++) things.push({ type: r.u8(), value: r.copy(THING_VALUE_LENGTH) })
  const tail = { issuedTo: r.u40(), signedBy: r.u40(), signature: decodeSignature(r) }
  skipAdditionalFields(r)
  return r.ok ? { ...head, things, ...tail } : undefined
}

export function encodeOwnership(w: ByteWriter, ownership: CertificateOfOwnership): void {
  encodeFields(w, ownership)
  encodeSignature(w, ownership.signature)
  w.u16(0)
}

/** Issue a certificate. */
export function signOwnership(
  ownership: Omit<CertificateOfOwnership, 'signedBy' | 'signature'>,
  controller: SecretIdentity,
): CertificateOfOwnership {
  const unsigned = { ...ownership, signedBy: controller.address }
  return { ...unsigned, signature: signAs(controller, ownershipSigningForm(unsigned)) }
}

/** Did the network's controller sign it? */
export function verifyOwnership(ownership: CertificateOfOwnership, lookup: IdentityLookup): Verdict {
  const { networkId, signedBy, signature } = ownership
  return checkController(networkId, signedBy, ownershipSigningForm(ownership), signature, lookup)
}

/** The bytes that are signed. */
export function ownershipSigningForm(ownership: Omit<CertificateOfOwnership, 'signature'>): Uint8Array {
  return signingForm((w) => encodeFields(w, ownership))
}

/** An IP address as something to be owned. */
export function ipThing(ip: IpAddress): Thing {
  const value = new Uint8Array(THING_VALUE_LENGTH)
  value.set(ip.bytes)
  return { type: ip.isV4 ? ThingType.Ipv4 : ThingType.Ipv6, value }
}

/** A MAC as something to be owned. */
export function macThing(mac: Mac): Thing {
  const value = new Uint8Array(THING_VALUE_LENGTH)
  for (let i = 5, rest = mac; i >= 0; i--, rest = Math.floor(rest / 256)) value[i] = rest & 0xff
  return { type: ThingType.Mac, value }
}

/** Is this thing among those certified? Bytes that the type does not use are not looked at. */
export function owns(ownership: CertificateOfOwnership, { type, value }: Thing): boolean {
  const used = type === ThingType.Mac ? 6 : type === ThingType.Ipv4 ? 4 : THING_VALUE_LENGTH
  const wanted = value.subarray(0, used)
  return ownership.things.some((thing) => thing.type === type && equalBytes(thing.value.subarray(0, used), wanted))
}

function encodeFields(w: ByteWriter, ownership: Omit<CertificateOfOwnership, 'signature'>): void {
  w.u64(ownership.networkId).time(ownership.timestamp).u64(ownership.flags).u32(ownership.id)
  w.u16(ownership.things.length)
  for (const { type, value } of ownership.things) w.u8(type).put(value)
  w.u40(ownership.issuedTo).u40(ownership.signedBy)
}
