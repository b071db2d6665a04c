import { ZtError } from '../errors.js'

/**
 * An IPv4 or IPv6 address: an immutable value with one canonical text (RFC 5952), which serves as a map key. An
 * IPv4-mapped IPv6 address is its IPv4 address, so that one host has one key.
 */
export class IpAddress {
  readonly family: 4 | 6
  /** 4 or 16 bytes. Do not change them. */
  readonly bytes: Uint8Array
  #text: string | undefined

  private constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.family = bytes.length === 4 ? 4 : 6
  }

  /** The address in these 4 or 16 bytes (copied), or `undefined` for any other length. */
  static of(bytes: Uint8Array): IpAddress | undefined {
    if (bytes.length === 4) return new IpAddress(bytes.slice())
    if (bytes.length !== 16) return undefined
    return new IpAddress(isMapped(bytes) ? bytes.slice(12) : bytes.slice())
  }

  /** The IPv4 address with this unsigned 32-bit value. */
  static v4(value: number): IpAddress {
    return new IpAddress(Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value))
  }

  /** @throws ZT_ARG_INVALID unless the text is an IPv4 or IPv6 address (no zone, no prefix length). */
  static parse(text: string): IpAddress {
    const address = IpAddress.tryParse(text)
    if (!address) throw new ZtError('ZT_ARG_INVALID', `expected an IP address, got ${JSON.stringify(text)}`)
    return address
  }

  static tryParse(text: string): IpAddress | undefined {
    const bytes = text.includes(':') ? parseV6(text) : parseV4(text)
    return bytes && IpAddress.of(bytes)
  }

  get isV4(): boolean {
    return this.family === 4
  }

  get isV6(): boolean {
    return this.family === 6
  }

  /** All zeroes: `0.0.0.0` or `::`. */
  get isUnspecified(): boolean {
    return this.bytes.every((byte) => byte === 0)
  }

  get isLoopback(): boolean {
    if (this.family === 4) return this.bytes[0] === 127
    return this.bytes[15] === 1 && this.bytes.subarray(0, 15).every((byte) => byte === 0)
  }

  get isMulticast(): boolean {
    return this.family === 4 ? (this.bytes[0]! & 0xf0) === 0xe0 : this.bytes[0] === 0xff
  }

  get isLinkLocal(): boolean {
    const [a, b] = this.bytes as unknown as [number, number]
    return this.family === 4 ? a === 169 && b === 254 : a === 0xfe && (b & 0xc0) === 0x80
  }

  /** The unsigned 32-bit value of an IPv4 address. */
  get u32(): number {
    const b = this.bytes
    return ((b[0]! << 24) | (b[1]! << 16) | (b[2]! << 8) | b[3]!) >>> 0
  }

  equals(other: IpAddress): boolean {
    return this === other || this.toString() === other.toString()
  }

  /** Do the first `bits` bits agree? Addresses of different families never match. */
  matches(other: IpAddress, bits: number): boolean {
    if (this.family !== other.family) return false
    const whole = bits >> 3
    for (let i = 0; i < whole; i++) if (this.bytes[i] !== other.bytes[i]) return false
    const rest = bits & 7
    return rest === 0 || (this.bytes[whole]! ^ other.bytes[whole]!) >> (8 - rest) === 0
  }

  /** Canonical text, computed once. Equal addresses have equal text. */
  toString(): string {
    return (this.#text ??= this.family === 4 ? this.bytes.join('.') : formatV6(this.bytes))
  }

  toJSON(): string {
    return this.toString()
  }
}

function isMapped(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false
  return bytes[10] === 0xff && bytes[11] === 0xff
}

function parseV4(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256))
    return undefined
  return Uint8Array.from(parts, Number)
}

function parseV6(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  // Only what ends the text may be written as IPv4 (RFC 4291 section 2.2).
  const parsed = halves.map((half, i) => parseGroups(half, i === halves.length - 1))
  const [head, tail] = parsed as [number[] | undefined, number[] | undefined]
  if (!head || (halves.length === 2 && !tail)) return undefined
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...head, ...new Array<number>(missing).fill(0), ...(tail ?? [])]
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
}

function parseGroups(text: string, mayEndInV4: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [i, part] of parts.entries()) {
    if (mayEndInV4 && i === parts.length - 1 && part.includes('.')) {
      const v4 = parseV4(part)
      if (!v4) return undefined
      groups.push((v4[0]! << 8) | v4[1]!, (v4[2]! << 8) | v4[3]!)
    } else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}

function formatV6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! << 8) | bytes[2 * i + 1]!)
  let start = -1
  let length = 1 // a single zero group is not shortened (RFC 5952 section 4.2.2)
  for (let i = 0; i < 8; i++) {
    let j = i
    while (j < 8 && groups[j] === 0) j++
    if (j - i > length) [start, length] = [i, j - i]
    if (j > i) i = j
  }
  const hex = groups.map((group) => group.toString(16))
  if (start < 0) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}
