/**
 * AES-256 by `node:crypto`, which uses the processor's own instructions. Creating a cipher object costs as much as
 * encrypting 2 KB, so blocks and counter mode use one ECB cipher per key, for life: ECB over counter blocks is the
 * keystream. GMAC has no such way and creates one object a message; in exchange it takes the same time for all data,
 * which a GHASH by tables does not.
 */
import {
  type Cipher,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type Decipher,
  type KeyObject,
} from 'node:crypto'
import type { AesKey, AesPort } from '@zt/crypto'
import { invariant, ZtError } from '@zt/sansio'

/** An `AesPort` with the processor's AES. */
export class NodeAes implements AesPort {
  readonly #scratch = new Scratch()

  importKey(key: Uint8Array): AesKey {
    if (key.length !== 32) throw new ZtError('ZT_ARG_INVALID', `expected a key of 32 bytes, got ${key.length}`)
    return new NodeAesKey(createSecretKey(key), this.#scratch)
  }
}

class NodeAesKey implements AesKey {
  readonly #scratch: Scratch
  #key: KeyObject | undefined
  // Each of the two keys of a session is used for one of these only: made when needed.
  #encipher: Cipher | undefined
  #decipher: Decipher | undefined

  constructor(key: KeyObject, scratch: Scratch) {
    this.#key = key
    this.#scratch = scratch
  }

  encryptBlock(bytes: Uint8Array, at: number): void {
    this.#block(this.#ecb(), bytes, at)
  }

  decryptBlock(bytes: Uint8Array, at: number): void {
    this.#decipher ??= createDecipheriv('aes-256-ecb', this.#alive(), null).setAutoPadding(false)
    this.#block(this.#decipher, bytes, at)
  }

  ctr(counter: Uint8Array, bytes: Uint8Array, at: number, length: number): void {
    const scratch = this.#scratch
    scratch.setCounter(counter)
    for (let done = 0; done < length;) {
      const n = Math.min(CHUNK, length - done)
      xor(bytes, at + done, n, this.#ecb().update(scratch.nextCounters((n + 15) >> 4)), scratch)
      done += n
    }
  }

  gmac(nonce: Uint8Array, head: Uint8Array, bytes: Uint8Array, at: number, length: number, tag: Uint8Array): void {
    const gcm = createCipheriv('aes-256-gcm', this.#alive(), nonce)
    gcm.setAAD(head)
    const gap = -head.length & 15
    if (gap > 0) gcm.setAAD(ZEROS[gap])
    gcm.setAAD(bytes.subarray(at, at + length))
    gcm.final()
    tag.set(gcm.getAuthTag())
  }

  wipe(): void {
    this.#key = this.#encipher = this.#decipher = undefined // the memory is the library's, which clears it when it frees it
  }

  #ecb(): Cipher {
    return (this.#encipher ??= createCipheriv('aes-256-ecb', this.#alive(), null).setAutoPadding(false))
  }

  #block(cipher: Cipher | Decipher, bytes: Uint8Array, at: number): void {
    const block = this.#scratch.block
    for (let i = 0; i < 16; i++) block[i] = bytes[at + i]
    const out = cipher.update(block)
    for (let i = 0; i < 16; i++) bytes[at + i] = out[i]
  }

  #alive(): KeyObject {
    const key = this.#key
    invariant(key, 'a wiped key is not used')
    return key
  }
}

/** The most bytes per call of the cipher: a whole packet, usually. */
const CHUNK = 4096
/** Below this a loop over bytes beats the copies that word-wise work needs. */
const WORDS_FROM = 192
const ZEROS = Array.from({ length: 16 }, (_, length) => new Uint8Array(length))
const isLittleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1

/** Aligned memory for counters and data, shared by all keys since each use ends before the next begins. */
class Scratch {
  readonly block = new Uint8Array(16)
  readonly data = new Uint8Array(CHUNK)
  readonly dataWords = new Uint32Array(this.data.buffer)
  readonly #counters = new Uint8Array(CHUNK)
  readonly #words = new Uint32Array(this.#counters.buffer)
  readonly #views: (Uint8Array | undefined)[] = []
  readonly #prefix = new Uint32Array(4)
  readonly #prefixBytes = new Uint8Array(this.#prefix.buffer)
  #count = 0

  setCounter(counter: Uint8Array): void {
    for (let i = 0; i < 16; i++) this.#prefixBytes[i] = counter[i]
    this.#count = bigEndian(this.#prefix[3])
  }

  /** The next `blocks` counter blocks. */
  nextCounters(blocks: number): Uint8Array {
    const words = this.#words
    const [a, b, c] = [this.#prefix[0], this.#prefix[1], this.#prefix[2]]
    let count = this.#count
    for (let i = 0; i < 4 * blocks; i += 4, count++) {
      words[i] = a
      words[i + 1] = b
      words[i + 2] = c
      words[i + 3] = bigEndian(count)
    }
    this.#count = count
    return (this.#views[blocks] ??= this.#counters.subarray(0, 16 * blocks))
  }
}

/** A word as it must lie in memory to be big-endian, and back. */
function bigEndian(word: number): number {
  if (!isLittleEndian) return word
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)
}

function xor(bytes: Uint8Array, at: number, length: number, keystream: Buffer, scratch: Scratch): void {
  if (length < WORDS_FROM || keystream.byteOffset % 4 !== 0) {
    for (let i = 0; i < length; i++) bytes[at + i] ^= keystream[i]
    return
  }
  const { data, dataWords } = scratch
  const key = new Uint32Array(keystream.buffer, keystream.byteOffset, keystream.length >> 2)
  data.set(bytes.subarray(at, at + length))
  for (let i = 0; i < key.length; i++) dataWords[i] ^= key[i]
  bytes.set(data.subarray(0, length), at)
}
