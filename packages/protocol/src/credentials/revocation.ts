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

/** Members pass such a revocation on to each other. */
export const REVOCATION_FAST_PROPAGATE = 1n

/**
 * "Credentials of this member issued up to then are void."
 *
 * | offset | size | |
 * | --- | --- | --- |
 * | 0 | 4 | 0 |
 * | 4 | 4 | revocation id |
 * | 8 | 8 | network id |
 * | 16 | 4 | 0 |
 * | 20 | 4 | credential id, 0 for certificates of membership |
 * | 24 | 8 | threshold: credentials with this timestamp or an older one are void, ms |
 * | 32 | 8 | flags: 1 fast propagate |
 * | 40 | 5 | target member |
 * | 45 | 5 | signer |
 * | 50 | 1 | credential type |
 * | 51 | 99 | signature with type and length |
 * | 150 | 2 | length of additional fields, which are skipped |
 */
export interface Revocation {
  readonly id: number
  readonly networkId: NetworkId
  readonly credentialId: number
  readonly threshold: number
  readonly flags: bigint
  readonly target: Address
  readonly signedBy: Address
  /** A `CredentialType`, or a number that means nothing yet. */
  readonly type: number
  readonly signature: Uint8Array
}

export function decodeRevocation(r: ByteReader): Revocation | undefined {
  r.skip(4)
  const id = r.u32()
  const networkId = r.u64()
  r.skip(4)
  const revocation = {
    id,
    networkId,
    credentialId: r.u32(),
    threshold: r.time(),
    flags: r.u64(),
    target: r.u40(),
    signedBy: r.u40(),
    type: r.u8(),
    signature: decodeSignature(r),
  }
  skipAdditionalFields(r)
  return r.ok ? revocation : undefined
}

export function encodeRevocation(w: ByteWriter, revocation: Revocation): void {
  encodeFields(w, revocation)
  encodeSignature(w, revocation.signature)
  w.u16(0)
}

/** Issue a revocation. */
export function signRevocation(
  revocation: Omit<Revocation, 'signedBy' | 'signature'>,
  controller: SecretIdentity,
): Revocation {
  const unsigned = { ...revocation, signedBy: controller.address }
  return { ...unsigned, signature: signAs(controller, revocationSigningForm(unsigned)) }
}

/** Did the network's controller sign it? */
export function verifyRevocation(revocation: Revocation, lookup: IdentityLookup): Verdict {
  const { networkId, signedBy, signature } = revocation
  return checkController(networkId, signedBy, revocationSigningForm(revocation), signature, lookup)
}

/** The bytes that are signed. */
export function revocationSigningForm(revocation: Omit<Revocation, 'signature'>): Uint8Array {
  return signingForm((w) => encodeFields(w, revocation))
}

function encodeFields(w: ByteWriter, revocation: Omit<Revocation, 'signature'>): void {
  w.u32(0).u32(revocation.id).u64(revocation.networkId).u32(0).u32(revocation.credentialId).time(revocation.threshold)
  w.u64(revocation.flags).u40(revocation.target).u40(revocation.signedBy).u8(revocation.type)
}
