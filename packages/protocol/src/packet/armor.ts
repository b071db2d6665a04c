import { AesGmacSiv, Salsa20, type SalsaPoly, type SessionKeys } from '@zt/crypto'
import { MAX_PACKET_LENGTH, MIN_PACKET_LENGTH } from '../limits.js'
import {
  Cipher,
  FLAG_ENCRYPTED,
  FLAG_FRAGMENTED,
  PACKET_DESTINATION,
  PACKET_FLAGS,
  PACKET_ID,
  PACKET_MAC,
  PACKET_VERB,
  cipherOf,
} from './header.js'

/** What does not change on the way: everything but the hops. */
const WITHOUT_HOPS = 0xf8
/** Destination, source and flags: what cipher 3 authenticates of the header. */
const AAD_LENGTH = 11

/**
 * Authenticates and encrypts packets, and the reverse, in place. Holds working memory only: one instance serves all
 * peers.
 *
 * Ciphers 0 and 1 use a key of their own for each packet: the session's, XORed with the header as far as it does not
 * change and with the packet's length. So header and length are authenticated although only verb and payload go through
 * the MAC. Cipher 3 hands them to AES-GMAC-SIV, and replaces packet id and MAC by its tag.
 */
export class Armor {
  private readonly salsaPoly: SalsaPoly
  private readonly gmacSiv = new AesGmacSiv()
  private readonly aad = new Uint8Array(AAD_LENGTH)

  constructor(salsaPoly: SalsaPoly) {
    this.salsaPoly = salsaPoly
  }

  /**
   * Seal the packet in `bytes[at, at + length)`, which is complete: id, addresses, the fragmented flag, verb, payload.
   * Sets the cipher and the encrypted flag. With cipher 3 the packet id changes.
   */
  armor(bytes: Uint8Array, at: number, length: number, cipher: 0 | 1 | 3, keys: SessionKeys): void {
    const kept = bytes[at + PACKET_FLAGS] & (FLAG_FRAGMENTED | 0x07)
    // Releases up to 1.14 set this flag with cipher 1. With cipher 0 nobody may: there it means something else.
    bytes[at + PACKET_FLAGS] = kept | (cipher << 3) | (cipher === Cipher.Salsa ? FLAG_ENCRYPTED : 0)
    const body = length - PACKET_VERB
    if (cipher === Cipher.AesGmacSiv) {
      this.gmacSiv.seal(keys, this.fillAad(bytes, at), bytes, at + PACKET_ID, at + PACKET_VERB, body, at + PACKET_MAC)
    } else {
      const key = this.mangle(keys.salsa, bytes, at, length)
      this.salsaPoly.seal(key, bytes, at + PACKET_ID, at + PACKET_VERB, body, cipher === Cipher.Salsa, at + PACKET_MAC)
    }
  }

  /**
   * Open the packet in `bytes[at, at + length)`. False if it is not authentic, has a cipher that is none (a trusted
   * path is for its owner to judge), or a length that no packet has: then nothing has changed.
   */
  dearmor(bytes: Uint8Array, at: number, length: number, keys: SessionKeys): boolean {
    if (length < MIN_PACKET_LENGTH || length > MAX_PACKET_LENGTH) return false
    const cipher = cipherOf(bytes, at)
    const body = length - PACKET_VERB
    if (cipher === Cipher.AesGmacSiv) {
      const aad = this.fillAad(bytes, at)
      return this.gmacSiv.open(keys, aad, bytes, at + PACKET_ID, at + PACKET_VERB, body, at + PACKET_MAC)
    }
    if (cipher !== Cipher.None && cipher !== Cipher.Salsa) return false
    const key = this.mangle(keys.salsa, bytes, at, length)
    const isEncrypted = cipher === Cipher.Salsa
    return this.salsaPoly.open(key, bytes, at + PACKET_ID, at + PACKET_VERB, body, isEncrypted, at + PACKET_MAC)
  }

  private mangle(session: Uint8Array, bytes: Uint8Array, at: number, length: number): Uint8Array {
    const { key } = this.salsaPoly
    for (let i = 0; i < PACKET_FLAGS; i++) key[i] = session[i] ^ bytes[at + i]
    key[18] = session[18] ^ (bytes[at + PACKET_FLAGS] & WITHOUT_HOPS)
    key[19] = session[19] ^ length
    key[20] = session[20] ^ (length >> 8)
    for (let i = 21; i < 32; i++) key[i] = session[i]
    return key
  }

  private fillAad(bytes: Uint8Array, at: number): Uint8Array {
    const { aad } = this
    for (let i = 0; i < AAD_LENGTH - 1; i++) aad[i] = bytes[at + PACKET_DESTINATION + i]
    aad[AAD_LENGTH - 1] = bytes[at + PACKET_FLAGS] & WITHOUT_HOPS
    return aad
  }
}

/**
 * Mask or unmask `bytes[from, to)` of the packet at `at` ("cryptField"): the end of HELLO, which names moons, is hidden
 * although the packet is not encrypted. To be done before `armor` and after `dearmor`.
 */
export function maskHelloTail(bytes: Uint8Array, at: number, from: number, to: number, keys: SessionKeys): void {
  const iv = bytes.slice(at + PACKET_ID, at + PACKET_ID + 8)
  iv[7] &= 0xf8
  const salsa = new Salsa20(keys.salsa, iv, 12)
  salsa.xor(bytes, from, to - from)
  salsa.wipe()
}

/** Mark a packet for a path that both ends trust: no crypto, the path's id in place of the MAC. */
export function markTrustedPath(bytes: Uint8Array, at: number, pathId: bigint): void {
  const kept = bytes[at + PACKET_FLAGS] & (FLAG_FRAGMENTED | 0x07)
  bytes[at + PACKET_FLAGS] = kept | (Cipher.TrustedPath << 3)
  for (let i = 7, rest = pathId; i >= 0; i--, rest >>= 8n) bytes[at + PACKET_MAC + i] = Number(rest & 0xffn)
}

/** The path that a packet with cipher 2 claims to have come by. */
export function trustedPathOf(bytes: Uint8Array, at: number): bigint {
  let pathId = 0n
  for (let i = 0; i < 8; i++) pathId = (pathId << 8n) | BigInt(bytes[at + PACKET_MAC + i])
  return pathId
}
