import type { ByteReader, ByteWriter } from '@zt/sansio'
import type { Address } from '../address.js'
import type { SecretIdentity } from '../identity/identity.js'
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

/**
 * A number that the controller gave to a member, for rules to compare.
 *
 * | offset | size | |
 * | --- | --- | --- |
 * | 0 | 8 | network id |
 * | 8 | 8 | timestamp, ms |
 * | 16 | 4 | tag id |
 * | 20 | 4 | value |
 * | 24 | 5 | issued to |
 * | 29 | 5 | signer |
 * | 34 | 99 | signature with type and length |
 * | 133 | 2 | length of additional fields, which are skipped |
 */
export interface Tag {
  readonly networkId: NetworkId
  readonly timestamp: number
  readonly id: number
  readonly value: number
  readonly issuedTo: Address
  readonly signedBy: Address
  readonly signature: Uint8Array
}

export function decodeTag(r: ByteReader): Tag | undefined {
  const tag = {
    networkId: r.u64(),
    timestamp: r.time(),
    id: r.u32(),
    value: r.u32(),
    issuedTo: r.u40(),
    signedBy: r.u40(),
    signature: decodeSignature(r),
  }
  skipAdditionalFields(r)
  return r.ok ? tag : undefined
}

export function encodeTag(w: ByteWriter, tag: Tag): void {
  encodeFields(w, tag)
  encodeSignature(w, tag.signature)
  w.u16(0)
}

/** Issue a tag. */
export function signTag(tag: Omit<Tag, 'signedBy' | 'signature'>, controller: SecretIdentity): Tag {
  const unsigned = { ...tag, signedBy: controller.address }
  return { ...unsigned, signature: signAs(controller, tagSigningForm(unsigned)) }
}

/** Did the network's controller sign it? */
export function verifyTag(tag: Tag, lookup: IdentityLookup): Verdict {
  return checkController(tag.networkId, tag.signedBy, tagSigningForm(tag), tag.signature, lookup)
}

/** The bytes that are signed. */
export function tagSigningForm(tag: Omit<Tag, 'signature'>): Uint8Array {
  return signingForm((w) => encodeFields(w, tag))
}

function encodeFields(w: ByteWriter, tag: Omit<Tag, 'signature'>): void {
  w.u64(tag.networkId).time(tag.timestamp).u32(tag.id).u32(tag.value).u40(tag.issuedTo).u40(tag.signedBy)
}
