import { type ByteReader, type ByteWriter, equalBytes } from '@zt/sansio'
import type { Address } from '../address.js'
import { PUBLIC_KEY_LENGTH, SECRET_KEY_LENGTH } from '../limits.js'

/** A node's address and the keys it was derived from. */
export interface Identity {
  readonly address: Address
  /** X25519 [32], Ed25519 [32]. */
  readonly publicKey: Uint8Array
  /** X25519 scalar [32], Ed25519 seed [32]. Only for our own identity. */
  readonly secretKey?: Uint8Array
}

/** An identity that can sign and agree. */
export type SecretIdentity = Identity & { readonly secretKey: Uint8Array }

/** Does it carry its secret key? */
export function isSecretIdentity(identity: Identity): identity is SecretIdentity {
  return identity.secretKey !== undefined
}

/** Address, type, public key, secret key length 0. */
export const IDENTITY_LENGTH = 5 + 1 + PUBLIC_KEY_LENGTH + 1

/**
 * | offset | size | |
 * | --- | --- | --- |
 * | 0 | 5 | address |
 * | 5 | 1 | type, 0 |
 * | 6 | 64 | public key |
 * | 70 | 1 | length of the secret key, 0 or 64 |
 * | 71 | 0 or 64 | secret key |
 *
 * A secret key is kept if it is there. The address is not checked against the key: see `validateIdentity`.
 */
export function decodeIdentity(r: ByteReader): Identity | undefined {
  const address = r.u40()
  if (r.u8() !== 0) r.fail()
  const publicKey = r.copy(PUBLIC_KEY_LENGTH)
  const secretLength = r.u8()
  if (secretLength !== 0 && secretLength !== SECRET_KEY_LENGTH) r.fail()
  const secretKey = r.copy(secretLength)
  if (!r.ok) return undefined
  return secretLength === 0 ? { address, publicKey } : { address, publicKey, secretKey }
}

/** The public form: what goes over the wire. */
export function encodeIdentity(w: ByteWriter, identity: Identity): void {
  w.u40(identity.address).u8(0).put(identity.publicKey).u8(0)
}

/** The form with the secret key, for storage that asks for it. */
export function encodeSecretIdentity(w: ByteWriter, identity: SecretIdentity): void {
  w.u40(identity.address).u8(0).put(identity.publicKey).u8(SECRET_KEY_LENGTH).put(identity.secretKey)
}

/** The same node? Compares address and public key. */
export function equalIdentities(a: Identity, b: Identity): boolean {
  return a === b || (a.address === b.address && equalBytes(a.publicKey, b.publicKey))
}

/** The identity without its secret key: what may be given to others. */
export function publicIdentity(identity: Identity): Identity {
  return { address: identity.address, publicKey: identity.publicKey }
}
