/**
 * AES-GMAC-SIV, ZeroTier's cipher 3: the tag of the plaintext, encrypted with the IV, is both the transmitted tag and the
 * start of the keystream. A repeated IV therefore gives away no more than that a message was repeated.
 *
 *     fold = GMAC(K0, iv | 00000000, aad padded to 16 | plaintext), its halves XORed: 8 bytes
 *     T    = AES(K1, iv | fold)                               16 bytes, replaces the iv on the wire
 *     text = AES-CTR(K1, T with the top bit of byte 12 cleared, plaintext)
 *
 * @see ZeroTierOne node/AES.hpp, GMACSIVEncryptor
 */
import type { AesKey } from './aes.js'

/** The two keys of a session; see `SessionKeys`. */
export interface GmacSivKeys {
  /** For GMAC. */
  readonly k0: AesKey
  /** For the block and CTR. */
  readonly k1: AesKey
}

/** Seals and opens byte ranges in place. Holds working memory only, so one instance serves all sessions. */
export class AesGmacSiv {
  readonly #nonce = new Uint8Array(12)
  readonly #tag = new Uint8Array(16)
  readonly #opened = new Uint8Array(16)
  readonly #counter = new Uint8Array(16)

  /**
   * Encrypt `bytes[at, at + length)`. The 8-byte IV at `ivAt` is replaced by the first half of T; the second half is
   * written to the 8 bytes at `tagAt`. Neither may lie within the range.
   */
  seal(
    keys: GmacSivKeys,
    aad: Uint8Array,
    bytes: Uint8Array,
    ivAt: number,
    at: number,
    length: number,
    tagAt: number,
  ): void {
    const nonce = this.#nonce
    const tag = this.#tag
    for (let i = 0; i < 8; i++) nonce[i] = bytes[ivAt + i]!
    keys.k0.gmac(nonce, aad, bytes, at, length, tag)
    for (let i = 0; i < 8; i++) {
      tag[8 + i]! ^= tag[i]!
      tag[i] = nonce[i]!
    }
    keys.k1.encryptBlock(tag, 0)
    this.#crypt(keys.k1, tag, bytes, at, length)
    for (let i = 0; i < 8; i++) {
      bytes[ivAt + i] = tag[i]!
      bytes[tagAt + i] = tag[8 + i]!
    }
  }

  /**
   * Decrypt `bytes[at, at + length)`, given T in the 8 bytes at `ivAt` and the 8 at `tagAt`, which are left as they are.
   * False if it is not authentic: then the range is as it was.
   */
  open(
    keys: GmacSivKeys,
    aad: Uint8Array,
    bytes: Uint8Array,
    ivAt: number,
    at: number,
    length: number,
    tagAt: number,
  ): boolean {
    const nonce = this.#nonce
    const tag = this.#tag
    const opened = this.#opened
    for (let i = 0; i < 8; i++) {
      tag[i] = bytes[ivAt + i]!
      tag[8 + i] = bytes[tagAt + i]!
    }
    opened.set(tag)
    keys.k1.decryptBlock(opened, 0)
    this.#crypt(keys.k1, tag, bytes, at, length)
    for (let i = 0; i < 8; i++) nonce[i] = opened[i]!
    keys.k0.gmac(nonce, aad, bytes, at, length, tag)
    let difference = 0
    for (let i = 0; i < 8; i++) difference |= tag[i]! ^ tag[8 + i]! ^ opened[8 + i]!
    if (difference === 0) return true
    // The plaintext had to exist to be checked: encrypting it again restores the bytes. `counter` still holds its start.
    keys.k1.ctr(this.#counter, bytes, at, length)
    return false
  }

  #crypt(k1: AesKey, t: Uint8Array, bytes: Uint8Array, at: number, length: number): void {
    const counter = this.#counter
    counter.set(t)
    // 2^31 blocks of room: the count cannot wrap, so implementations that carry further agree.
    counter[12]! &= 0x7f
    k1.ctr(counter, bytes, at, length)
  }
}
