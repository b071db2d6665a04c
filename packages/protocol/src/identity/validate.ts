import { HASHCASH_FIRST_BYTE_BELOW, memoryHardHash } from '@zt/crypto'
import { ByteReader } from '@zt/sansio'
import { type Address, isReservedAddress } from '../address.js'
import type { Identity } from './identity.js'

/** Bytes 59 to 63 of the digest of a public key. */
const ADDRESS_AT = 59

/**
 * Does the address belong to the key ("locallyValidate")? Takes 2 MiB and some tens of milliseconds, so whoever does it
 * for strangers limits how often.
 *
 * @param memory working memory for callers who validate often; see `memoryHardHash`.
 */
export function validateIdentity(identity: Identity, memory?: Int32Array<ArrayBuffer>): boolean {
  return !isReservedAddress(identity.address) && identity.address === addressOfKey(identity.publicKey, memory)
}

/** The address of a 64-byte public key; `undefined` if the key has none, as 239 of 256 have not. */
export function addressOfKey(publicKey: Uint8Array, memory?: Int32Array<ArrayBuffer>): Address | undefined {
  const digest = memoryHardHash(publicKey, memory)
  if (digest[0] >= HASHCASH_FIRST_BYTE_BELOW) return undefined
  const address = new ByteReader(digest, ADDRESS_AT).u40()
  return isReservedAddress(address) ? undefined : address
}
