import { ZtError } from '../errors.js'

/** A big-endian appender that grows up to a limit. @throws ZT_TOO_LARGE past the limit: the caller's mistake. */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>
  #length = 0
  readonly #limit: number

  constructor(capacity = 256, limit = 1 << 24) {
    this.#bytes = new Uint8Array(Math.min(capacity, limit))
    this.#limit = limit
  }

  /** Bytes written so far; also the offset of the next one. */
  get length(): number {
    return this.#length
  }

  /** What was written, as a view into the writer's buffer: valid until the next write. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length)
  }

  /** What was written, copied. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length)
  }

  #claim(n: number): number {
    const at = this.#length
    const need = at + n
    if (need > this.#limit) throw new ZtError('ZT_TOO_LARGE', `cannot write ${need} bytes, the limit is ${this.#limit}`)
    if (need > this.#bytes.length) {
      const grown = new Uint8Array(Math.min(this.#limit, Math.max(need, this.#bytes.length * 2)))
      grown.set(this.#bytes.subarray(0, at))
      this.#bytes = grown
    }
    this.#length = need
    return at
  }

  u8(value: number): this {
    const at = this.#claim(1) // may replace the buffer
    this.#bytes[at] = value
    return this
  }

  u16(value: number): this {
    const at = this.#claim(2)
    this.setU16(at, value)
    return this
  }

  u32(value: number): this {
    this.#setU32(this.#claim(4), value)
    return this
  }

  u40(value: number): this {
    const at = this.#claim(5)
    this.#bytes[at] = value / 0x1_0000_0000
    this.#setU32(at + 1, value % 0x1_0000_0000)
    return this
  }

  u48(value: number): this {
    const at = this.#claim(6)
    this.setU16(at, Math.floor(value / 0x1_0000_0000))
    this.#setU32(at + 2, value % 0x1_0000_0000)
    return this
  }

  u64(value: bigint): this {
    const at = this.#claim(8)
    this.#setU32(at, Number((value >> 32n) & 0xffff_ffffn))
    this.#setU32(at + 4, Number(value & 0xffff_ffffn))
    return this
  }

  /** A non-negative integer below 2^53 as 64 bits: timestamps. Fractions are cut off. */
  time(value: number): this {
    const at = this.#claim(8)
    this.#setU32(at, Math.floor(value / 0x1_0000_0000))
    this.#setU32(at + 4, Math.floor(value) % 0x1_0000_0000)
    return this
  }

  put(bytes: Uint8Array): this {
    const at = this.#claim(bytes.length)
    this.#bytes.set(bytes, at)
    return this
  }

  zeros(n: number): this {
    const at = this.#claim(n)
    this.#bytes.fill(0, at, at + n)
    return this
  }

  /** Write a 16-bit value over bytes already written: for lengths known only afterwards. */
  setU16(at: number, value: number): void {
    this.#bytes[at] = value >>> 8
    this.#bytes[at + 1] = value
  }

  #setU32(at: number, value: number): void {
    const b = this.#bytes
    b[at] = value >>> 24
    b[at + 1] = value >>> 16
    b[at + 2] = value >>> 8
    b[at + 3] = value
  }
}
