// Keys, agreement, signatures
export {
  type KeyPair,
  generateKeyPair,
  publicKeyOf,
  agree,
  x25519Raw,
  sign,
  verify,
  PUBLIC_KEY_LENGTH,
  SECRET_KEY_LENGTH,
  SIGNATURE_LENGTH,
  AGREEMENT_LENGTH,
} from './c25519.js'
export { SessionKeys } from './session-keys.js'
// Hashes and derivation
export { sha512, sha384, hmacSha384 } from './hash.js'
export { kbkdf, KBKDF_LABEL_AES_GMAC_SIV_K0, KBKDF_LABEL_AES_GMAC_SIV_K1 } from './kbkdf.js'
export { memoryHardHash, HASHCASH_MEMORY_WORDS, HASHCASH_FIRST_BYTE_BELOW } from './hashcash.js'
// Ciphers 0 and 1
export { type SalsaPoly, MAX_SALSA_POLY_LENGTH } from './salsa-poly/salsa-poly.js'
export { type SalsaPolyOptions, createSalsaPoly } from './salsa-poly/create.js'
export { Salsa20, type SalsaRounds } from './salsa20.js'
export { poly1305 } from './poly1305.js'
// Cipher 3
export { AesGmacSiv, type GmacSivKeys } from './aes-gmac-siv.js'
export { type AesPort, type AesKey, portableAes } from './aes.js'
export { Ghash } from './ghash.js'
