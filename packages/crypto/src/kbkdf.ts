import { hmacSha384 } from './hash.js'

/** Labels of the keys that ZeroTier derives: ASCII digits. */
export const KBKDF_LABEL_AES_GMAC_SIV_K0 = 0x30
export const KBKDF_LABEL_AES_GMAC_SIV_K1 = 0x31

/**
 * A 48-byte key derived from a 48-byte key (NIST SP 800-108 in counter mode, one step, HMAC-SHA-384).
 *
 * The message, 13 bytes: `iter` (u32) | "ZT" | `label` (u8) | 0 | `context` (u8) | 384 (u32, the output length in bits).
 *
 * @see ZeroTierOne node/Utils.cpp, KBKDFHMACSHA384
 */
export function kbkdf(key: Uint8Array, label: number, context: number, iter: number): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array([
    iter >>> 24,
    iter >>> 16,
    iter >>> 8,
    iter,
    0x5a,
    0x54,
    label,
    0,
    context,
    0,
    0,
    1,
    0x80,
  ])
  return hmacSha384(key, message)
}
