/**
 * Packets built and taken apart byte by byte, for scripts: slow, obvious, and independent of what is tested.
 */
import { IpAddress, type Mac } from '@zt/sansio'

/** RFC 1071, as written there. */
export function slowChecksum(...parts: readonly Uint8Array[]): number {
  const bytes = concat(...parts)
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) {
    sum += bytes[i] * 256 + (i + 1 < bytes.length ? bytes[i + 1] : 0)
    if (sum > 0xffff) sum -= 0xffff
  }
  return 0xffff - sum
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Big-endian bytes of numbers of the given sizes: `be([2, 80], [4, seq])`. */
export function be(...fields: readonly (readonly [size: number, value: number])[]): Uint8Array {
  return Uint8Array.from(
    fields.flatMap(([size, value]) =>
      Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** (size - 1 - i)) & 0xff),
    ),
  )
}

export function ip(text: string): IpAddress {
  return IpAddress.parse(text)
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}

export interface Ipv4Fields {
  readonly src: string
  readonly dst: string
  readonly protocol: number
  readonly payload: Uint8Array
  readonly ttl?: number
  readonly tos?: number
  readonly id?: number
  /** Flags and offset as in the header. */
  readonly fragment?: number
  readonly options?: Uint8Array
  readonly version?: number
  readonly headerWords?: number
  readonly totalLength?: number
}

export function ipv4(fields: Ipv4Fields): Uint8Array {
  const options = fields.options ?? new Uint8Array(0)
  const words = fields.headerWords ?? 5 + options.length / 4
  const total = fields.totalLength ?? 20 + options.length + fields.payload.length
  const header = concat(
    be(
      [1, (fields.version ?? 4) * 16 + words],
      [1, fields.tos ?? 0],
      [2, total],
      [2, fields.id ?? 1],
      [2, fields.fragment ?? 0],
    ),
    be([1, fields.ttl ?? 64], [1, fields.protocol], [2, 0]),
    ip(fields.src).bytes,
    ip(fields.dst).bytes,
    options,
  )
  header.set(be([2, slowChecksum(header)]), 10)
  return concat(header, fields.payload)
}

export interface Ipv6Fields {
  readonly src: string
  readonly dst: string
  readonly next: number
  readonly payload: Uint8Array
  readonly hopLimit?: number
  readonly payloadLength?: number
}

export function ipv6(fields: Ipv6Fields): Uint8Array {
  const { src, dst, next, payload } = fields
  const length = fields.payloadLength ?? payload.length
  return concat(
    be([4, 0x6000_0000], [2, length], [1, next], [1, fields.hopLimit ?? 64]),
    ip6Bytes(src),
    ip6Bytes(dst),
    payload,
  )
}

/** 16 bytes, IPv4-mapped for an IPv4 address. */
export function ip6Bytes(text: string): Uint8Array {
  const address = ip(text)
  return address.isV6 ? address.bytes : concat(new Uint8Array(10), be([2, 0xffff]), address.bytes)
}

function pseudo(src: string, dst: string, protocol: number, length: number): Uint8Array {
  if (ip(src).isV4) return concat(ip(src).bytes, ip(dst).bytes, be([2, protocol], [2, length]))
  return concat(ip(src).bytes, ip(dst).bytes, be([4, length], [4, protocol]))
}

export function udp(
  src: string,
  dst: string,
  from: number,
  to: number,
  payload: Uint8Array,
  checksum?: number,
): Uint8Array {
  const length = 8 + payload.length
  const datagram = concat(be([2, from], [2, to], [2, length], [2, 0]), payload)
  const sum = checksum ?? (slowChecksum(pseudo(src, dst, 17, length), datagram) || 0xffff)
  datagram.set(be([2, sum]), 6)
  return datagram
}

/** A UDP datagram in an IP packet of the family of its addresses. */
export function udpPacket(
  src: string,
  dst: string,
  from: number,
  to: number,
  payload: Uint8Array,
  checksum?: number,
): Uint8Array {
  const datagram = udp(src, dst, from, to, payload, checksum)
  return ip(src).isV4
    ? ipv4({ src, dst, protocol: 17, payload: datagram })
    : ipv6({ src, dst, next: 17, payload: datagram })
}

export function icmpv4(type: number, code: number, rest: number, body: Uint8Array): Uint8Array {
  const message = concat(be([1, type], [1, code], [2, 0], [4, rest]), body)
  message.set(be([2, slowChecksum(message)]), 2)
  return message
}

export function icmpv6(
  src: string,
  dst: string,
  type: number,
  code: number,
  rest: number,
  body: Uint8Array,
): Uint8Array {
  const message = concat(be([1, type], [1, code], [2, 0], [4, rest]), body)
  message.set(be([2, slowChecksum(pseudo(src, dst, 58, message.length), message)]), 2)
  return message
}

export function macBytes(mac: Mac): Uint8Array {
  return be([6, mac])
}

export function arp(operation: number, senderMac: Mac, sender: string, targetMac: Mac, target: string): Uint8Array {
  return concat(
    be([2, 1], [2, 0x800], [1, 6], [1, 4], [2, operation]),
    macBytes(senderMac),
    ip(sender).bytes,
    macBytes(targetMac),
    ip(target).bytes,
  )
}

/** What a packet says, for assertions. Throws if a checksum or a length in it is wrong. */
export interface Decoded {
  readonly version: 4 | 6
  readonly src: string
  readonly dst: string
  readonly protocol: number
  readonly hopLimit: number
  readonly id: number
  readonly dontFragment: boolean
  readonly moreFragments: boolean
  readonly fragmentOffset: number
  readonly payload: Uint8Array
}

export function decode(packet: Uint8Array): Decoded {
  return packet[0] >> 4 === 4 ? decodeV4(packet) : decodeV6(packet)
}

function decodeV4(packet: Uint8Array): Decoded {
  const header = (packet[0] & 15) * 4
  if (slowChecksum(packet.subarray(0, header)) !== 0) throw new Error('bad IPv4 header checksum')
  const total = packet[2] * 256 + packet[3]
  if (total !== packet.length) throw new Error(`total length ${total} of ${packet.length} bytes`)
  const fragment = packet[6] * 256 + packet[7]
  const decoded: Decoded = {
    version: 4,
    src: IpAddress.of(packet.subarray(12, 16))!.toString(),
    dst: IpAddress.of(packet.subarray(16, 20))!.toString(),
    protocol: packet[9],
    hopLimit: packet[8],
    id: packet[4] * 256 + packet[5],
    dontFragment: (fragment & 0x4000) !== 0,
    moreFragments: (fragment & 0x2000) !== 0,
    fragmentOffset: (fragment & 0x1fff) * 8,
    payload: packet.subarray(header),
  }
  if ((fragment & 0x3fff) === 0) checkTransport(decoded)
  return decoded
}

function decodeV6(packet: Uint8Array): Decoded {
  if (packet[4] * 256 + packet[5] !== packet.length - 40) throw new Error('bad IPv6 payload length')
  const isFragment = packet[6] === 44
  const field = isFragment ? packet[42] * 256 + packet[43] : 0
  const decoded: Decoded = {
    version: 6,
    src: IpAddress.of(packet.subarray(8, 24))!.toString(),
    dst: IpAddress.of(packet.subarray(24, 40))!.toString(),
    protocol: isFragment ? packet[40] : packet[6],
    hopLimit: packet[7],
    id: isFragment ? ((packet[44] << 24) | (packet[45] << 16) | (packet[46] << 8) | packet[47]) >>> 0 : 0,
    dontFragment: !isFragment,
    moreFragments: (field & 1) !== 0,
    fragmentOffset: field & 0xfff8,
    payload: packet.subarray(isFragment ? 48 : 40),
  }
  if (!isFragment) checkTransport(decoded)
  return decoded
}

/** Fails on a wrong checksum of ICMP or UDP. */
export function checkTransport({ src, dst, protocol, payload }: Decoded): void {
  const isPlain = protocol === 1
  if (!isPlain && protocol !== 17 && protocol !== 58) return
  if (slowChecksum(isPlain ? new Uint8Array(0) : pseudo(src, dst, protocol, payload.length), payload) !== 0) {
    throw new Error(`bad checksum of protocol ${protocol}`)
  }
}
