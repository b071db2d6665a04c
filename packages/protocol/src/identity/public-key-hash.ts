import { sha384 } from '@zt/crypto'
import { ByteWriter } from '@zt/sansio'
import type { Identity } from './identity.js'

const hashes = new WeakMap<Identity, Uint8Array>()

/** SHA-384 of address and public key, 48 bytes: what certificates of membership name a key by. Computed once. */
export function publicKeyHash(identity: Identity): Uint8Array {
  const known = hashes.get(identity)
  if (known) return known
  const hash = sha384(new ByteWriter(69).u40(identity.address).put(identity.publicKey).bytes)
  hashes.set(identity, hash)
  return hash
}
