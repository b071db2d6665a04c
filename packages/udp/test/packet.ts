/** UDP in IP packets, built byte by byte. */
import { IpAddress } from '@zt/sansio'

const be = (...fields: readonly (readonly [size: number, value: number])[]): number[] =>
  fields.flatMap(([size, value]) =>
    Array.from({ length: size }, (_, i) => Math.floor(value / 256 ** (size - 1 - i)) & 0xff),
  )

function slowChecksum(bytes: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += bytes[i] * 256 + (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000)
  return 0xffff - sum
}

function withChecksum(bytes: readonly number[], at: number, sum: number): number[] {
  return [...bytes.slice(0, at), ...be([2, sum]), ...bytes.slice(at + 2)]
}

function ipv4(src: IpAddress, dst: IpAddress, protocol: number, payload: readonly number[]): number[] {
  const header = [
    ...be([2, 0x4500], [2, 20 + payload.length], [4, 0x0001_0000], [1, 64], [1, protocol], [2, 0]),
    ...src.bytes,
    ...dst.bytes,
  ]
  return [...withChecksum(header, 10, slowChecksum(header)), ...payload]
}

interface Lies {
  readonly checksum?: number
  readonly length?: number
}

/** A UDP datagram in an IP packet, with a checksum that is right unless told otherwise. */
export function udpPacket(
  from: string,
  to: string,
  fromPort: number,
  toPort: number,
  payload: Uint8Array,
  lies: Lies = {},
): Uint8Array {
  const [src, dst] = [IpAddress.parse(from), IpAddress.parse(to)]
  const length = lies.length ?? 8 + payload.length
  const datagram = [...be([2, fromPort], [2, toPort], [2, length], [2, 0]), ...payload]
  const pseudo = [...src.bytes, ...dst.bytes, ...be([2, 17], [2, length])]
  const sum = lies.checksum ?? (slowChecksum([...pseudo, ...datagram.slice(0, length)]) || 0xffff)
  const whole = withChecksum(datagram, 6, sum)
  if (src.isV4) return Uint8Array.from(ipv4(src, dst, 17, whole))
  return Uint8Array.from([
    ...be([4, 0x6000_0000], [2, whole.length], [1, 17], [1, 64]),
    ...src.bytes,
    ...dst.bytes,
    ...whole,
  ])
}

/** "Fragmentation needed" about a packet of which this is the beginning. */
udpPacket.tooBig = (from: string, to: string, quote: Uint8Array, mtu: number): Uint8Array => {
  const message = [...be([1, 3], [1, 4], [2, 0], [4, mtu]), ...quote]
  return Uint8Array.from(
    ipv4(IpAddress.parse(from), IpAddress.parse(to), 1, withChecksum(message, 2, slowChecksum(message))),
  )
}
