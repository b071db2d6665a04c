/**
 * A big-endian cursor over borrowed bytes. Reading past the end returns zero (or empty bytes) and makes the reader
 * faulty for good, so a decoder reads all its fields and asks `ok` once at the end. It never throws.
 */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #end: number
  #at: number
  #ok = true

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.#bytes = bytes
    this.#at = offset
    this.#end = Math.min(end, bytes.length)
    if (offset > this.#end) this.#ok = false
  }

  /** False once anything was read past the end. */
  get ok(): boolean {
    return this.#ok
  }

  /** Offset in the underlying bytes of the next byte to read. */
  get offset(): number {
    return this.#at
  }

  /** Bytes left; 0 once faulty. */
  get remaining(): number {
    return this.#ok ? this.#end - this.#at : 0
  }

  /** Make the reader faulty: what was read so far is not acceptable. */
  fail(): void {
    this.#ok = false
  }

  #claim(n: number): number {
    if (!this.#ok || n < 0 || this.#at + n > this.#end) {
      this.#ok = false
      return -1
    }
    const at = this.#at
    this.#at += n
    return at
  }

  u8(): number {
    const at = this.#claim(1)
    return at < 0 ? 0 : this.#bytes[at]!
  }

  u16(): number {
    const at = this.#claim(2)
    return at < 0 ? 0 : (this.#bytes[at]! << 8) | this.#bytes[at + 1]!
  }

  u32(): number {
    const at = this.#claim(4)
    return at < 0 ? 0 : this.#u32at(at)
  }

  /** 40 bits: a ZeroTier address. */
  u40(): number {
    const at = this.#claim(5)
    return at < 0 ? 0 : this.#bytes[at]! * 0x1_0000_0000 + this.#u32at(at + 1)
  }

  /** 48 bits: a MAC address. */
  u48(): number {
    const at = this.#claim(6)
    return at < 0 ? 0 : ((this.#bytes[at]! << 8) | this.#bytes[at + 1]!) * 0x1_0000_0000 + this.#u32at(at + 2)
  }

  u64(): bigint {
    const at = this.#claim(8)
    return at < 0 ? 0n : (BigInt(this.#u32at(at)) << 32n) | BigInt(this.#u32at(at + 4))
  }

  /** 64 bits as a double: exact below 2^53, which holds for every timestamp. */
  time(): number {
    const at = this.#claim(8)
    return at < 0 ? 0 : this.#u32at(at) * 0x1_0000_0000 + this.#u32at(at + 4)
  }

  /** The next `n` bytes, as a view (borrowed like the whole). Empty when faulty. */
  take(n: number): Uint8Array {
    const at = this.#claim(n)
    return at < 0 ? this.#bytes.subarray(0, 0) : this.#bytes.subarray(at, at + n)
  }

  /** The next `n` bytes, copied. */
  copy(n: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.take(n))
  }

  /** Everything that is left, as a view. */
  rest(): Uint8Array {
    return this.take(this.remaining)
  }

  skip(n: number): void {
    this.#claim(n)
  }

  /** A reader confined to the next `n` bytes, which this one skips. */
  sub(n: number): ByteReader {
    const at = this.#claim(n)
    if (at >= 0) return new ByteReader(this.#bytes, at, at + n)
    const faulty = new ByteReader(this.#bytes, 0, 0)
    faulty.fail()
    return faulty
  }

  #u32at(at: number): number {
    const b = this.#bytes
    return ((b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!) >>> 0
  }
}
