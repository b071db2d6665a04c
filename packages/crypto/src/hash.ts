import { hmac } from '@noble/hashes/hmac.js'
import { sha384 as nobleSha384, sha512 as nobleSha512 } from '@noble/hashes/sha2.js'

/** SHA-512 of a message: 64 bytes. */
export function sha512(message: Uint8Array): Uint8Array<ArrayBuffer> {
  return nobleSha512(message)
}

/** SHA-384 of a message: 48 bytes. */
export function sha384(message: Uint8Array): Uint8Array<ArrayBuffer> {
  return nobleSha384(message)
}

/** HMAC-SHA-384 of a message: 48 bytes. */
export function hmacSha384(key: Uint8Array, message: Uint8Array): Uint8Array<ArrayBuffer> {
  return hmac(nobleSha384, key, message)
}
