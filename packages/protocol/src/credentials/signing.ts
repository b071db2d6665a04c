import { sign, verify } from '@zt/crypto'
import { type ByteReader, ByteWriter } from '@zt/sansio'
import type { Address } from '../address.js'
import type { Identity, SecretIdentity } from '../identity/identity.js'
import { SIGNATURE_LENGTH } from '../limits.js'
import { type NetworkId, controllerOf } from '../network-id.js'

/** What checking a credential found out. Ask for the signer's identity and check again if it is unknown. */
export type Verdict = 'valid' | 'invalid' | 'unknown-signer'

/** The identities that are at hand. Called with the signer's address only. */
export type IdentityLookup = (address: Address) => Identity | undefined

const SIGNATURE_ED25519 = 1
const FRAME = 0x7f7f_7f7f_7f7f_7f7fn

/**
 * The bytes that tags, capabilities, certificates of ownership and revocations are signed as: `7f` eight times, the
 * fields before the signature, a zero length of additional fields, `7f` eight times.
 */
export function signingForm(encodeFields: (w: ByteWriter) => void): Uint8Array {
  const w = new ByteWriter().u64(FRAME)
  encodeFields(w)
  return w.u16(0).u64(FRAME).finish()
}

/** 96 bytes over a message. */
export function signAs(signer: SecretIdentity, message: Uint8Array): Uint8Array {
  return sign(signer.secretKey, message)
}

/** Did the network's controller, and nobody else, sign this? */
export function checkController(
  networkId: NetworkId,
  signedBy: Address,
  message: Uint8Array,
  signature: Uint8Array,
  lookup: IdentityLookup,
): Verdict {
  if (signedBy === 0 || signedBy !== controllerOf(networkId)) return 'invalid'
  return checkSignature(signedBy, message, signature, lookup)
}

/** Did this node sign this? */
export function checkSignature(
  signedBy: Address,
  message: Uint8Array,
  signature: Uint8Array,
  lookup: IdentityLookup,
): Verdict {
  const signer = lookup(signedBy)
  if (!signer) return 'unknown-signer'
  return signature.length === SIGNATURE_LENGTH && verify(signer.publicKey, message, signature) ? 'valid' : 'invalid'
}

/** `u8` type 1, `u16` length 96, signature. A signature of another type is skipped, and empty. */
export function decodeSignature(r: ByteReader): Uint8Array {
  const type = r.u8()
  const length = r.u16()
  if (type !== SIGNATURE_ED25519) {
    r.skip(length)
    return new Uint8Array(0)
  }
  if (length !== SIGNATURE_LENGTH) r.fail()
  return r.copy(SIGNATURE_LENGTH)
}

export function encodeSignature(w: ByteWriter, signature: Uint8Array): void {
  w.u8(signature.length === SIGNATURE_LENGTH ? SIGNATURE_ED25519 : 0)
    .u16(signature.length)
    .put(signature)
}

/** `u16` length and bytes that nobody has a meaning for yet. */
export function skipAdditionalFields(r: ByteReader): void {
  r.skip(r.u16())
}
