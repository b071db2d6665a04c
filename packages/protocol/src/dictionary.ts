import { ByteWriter, fromLatin1, latin1 } from '@zt/sansio'
import type { Address } from './address.js'
import { decodeUtf8, encodeUtf8 } from './utf8.js'

const LF = 0x0a
const CR = 0x0d
const EQUALS = 0x3d
const BACKSLASH = 0x5c
const U64_MAX = 0xffff_ffff_ffff_ffffn
const I64_MAX = 0x7fff_ffff_ffff_ffffn

/** Byte to the character that stands for it behind a backslash, and back. */
const escapes = new Map([
  [0x00, 0x30],
  [CR, 0x72],
  [LF, 0x6e],
  [BACKSLASH, BACKSLASH],
  [EQUALS, 0x65],
])
const unescapes = new Map([...escapes].map(([byte, letter]) => [letter, byte]))

/**
 * `key=value` lines: the text format of network configs, of what nodes say about themselves, and of small files.
 *
 *     lines are separated by LF (readers take CR too); a line without `=` says nothing; of equal keys the first counts
 *     values are binary: 00 CR LF \ and = are written \0 \r \n \\ and \e
 *     numbers are hexadecimal: 16 digits when written, any number when read; booleans are 1 and 0
 *
 * Numbers are read as C's strtoull does: up to the first foreign character, and saturating. Source:
 * `node/Dictionary.hpp`.
 */
export class Dictionary {
  readonly #values = new Map<string, Uint8Array>()
  readonly #limit: number
  #length = 0

  /** @param limit the most bytes the encoded form may take */
  constructor(limit = Number.MAX_SAFE_INTEGER) {
    this.#limit = limit
  }

  /** Reads up to the first zero byte. Any bytes are a dictionary, perhaps an empty one. Values are copied. */
  static decode(bytes: Uint8Array): Dictionary {
    const dictionary = new Dictionary()
    const zero = bytes.indexOf(0)
    const end = zero < 0 ? bytes.length : zero
    for (let at = 0; at < end;) {
      let stop = at
      let equals = -1
      for (; stop < end && bytes[stop] !== LF && bytes[stop] !== CR; stop++) {
        if (equals < 0 && bytes[stop] === EQUALS) equals = stop
      }
      if (equals >= 0) {
        const key = latin1(bytes.subarray(at, equals))
        if (!dictionary.has(key)) dictionary.set(key, unescape(bytes, equals + 1, stop))
      }
      at = stop + 1
    }
    return dictionary
  }

  /** Lines in the order in which their keys were set first; no zero byte at the end. */
  encode(): Uint8Array<ArrayBuffer> {
    const w = new ByteWriter(this.#length, this.#length)
    for (const [key, value] of this.#values) {
      if (w.length > 0) w.u8(LF)
      w.put(fromLatin1(key)).u8(EQUALS)
      escape(w, value)
    }
    return w.finish()
  }

  /** Bytes of the encoded form. */
  get length(): number {
    return this.#length
  }

  keys(): IterableIterator<string> {
    return this.#values.keys()
  }

  has(key: string): boolean {
    return this.#values.has(key)
  }

  get(key: string): Uint8Array | undefined {
    return this.#values.get(key)
  }

  /** UTF-8. */
  text(key: string): string | undefined {
    const value = this.#values.get(key)
    return value && decodeUtf8(value)
  }

  /** `fallback` if there is no such key; 0 if the value is not a number. A minus sign negates modulo 2^64. */
  u64(key: string, fallback = 0n): bigint {
    const number = this.#number(key)
    if (!number) return fallback
    if (number.magnitude > U64_MAX) return U64_MAX
    return number.negative ? BigInt.asUintN(64, -number.magnitude) : number.magnitude
  }

  i64(key: string, fallback = 0n): bigint {
    const number = this.#number(key)
    if (!number) return fallback
    const { magnitude, negative } = number
    if (negative) return magnitude > I64_MAX ? -I64_MAX - 1n : -magnitude
    return magnitude > I64_MAX ? I64_MAX : magnitude
  }

  /** `u64` as a double: exact below 2^53. */
  number(key: string, fallback = 0): number {
    return this.has(key) ? Number(this.u64(key)) : fallback
  }

  /** The low 40 bits of `u64`. */
  address(key: string): Address {
    return Number(this.u64(key) & 0xff_ffff_ffffn)
  }

  /** Begins with `1`, `t` or `T`. */
  bool(key: string, fallback = false): boolean {
    const first = this.#values.get(key)?.[0]
    return first === undefined ? fallback : first === 0x31 || first === 0x74 || first === 0x54
  }

  /** False, and nothing is changed, if that would exceed the limit. The value is kept, not copied. */
  set(key: string, value: Uint8Array): boolean {
    const old = this.#values.get(key)
    const separator = this.#values.size > (old ? 1 : 0) ? 1 : 0
    const before = old ? separator + key.length + 1 + escapedLength(old) : 0
    const length = this.#length - before + separator + key.length + 1 + escapedLength(value)
    if (length > this.#limit) return false
    this.#values.set(key, value)
    this.#length = length
    return true
  }

  setText(key: string, value: string): boolean {
    return this.set(key, encodeUtf8(value))
  }

  setU64(key: string, value: bigint | number): boolean {
    return this.set(key, fromLatin1(BigInt(value).toString(16).padStart(16, '0')))
  }

  setI64(key: string, value: bigint | number): boolean {
    const signed = BigInt(value)
    const digits = (signed < 0n ? -signed : signed).toString(16).padStart(16, '0')
    return this.set(key, fromLatin1(signed < 0n ? `-${digits}` : digits))
  }

  /** Ten digits. */
  setAddress(key: string, value: Address): boolean {
    return this.set(key, fromLatin1(value.toString(16).padStart(10, '0')))
  }

  setBool(key: string, value: boolean): boolean {
    return this.set(key, fromLatin1(value ? '1' : '0'))
  }

  #number(key: string): { readonly magnitude: bigint; readonly negative: boolean } | undefined {
    const value = this.#values.get(key)
    if (!value) return undefined
    // 64 digits are plenty: past 16 significant ones the result saturates.
    const [, sign, digits] = /^\s*([+-]?)(?:0x(?=[0-9a-f]))?0*([0-9a-f]*)/i.exec(latin1(value.subarray(0, 64)))!
    return { magnitude: BigInt(`0x0${digits}`), negative: sign === '-' }
  }
}

function unescape(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const value = new Uint8Array(to - from)
  let length = 0
  for (let at = from; at < to; at++) {
    const byte = bytes[at]
    if (byte !== BACKSLASH) value[length++] = byte
    else if (++at < to) value[length++] = unescapes.get(bytes[at]) ?? bytes[at]
  }
  return length === value.length ? value : value.slice(0, length)
}

function escape(w: ByteWriter, value: Uint8Array): void {
  for (const byte of value) {
    const letter = escapes.get(byte)
    if (letter === undefined) w.u8(byte)
    else w.u8(BACKSLASH).u8(letter)
  }
}

function escapedLength(value: Uint8Array): number {
  let length = value.length
  for (const byte of value) if (escapes.has(byte)) length++
  return length
}
