/**
 * GHASH, the hash inside GMAC, with a table of 8 KiB per key: entry [position][nibble] is the product of that nibble at
 * that place with H, so a block is 32 look-ups and no reduction.
 *
 * Tables leak H to whoever can time the cache on the same machine. Where that matters, use a native GMAC.
 *
 * @see NIST SP 800-38D section 6.4
 */
export class Ghash {
  /** Four big-endian words per entry. */
  readonly #table = new Int32Array(32 * 16 * 4)
  readonly #y = new Int32Array(4)

  /** @param h the hash key, 16 bytes. */
  constructor(h: Uint8Array) {
    let v0 = word(h, 0), v1 = word(h, 4), v2 = word(h, 8), v3 = word(h, 12)
    const table = this.#table
    for (let bit = 0; bit < 128; bit++) {
      const mask = 8 >> (bit & 3)
      for (let nibble = 0; nibble < 16; nibble++) {
        if ((nibble & mask) === 0) continue
        const at = 4 * (16 * (bit >> 2) + nibble)
        table[at]! ^= v0
        table[at + 1]! ^= v1
        table[at + 2]! ^= v2
        table[at + 3]! ^= v3
      }
      // Times x: a shift towards the low end, in GCM's order of bits.
      const fold = -(v3 & 1) & 0xe1000000
      v3 = (v3 >>> 1) | (v2 << 31)
      v2 = (v2 >>> 1) | (v1 << 31)
      v1 = (v1 >>> 1) | (v0 << 31)
      v0 = (v0 >>> 1) ^ fold
    }
  }

  /**
   * Hash `head`, zero-padded to a multiple of 16, followed by `bytes[at, at + length)`, all as additional data: the length
   * block counts the padded head and the bytes. The 16-byte result goes into `into`.
   */
  digest(head: Uint8Array, bytes: Uint8Array, at: number, length: number, into: Uint8Array): void {
    const y = this.#y
    y.fill(0)
    this.#absorb(head, 0, head.length)
    this.#absorb(bytes, at, length)
    const total = ((head.length + 15) & ~15) + length
    y[0]! ^= Math.floor(total / 2 ** 29)
    y[1]! ^= total << 3
    this.#multiply()
    for (let i = 0; i < 16; i++) into[i] = y[i >> 2]! >>> (24 - 8 * (i & 3))
  }

  /** Forget the key. */
  wipe(): void {
    this.#table.fill(0)
    this.#y.fill(0)
  }

  #absorb(bytes: Uint8Array, at: number, length: number): void {
    const y = this.#y
    const whole = at + (length & ~15)
    for (let i = at; i < whole; i += 16) {
      y[0]! ^= word(bytes, i)
      y[1]! ^= word(bytes, i + 4)
      y[2]! ^= word(bytes, i + 8)
      y[3]! ^= word(bytes, i + 12)
      this.#multiply()
    }
    const rest = length & 15
    if (rest === 0) return
    for (let i = 0; i < rest; i++) y[i >> 2]! ^= bytes[whole + i]! << (24 - 8 * (i & 3))
    this.#multiply()
  }

  /** y = y * H. */
  #multiply(): void {
    const table = this.#table
    const y = this.#y
    let z0 = 0, z1 = 0, z2 = 0, z3 = 0
    for (let w = 0, at = 0; w < 4; w++) {
      const bits = y[w]!
      for (let shift = 28; shift >= 0; shift -= 4, at += 64) {
        const entry = at + 4 * ((bits >>> shift) & 15)
        z0 ^= table[entry]!
        z1 ^= table[entry + 1]!
        z2 ^= table[entry + 2]!
        z3 ^= table[entry + 3]!
      }
    }
    y[0] = z0
    y[1] = z1
    y[2] = z2
    y[3] = z3
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
