/**
 * Salsa20/12 with Poly1305, the engine of ciphers 0 and 1, over byte ranges in place.
 *
 * Keystream block 0 gives the one-time MAC key; the text is encrypted from block 1 on and authenticated as it travels. The
 * tag is the first 8 bytes of the authenticator. The engine knows nothing of packet headers: `key` is already the packet's
 * own.
 *
 * An engine keeps working memory of its own: one call at a time, from one thread.
 */
export interface SalsaPoly {
  /** Which implementation this is. */
  readonly name: 'wasm-simd' | 'js'
  /**
   * An arena of fixed size, for packets: ranges of it (or of views into it) are worked on where they are; other memory is
   * copied in and out, which costs some percent.
   */
  readonly memory: Uint8Array
  /** 32 bytes of the engine. A key written here and passed as `key` is not copied again. */
  readonly key: Uint8Array

  /**
   * Encrypt `bytes[at, at + length)` if `encrypt`, authenticate it, and write the tag to the 8 bytes at `tagAt`.
   *
   * @param key 32 bytes, used for this nonce only.
   * @param nonceAt where the 8-byte nonce is. Neither nonce nor tag may lie within the range.
   * @throws ZT_TOO_LARGE for more than `MAX_SALSA_POLY_LENGTH` bytes, ZT_ARG_INVALID for ranges outside `bytes`.
   */
  seal(
    key: Uint8Array,
    bytes: Uint8Array,
    nonceAt: number,
    at: number,
    length: number,
    encrypt: boolean,
    tagAt: number,
  ): void

  /**
   * Check the tag in the 8 bytes at `tagAt`, and decrypt `bytes[at, at + length)` if `decrypt`. False if it is not
   * authentic: then nothing has changed. Takes the same time wherever the tags differ.
   *
   * @throws ZT_TOO_LARGE for more than `MAX_SALSA_POLY_LENGTH` bytes, ZT_ARG_INVALID for ranges outside `bytes`.
   */
  open(
    key: Uint8Array,
    bytes: Uint8Array,
    nonceAt: number,
    at: number,
    length: number,
    decrypt: boolean,
    tagAt: number,
  ): boolean
}

/** The longest range that can be sealed or opened: more than any UDP datagram holds. */
export const MAX_SALSA_POLY_LENGTH = 65_536
