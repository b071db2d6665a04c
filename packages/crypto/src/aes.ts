/**
 * AES-256 as a port: what AES-GMAC-SIV needs of a block cipher, so that an edge package can plug in the machine's own
 * AES instructions. The default runs anywhere and is slow.
 */
import { unsafe } from '@noble/ciphers/aes.js'
import { ZtError } from '@zt/sansio'
import { Ghash } from './ghash.js'

/** Where AES keys come from. */
export interface AesPort {
  /** Prepare a 32-byte key, which is copied. */
  importKey(key: Uint8Array): AesKey
}

/** One AES-256 key, prepared. */
export interface AesKey {
  /** Encrypt the block `bytes[at, at + 16)` in place. */
  encryptBlock(bytes: Uint8Array, at: number): void
  /** Decrypt the block `bytes[at, at + 16)` in place. */
  decryptBlock(bytes: Uint8Array, at: number): void
  /**
   * XOR the keystream over `bytes[at, at + length)`. It starts at the 16-byte block `counter`, which is left as it is;
   * bytes 12 to 15 of it count up, big-endian. Callers keep that count from wrapping.
   */
  ctr(counter: Uint8Array, bytes: Uint8Array, at: number, length: number): void
  /**
   * GMAC: the GCM tag of `head`, zero-padded to a multiple of 16 bytes, followed by `bytes[at, at + length)`, all of it as
   * additional data, under a 12-byte nonce. Writes 16 bytes to `tag`.
   */
  gmac(nonce: Uint8Array, head: Uint8Array, bytes: Uint8Array, at: number, length: number, tag: Uint8Array): void
  /** Forget the key. The object is of no use afterwards. */
  wipe(): void
}

/** AES in JavaScript, by @noble/ciphers, with GHASH by tables. */
export const portableAes: AesPort = {
  importKey(key) {
    if (key.length !== 32) throw new ZtError('ZT_ARG_INVALID', `expected a key of 32 bytes, got ${key.length}`)
    return new PortableAesKey(key)
  },
}

class PortableAesKey implements AesKey {
  readonly #encrypt: Uint32Array
  readonly #block = new Uint8Array(16)
  // A session uses one key for blocks and the other for GMAC: each makes what it needs, when it needs it.
  #decrypt: Uint32Array | undefined
  #ghash: Ghash | undefined
  #key: Uint8Array

  constructor(key: Uint8Array) {
    this.#key = key.slice()
    this.#encrypt = unsafe.expandKeyLE(key)
  }

  encryptBlock(bytes: Uint8Array, at: number): void {
    const out = unsafe.encrypt(
      this.#encrypt,
      read(bytes, at),
      read(bytes, at + 4),
      read(bytes, at + 8),
      read(bytes, at + 12),
    )
    write(bytes, at, out.s0, out.s1, out.s2, out.s3)
  }

  decryptBlock(bytes: Uint8Array, at: number): void {
    this.#decrypt ??= unsafe.expandKeyDecLE(this.#key)
    const out = unsafe.decrypt(
      this.#decrypt,
      read(bytes, at),
      read(bytes, at + 4),
      read(bytes, at + 8),
      read(bytes, at + 12),
    )
    write(bytes, at, out.s0, out.s1, out.s2, out.s3)
  }

  ctr(counter: Uint8Array, bytes: Uint8Array, at: number, length: number): void {
    const xk = this.#encrypt
    const s0 = read(counter, 0)
    const s1 = read(counter, 4)
    const s2 = read(counter, 8)
    let count = swap(read(counter, 12))
    const whole = at + (length & ~15)
    for (let i = at; i < whole; i += 16, count++) {
      const out = unsafe.encrypt(xk, s0, s1, s2, swap(count))
      write(
        bytes,
        i,
        read(bytes, i) ^ out.s0,
        read(bytes, i + 4) ^ out.s1,
        read(bytes, i + 8) ^ out.s2,
        read(bytes, i + 12) ^ out.s3,
      )
    }
    const rest = length & 15
    if (rest === 0) return
    const out = unsafe.encrypt(xk, s0, s1, s2, swap(count))
    write(this.#block, 0, out.s0, out.s1, out.s2, out.s3)
    for (let i = 0; i < rest; i++) bytes[whole + i]! ^= this.#block[i]!
  }

  gmac(nonce: Uint8Array, head: Uint8Array, bytes: Uint8Array, at: number, length: number, tag: Uint8Array): void {
    const block = this.#block
    if (this.#ghash === undefined) {
      block.fill(0)
      this.encryptBlock(block, 0)
      this.#ghash = new Ghash(block)
    }
    this.#ghash.digest(head, bytes, at, length, tag)
    block.set(nonce)
    block[12] = block[13] = block[14] = 0
    block[15] = 1
    this.encryptBlock(block, 0)
    for (let i = 0; i < 16; i++) tag[i]! ^= block[i]!
  }

  wipe(): void {
    this.#key.fill(0)
    this.#encrypt.fill(0)
    this.#decrypt?.fill(0)
    this.#ghash?.wipe()
    this.#block.fill(0)
  }
}

function read(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

function write(bytes: Uint8Array, at: number, w0: number, w1: number, w2: number, w3: number): void {
  writeWord(bytes, at, w0)
  writeWord(bytes, at + 4, w1)
  writeWord(bytes, at + 8, w2)
  writeWord(bytes, at + 12, w3)
}

function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word
  bytes[at + 1] = word >>> 8
  bytes[at + 2] = word >>> 16
  bytes[at + 3] = word >>> 24
}

function swap(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)
}
