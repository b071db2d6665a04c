/**
 * One Ethernet frame as the matchers see it: borrowed bytes, and what of its IP headers was needed so far. One instance
 * is filled anew for each frame; nothing is allocated.
 */
import type { Mac } from '@zt/sansio'

const ETHERTYPE_IPV4 = 0x0800
const ETHERTYPE_IPV6 = 0x86dd
const NO_BYTES = new Uint8Array(0)

/** IPv6 extension headers that are stepped over: hop-by-hop, routing, destination options, mobility. */
function isSkipped(header: number): boolean {
  return header === 0 || header === 43 || header === 60 || header === 135
}

/** A frame being filtered. Valid from `set` until the bytes given to it change. */
export class FilterFrame {
  bytes: Uint8Array = NO_BYTES
  /** Where the payload begins, behind the Ethernet header. */
  offset = 0
  /** Payload length, in bytes. */
  length = 0
  etherType = 0
  vlan = 0
  source: Mac = 0
  destination: Mac = 0
  /** 4 or 6 if the payload has a whole basic IP header of that version, else 0. */
  family: 0 | 4 | 6 = 0
  private located = false
  private upperAt = -1
  private upperProtocol = -1

  set(
    source: Mac,
    destination: Mac,
    etherType: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    vlan = 0,
  ): this {
    this.source = source
    this.destination = destination
    this.etherType = etherType
    this.bytes = bytes
    this.offset = offset
    this.length = length
    this.vlan = vlan
    this.family =
      etherType === ETHERTYPE_IPV4 && length >= 20 ? 4 : etherType === ETHERTYPE_IPV6 && length >= 40 ? 6 : 0
    this.located = false
    return this
  }

  /** Byte `at` of the payload; zero past its end. */
  byte(at: number): number {
    return at < this.length ? this.bytes[this.offset + at]! : 0
  }

  /** The upper-layer protocol number, or -1: not IP, or a chain of extension headers that cannot be followed. */
  get protocol(): number {
    if (!this.located) this.locate()
    return this.upperProtocol
  }

  /**
   * Where in the payload the upper-layer header begins; it may lie at or past the end. Meaningless if `protocol` is -1.
   * Fragment offsets are not looked at, as in ZeroTierOne.
   */
  get upper(): number {
    if (!this.located) this.locate()
    return this.upperAt
  }

  private locate(): void {
    this.located = true
    this.upperProtocol = -1
    if (this.family === 4) {
      this.upperProtocol = this.byte(9)
      this.upperAt = 4 * (this.byte(0) & 0x0f)
    } else if (this.family === 6) {
      let next = this.byte(6)
      let at = 40
      while (isSkipped(next)) {
        if (at + 8 > this.length) return
        next = this.byte(at)
        at += 8 * this.byte(at + 1) + 8
      }
      if (at > this.length) return
      this.upperProtocol = next
      this.upperAt = at
    }
  }
}
