/**
 * Salsa20 with 12 or 20 rounds: 256-bit key, 64-bit nonce, 64-bit block counter from 0 (the original, neither ChaCha nor
 * XSalsa). ZeroTier uses 12 rounds for packets and 20 for the search for an address.
 *
 *     state, 16 words:  c0 k0 k1 k2 | k3 c1 n0 n1 | b0 b1 c2 k4 | k5 k6 k7 c3     all little-endian; b = block counter
 *
 * @see https://cr.yp.to/snuffle/spec.pdf
 */
import { ZtError } from '@zt/sansio'

/** How many rounds: 12 for packets, 20 for address derivation. */
export type SalsaRounds = 12 | 20

/** One keystream, consumed in whole 64-byte blocks. */
export class Salsa20 {
  readonly #state = new Int32Array(16)
  readonly #block = new Int32Array(16)
  readonly #rounds: SalsaRounds

  /** @throws ZT_ARG_INVALID unless the key is 32 bytes and the nonce 8. */
  constructor(key: Uint8Array, nonce: Uint8Array, rounds: SalsaRounds) {
    if (key.length !== 32 || nonce.length !== 8) {
      throw new ZtError('ZT_ARG_INVALID', `expected a key of 32 and a nonce of 8 bytes, got ${key.length} and ${nonce.length}`)
    }
    loadSalsaState(this.#state, key, nonce, 0)
    this.#rounds = rounds
  }

  /** The next block of keystream as 16 little-endian words: a view, valid until the next call. */
  nextBlock(): Int32Array {
    this.#block.fill(0)
    this.xorWords(this.#block, 0, 16)
    return this.#block
  }

  /** XOR keystream over `words[at, end)`, little-endian, a multiple of 16 of them. */
  xorWords(words: Int32Array, at: number, end: number): void {
    salsaXor(this.#state, words, at, end, this.#rounds)
  }

  /** XOR keystream over `bytes[at, at + length)`. Each call begins with a fresh block; what is left of one is thrown away. */
  xor(bytes: Uint8Array, at = 0, length = bytes.length - at): void {
    for (let done = 0; done < length; done += 64) {
      const block = this.nextBlock()
      const n = Math.min(64, length - done)
      for (let i = 0; i < n; i++) bytes[at + done + i]! ^= block[i >> 2]! >>> (8 * (i & 3))
    }
  }

  /** Forget the key. */
  wipe(): void {
    this.#state.fill(0)
    this.#block.fill(0)
  }
}

/** Write the initial state: `key` has 32 bytes, the nonce is the 8 bytes at `nonce[nonceAt]`, the counter is 0. */
export function loadSalsaState(state: Int32Array, key: Uint8Array, nonce: Uint8Array, nonceAt: number): void {
  state[0] = 0x61707865
  state[5] = 0x3320646e
  state[10] = 0x79622d32
  state[15] = 0x6b206574
  for (let i = 0; i < 4; i++) {
    state[1 + i] = word(key, 4 * i)
    state[11 + i] = word(key, 16 + 4 * i)
  }
  state[6] = word(nonce, nonceAt)
  state[7] = word(nonce, nonceAt + 4)
  state[8] = 0
  state[9] = 0
}

function word(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

/**
 * XOR keystream over `words[at, end)`, whole blocks of 16, and count them in the state. Unrolled over locals: this is the hot
 * loop of address derivation and of packets without WebAssembly.
 */
export function salsaXor(state: Int32Array, words: Int32Array, at: number, end: number, rounds: SalsaRounds): void {
  let t = 0
  for (; at < end; at += 16) {
    let x0 = state[0]! | 0, x1 = state[1]! | 0, x2 = state[2]! | 0, x3 = state[3]! | 0
    let x4 = state[4]! | 0, x5 = state[5]! | 0, x6 = state[6]! | 0, x7 = state[7]! | 0
    let x8 = state[8]! | 0, x9 = state[9]! | 0, x10 = state[10]! | 0, x11 = state[11]! | 0
    let x12 = state[12]! | 0, x13 = state[13]! | 0, x14 = state[14]! | 0, x15 = state[15]! | 0
    for (let round = 0; round < rounds; round += 2) {
      // columns
      t = (x0 + x12) | 0; x4 ^= (t << 7) | (t >>> 25)
      t = (x4 + x0) | 0; x8 ^= (t << 9) | (t >>> 23)
      t = (x8 + x4) | 0; x12 ^= (t << 13) | (t >>> 19)
      t = (x12 + x8) | 0; x0 ^= (t << 18) | (t >>> 14)
      t = (x5 + x1) | 0; x9 ^= (t << 7) | (t >>> 25)
      t = (x9 + x5) | 0; x13 ^= (t << 9) | (t >>> 23)
      t = (x13 + x9) | 0; x1 ^= (t << 13) | (t >>> 19)
      t = (x1 + x13) | 0; x5 ^= (t << 18) | (t >>> 14)
      t = (x10 + x6) | 0; x14 ^= (t << 7) | (t >>> 25)
      t = (x14 + x10) | 0; x2 ^= (t << 9) | (t >>> 23)
      t = (x2 + x14) | 0; x6 ^= (t << 13) | (t >>> 19)
      t = (x6 + x2) | 0; x10 ^= (t << 18) | (t >>> 14)
      t = (x15 + x11) | 0; x3 ^= (t << 7) | (t >>> 25)
      t = (x3 + x15) | 0; x7 ^= (t << 9) | (t >>> 23)
      t = (x7 + x3) | 0; x11 ^= (t << 13) | (t >>> 19)
      t = (x11 + x7) | 0; x15 ^= (t << 18) | (t >>> 14)
      // rows
      t = (x0 + x3) | 0; x1 ^= (t << 7) | (t >>> 25)
      t = (x1 + x0) | 0; x2 ^= (t << 9) | (t >>> 23)
      t = (x2 + x1) | 0; x3 ^= (t << 13) | (t >>> 19)
      t = (x3 + x2) | 0; x0 ^= (t << 18) | (t >>> 14)
      t = (x5 + x4) | 0; x6 ^= (t << 7) | (t >>> 25)
      t = (x6 + x5) | 0; x7 ^= (t << 9) | (t >>> 23)
      t = (x7 + x6) | 0; x4 ^= (t << 13) | (t >>> 19)
      t = (x4 + x7) | 0; x5 ^= (t << 18) | (t >>> 14)
      t = (x10 + x9) | 0; x11 ^= (t << 7) | (t >>> 25)
      t = (x11 + x10) | 0; x8 ^= (t << 9) | (t >>> 23)
      t = (x8 + x11) | 0; x9 ^= (t << 13) | (t >>> 19)
      t = (x9 + x8) | 0; x10 ^= (t << 18) | (t >>> 14)
      t = (x15 + x14) | 0; x12 ^= (t << 7) | (t >>> 25)
      t = (x12 + x15) | 0; x13 ^= (t << 9) | (t >>> 23)
      t = (x13 + x12) | 0; x14 ^= (t << 13) | (t >>> 19)
      t = (x14 + x13) | 0; x15 ^= (t << 18) | (t >>> 14)
    }
    words[at]! ^= x0 + state[0]!
    words[at + 1]! ^= x1 + state[1]!
    words[at + 2]! ^= x2 + state[2]!
    words[at + 3]! ^= x3 + state[3]!
    words[at + 4]! ^= x4 + state[4]!
    words[at + 5]! ^= x5 + state[5]!
    words[at + 6]! ^= x6 + state[6]!
    words[at + 7]! ^= x7 + state[7]!
    words[at + 8]! ^= x8 + state[8]!
    words[at + 9]! ^= x9 + state[9]!
    words[at + 10]! ^= x10 + state[10]!
    words[at + 11]! ^= x11 + state[11]!
    words[at + 12]! ^= x12 + state[12]!
    words[at + 13]! ^= x13 + state[13]!
    words[at + 14]! ^= x14 + state[14]!
    words[at + 15]! ^= x15 + state[15]!
    if ((state[8] = (state[8]! + 1) | 0) === 0) state[9] = (state[9]! + 1) | 0
  }
}
