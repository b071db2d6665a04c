import { invariant } from '@zt/sansio'
import { Poly1305 } from '../poly1305.js'
import { loadSalsaState, salsaXor } from '../salsa20.js'
import { checkRange } from './range.js'
import { MAX_SALSA_POLY_LENGTH, type SalsaPoly } from './salsa-poly.js'

/** Below this a loop copies faster than `set` of a view. */
const SHORT = 64

/**
 * The engine in plain JavaScript. Text is worked on as aligned words in a buffer of its own, wherever it comes from:
 * copying in and out costs far less than bytes do.
 */
export class JsSalsaPoly implements SalsaPoly {
  readonly name = 'js'
  readonly memory: Uint8Array
  readonly key = new Uint8Array(32)
  // One block more than the longest text: the keystream runs to the end of its last block.
  private readonly words = new Int32Array((MAX_SALSA_POLY_LENGTH + 64) / 4)
  private readonly text = new Uint8Array(this.words.buffer)
  private readonly state = new Int32Array(16)
  private readonly block = new Int32Array(16)
  private readonly poly = new Poly1305()

  constructor(arenaBytes: number) {
    invariant(new Uint8Array(new Uint16Array([1]).buffer)[0] === 1, 'words are little-endian on this machine')
    this.memory = new Uint8Array(arenaBytes)
  }

  seal(key: Uint8Array, bytes: Uint8Array, nonceAt: number, at: number, length: number, encrypt: boolean, tagAt: number): void {
    this.start(key, bytes, nonceAt, at, length, tagAt)
    if (encrypt) {
      this.crypt(length)
      this.copyOut(bytes, at, length)
    }
    this.authenticate(length)
    const tag = this.poly.tag
    for (let i = 0; i < 8; i++) bytes[tagAt + i] = tag[i >> 2]! >>> (8 * (i & 3))
  }

  open(key: Uint8Array, bytes: Uint8Array, nonceAt: number, at: number, length: number, decrypt: boolean, tagAt: number): boolean {
    this.start(key, bytes, nonceAt, at, length, tagAt)
    this.authenticate(length)
    const tag = this.poly.tag
    let difference = 0
    for (let i = 0; i < 8; i++) difference |= bytes[tagAt + i]! ^ ((tag[i >> 2]! >>> (8 * (i & 3))) & 0xff)
    if (difference !== 0) return false
    if (decrypt) {
      this.crypt(length)
      this.copyOut(bytes, at, length)
    }
    return true
  }

  private start(key: Uint8Array, bytes: Uint8Array, nonceAt: number, at: number, length: number, tagAt: number): void {
    checkRange(key, bytes, nonceAt, at, length, tagAt)
    if (length < SHORT) for (let i = 0; i < length; i++) this.text[i] = bytes[at + i]!
    else this.text.set(bytes.subarray(at, at + length))
    loadSalsaState(this.state, key, bytes, nonceAt)
  }

  /** XOR keystream from block 1 on over the text, to the end of the last block. */
  private crypt(length: number): void {
    this.state[8] = 1
    salsaXor(this.state, this.words, 0, ((length + 63) >> 6) << 4, 12)
  }

  private authenticate(length: number): void {
    this.block.fill(0)
    this.state[8] = 0
    salsaXor(this.state, this.block, 0, 16, 12)
    this.poly.compute(this.block, this.words, length)
  }

  private copyOut(bytes: Uint8Array, at: number, length: number): void {
    if (length < SHORT) for (let i = 0; i < length; i++) bytes[at + i] = this.text[i]!
    else bytes.set(this.text.subarray(0, length), at)
  }
}
