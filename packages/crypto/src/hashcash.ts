/**
 * The memory-hard hash behind every address: a digest of a public key that takes 2 MiB and some tens of milliseconds.
 * An identity is valid if the first byte of its digest is below 17, and its address is the last five bytes.
 *
 * @see ZeroTierOne node/Identity.cpp, _computeMemoryHardHash
 */
import { ZtError } from '@zt/sansio'
import { sha512 } from './hash.js'
import { Salsa20 } from './salsa20.js'

/** Words in the working memory of `memoryHardHash`: 2 MiB. */
export const HASHCASH_MEMORY_WORDS = 524_288
/** A digest is good if its first byte is below this. */
export const HASHCASH_FIRST_BYTE_BELOW = 17

/**
 * The first half: fill the memory from the SHA-512 of a key, each block of 64 bytes being the one before it, XOR keystream.
 * Returns the cipher, with which the second half goes on.
 */
export function fillMemory(digest: Uint8Array, memory: Int32Array): Salsa20 {
  const salsa = new Salsa20(digest.subarray(0, 32), digest.subarray(32, 40), 20)
  memory.fill(0, 0, 16)
  salsa.xorWords(memory, 0, 16)
  for (let at = 16; at < HASHCASH_MEMORY_WORDS; at += 16) {
    memory.copyWithin(at, at - 16, at)
    salsa.xorWords(memory, at, at + 16)
  }
  return salsa
}

/**
 * The 64-byte digest of a 64-byte public key.
 *
 * @param memory working memory of at least `HASHCASH_MEMORY_WORDS` words with any content, for callers who hash often.
 * @throws ZT_ARG_INVALID for a key of another length.
 */
export function memoryHardHash(
  publicKey: Uint8Array,
  memory = new Int32Array(HASHCASH_MEMORY_WORDS),
): Uint8Array<ArrayBuffer> {
  if (publicKey.length !== 64 || memory.length < HASHCASH_MEMORY_WORDS) {
    throw new ZtError(
      'ZT_ARG_INVALID',
      `expected a public key of 64 bytes and ${HASHCASH_MEMORY_WORDS} words of memory, ` +
        `got ${publicKey.length} and ${memory.length}`,
    )
  }
  const bytes = sha512(publicKey)
  const salsa = fillMemory(bytes, memory)

  // Mix: pairs of 8-byte cells name a cell of the digest and one of the memory; swap them, XOR keystream over the digest.
  // Both names are the low bits of a big-endian number, so they come from the ends of the cells' second words.
  const digest = new Int32Array(16)
  for (let i = 0; i < 64; i++) digest[i >> 2]! |= bytes[i]! << (8 * (i & 3))
  for (let at = 0; at < HASHCASH_MEMORY_WORDS; at += 4) {
    const a = 2 * ((memory[at + 1]! >>> 24) & 7)
    const low = memory[at + 3]!
    const b = 2 * ((low >>> 24) | ((low >>> 8) & 0xff00) | ((low << 8) & 0x30000))
    const first = memory[b]!
    const second = memory[b + 1]!
    memory[b] = digest[a]!
    memory[b + 1] = digest[a + 1]!
    digest[a] = first
    digest[a + 1] = second
    salsa.xorWords(digest, 0, 16)
  }

  for (let i = 0; i < 64; i++) bytes[i] = digest[i >> 2]! >>> (8 * (i & 3))
  return bytes
}
