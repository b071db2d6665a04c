import { ByteWriter, type Endpoint, type Instant } from '@zt/sansio'

/**
 * Writes pcapng (draft-ietf-opsawg-pcapng), the format of Wireshark: Ethernet frames, bare IP packets, and UDP
 * datagrams, which get an IP and a UDP header of their own. Times are in microseconds.
 */
export class PcapRecorder {
  readonly #writer: ByteWriter
  readonly #limit: number
  readonly #interfaces = new Map<number, number>()
  #skipped = 0

  /** @param limitBytes what comes after that much is counted, not kept. */
  constructor(limitBytes = 64 * 1024 * 1024) {
    this.#limit = limitBytes
    this.#writer = new ByteWriter(64 * 1024, limitBytes + 1024)
    // Section header block: the magic tells readers the byte order, here big-endian; version 1.0; length unknown.
    this.#block(0x0a0d0d0a, 16, () => this.#writer.u32(0x1a2b3c4d).u16(1).u16(0).u32(0xffffffff).u32(0xffffffff))
  }

  /** Records left out because the limit was reached. */
  get skipped(): number {
    return this.#skipped
  }

  /** An Ethernet frame with its 14-byte header. */
  frame(at: Instant, frame: Uint8Array): void {
    this.#packet(at, LINKTYPE_ETHERNET, frame.length, () => this.#writer.put(frame))
  }

  /** A bare IPv4 or IPv6 packet. */
  ipPacket(at: Instant, packet: Uint8Array): void {
    this.#packet(at, LINKTYPE_RAW, packet.length, () => this.#writer.put(packet))
  }

  /** A UDP payload between two endpoints of one family. */
  datagram(at: Instant, from: Endpoint, to: Endpoint, payload: Uint8Array): void {
    const header = from.ip.isV4 ? 20 : 40
    const udpLength = 8 + payload.length
    this.#packet(at, LINKTYPE_RAW, header + udpLength, () => {
      const start = this.#writer.length
      if (from.ip.isV4) {
        this.#writer
          .u16(0x4500)
          .u16(header + udpLength)
          .u32(0)
          .u8(64)
          .u8(UDP)
          .u16(0)
          .put(from.ip.bytes)
          .put(to.ip.bytes)
        this.#writer.setU16(start + 10, headerChecksum(this.#writer.bytes, start))
      } else {
        this.#writer.u32(0x60000000).u16(udpLength).u8(UDP).u8(64).put(from.ip.bytes).put(to.ip.bytes)
      }
      this.#writer.u16(from.port).u16(to.port).u16(udpLength).u16(0).put(payload)
    })
  }

  /** The file so far. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.#writer.finish()
  }

  #packet(at: Instant, linkType: number, length: number, body: () => void): void {
    const padding = -length & 3
    if (this.#writer.length + 64 + length + padding > this.#limit) {
      this.#skipped++
      return
    }
    const micros = BigInt(Math.floor(at * 1000))
    const iface = this.#interface(linkType)
    this.#block(6, 20 + length + padding, () => {
      this.#writer.u32(iface).u64(micros).u32(length).u32(length)
      body()
      this.#writer.zeros(padding)
    })
  }

  #interface(linkType: number): number {
    const known = this.#interfaces.get(linkType)
    if (known !== undefined) return known
    const index = this.#interfaces.size
    this.#interfaces.set(linkType, index)
    this.#block(1, 8, () => this.#writer.u16(linkType).u16(0).u32(0))
    return index
  }

  /** A block: type, total length, body, total length again. */
  #block(type: number, bodyLength: number, body: () => void): void {
    this.#writer.u32(type).u32(12 + bodyLength)
    body()
    this.#writer.u32(12 + bodyLength)
  }
}

const LINKTYPE_ETHERNET = 1
const LINKTYPE_RAW = 101
const UDP = 17

function headerChecksum(bytes: Uint8Array, at: number): number {
  let sum = 0
  for (let i = at; i < at + 20; i += 2) sum += (bytes[i] << 8) | bytes[i + 1]
  sum = (sum & 0xffff) + (sum >>> 16)
  return ~(sum + (sum >>> 16)) & 0xffff
}
