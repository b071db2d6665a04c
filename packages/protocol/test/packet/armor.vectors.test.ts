import { AesGmacSiv, SessionKeys, createSalsaPoly, portableAes } from '@zt/crypto'
import { formatHex } from '@zt/sansio'
import { describe, expect, it } from 'vitest'
import {
  Armor,
  FLAG_ENCRYPTED,
  MAX_PACKET_LENGTH,
  PACKET_FLAGS,
  PACKET_HEADER,
  PACKET_ID,
  PACKET_MAC,
  PACKET_VERB,
  PacketCompression,
  cipherOf,
  destinationOf,
  formatAddress,
  hopsOf,
  incrementHops,
  isCompressed,
  isFragmented,
  markTrustedPath,
  maskHelloTail,
  packetIdHigh,
  packetIdLow,
  packetIdOf,
  sourceOf,
  trustedPathOf,
  verbOf,
} from '../../src/index.js'
import { VectorFile, hex } from '../vector-file.js'

const file = new VectorFile('packet-armor.json')
const armor = new Armor(createSalsaPoly())
const compression = new PacketCompression()

/** The packet somewhere in the middle of other bytes, which nothing may touch. */
function embed(text: string, room = 0): { readonly bytes: Uint8Array; readonly at: number; readonly length: number } {
  const packet = hex(text)
  const bytes = new Uint8Array(7 + Math.max(packet.length, room) + 5).fill(0xa5)
  bytes.set(packet, 7)
  return { bytes, at: 7, length: packet.length }
}

function expectPacket(bytes: Uint8Array, at: number, length: number, expected: string, why?: string): void {
  expect(formatHex(bytes.subarray(at, at + length)), why).toBe(expected)
  expect(formatHex(bytes.subarray(0, 7)) + formatHex(bytes.subarray(bytes.length - 5)), why).toBe('a5'.repeat(12))
}

describe('packet-armor.json', () => {
  interface HeaderCase {
    readonly packet: string
    readonly packetId: string
    readonly destination: string
    readonly source: string
    readonly cipher: number
    readonly hops: number
    readonly fragmented: boolean
    readonly flag80: boolean
    readonly isEncrypted: boolean
    readonly mac: string
    readonly verb: number
    readonly compressed: boolean
    readonly incrementHopsFlags: number
  }
  it('header fields', () => {
    for (const c of file.cases<HeaderCase>('header')) {
      const { bytes, at, length } = embed(c.packet)
      expect(packetIdOf(bytes, at)).toBe(BigInt(c.packetId))
      expect(BigInt(packetIdHigh(bytes, at)) * 2n ** 32n + BigInt(packetIdLow(bytes, at))).toBe(BigInt(c.packetId))
      expect(formatAddress(destinationOf(bytes, at))).toBe(c.destination)
      expect(formatAddress(sourceOf(bytes, at))).toBe(c.source)
      expect(cipherOf(bytes, at)).toBe(c.cipher)
      expect(hopsOf(bytes, at)).toBe(c.hops)
      expect(isFragmented(bytes, at)).toBe(c.fragmented)
      expect((bytes[at + PACKET_FLAGS] & FLAG_ENCRYPTED) !== 0).toBe(c.flag80)
      expect(formatHex(bytes.subarray(at + PACKET_MAC, at + PACKET_VERB))).toBe(c.mac)
      expect(verbOf(bytes, at)).toBe(c.verb)
      expect(isCompressed(bytes, at)).toBe(c.compressed)
      incrementHops(bytes, at)
      expect(bytes[at + PACKET_FLAGS]).toBe(c.incrementHopsFlags)
      bytes[at + PACKET_FLAGS] = hex(c.packet)[PACKET_FLAGS]
      expectPacket(bytes, at, length, c.packet)
    }
  })

  interface ArmorCase {
    readonly cipher: 0 | 1 | 3
    readonly key: string
    readonly plain: string
    readonly armored: string
  }
  it('armor, and back', () => {
    for (const c of file.cases<ArmorCase>('armor')) {
      const keys = new SessionKeys(hex(c.key))
      const { bytes, at, length } = embed(c.plain)
      armor.armor(bytes, at, length, c.cipher, keys)
      expectPacket(bytes, at, length, c.armored)
      expect(armor.dearmor(bytes, at, length, keys)).toBe(true)
      expect(formatHex(bytes.subarray(at + PACKET_VERB, at + length))).toBe(c.plain.slice(2 * PACKET_VERB))
      expect(formatHex(bytes.subarray(at, at + PACKET_VERB))).toBe(c.armored.slice(0, 2 * PACKET_VERB))
    }
  })

  interface DearmorCase {
    readonly why: string
    readonly key: string
    readonly packet: string
    readonly ok: boolean
    readonly plain: string
  }
  it('dearmor accepts and refuses; what is refused stays as it was', () => {
    for (const c of file.cases<DearmorCase>('dearmor')) {
      const { bytes, at, length } = embed(c.packet)
      expect(armor.dearmor(bytes, at, length, new SessionKeys(hex(c.key))), c.why).toBe(c.ok)
      expectPacket(bytes, at, length, c.ok ? c.plain : c.packet, c.why)
    }
  })

  interface TrustedCase {
    readonly plain: string
    readonly trustedPathId: string
    readonly packet: string
    readonly dearmorOk: boolean
  }
  it('trusted paths', () => {
    for (const c of file.cases<TrustedCase>('trusted')) {
      const { bytes, at, length } = embed(c.plain)
      markTrustedPath(bytes, at, BigInt(c.trustedPathId))
      expectPacket(bytes, at, length, c.packet)
      expect(trustedPathOf(bytes, at)).toBe(BigInt(c.trustedPathId))
      expect(armor.dearmor(bytes, at, length, new SessionKeys(new Uint8Array(48)))).toBe(c.dearmorOk)
    }
  })

  interface CryptFieldCase {
    readonly key: string
    readonly plain: string
    readonly start: number
    readonly length: number
    readonly packet: string
  }
  it('the masked end of HELLO', () => {
    for (const c of file.cases<CryptFieldCase>('crypt-field')) {
      const keys = new SessionKeys(hex(c.key))
      const { bytes, at, length } = embed(c.plain)
      maskHelloTail(bytes, at, at + c.start, at + c.start + c.length, keys)
      expectPacket(bytes, at, length, c.packet)
      maskHelloTail(bytes, at, at + c.start, at + c.start + c.length, keys)
      expectPacket(bytes, at, length, c.plain)
    }
  })

  interface CompressCase {
    readonly plain: string
    readonly compressed: boolean
    readonly packet: string
  }
  it('compression: theirs and ours give the packet back', () => {
    for (const c of file.cases<CompressCase>('compress')) {
      const theirs = embed(c.packet, MAX_PACKET_LENGTH)
      expect(isCompressed(theirs.bytes, theirs.at)).toBe(c.compressed)
      const plain = embed(c.plain, MAX_PACKET_LENGTH)
      expect(compression.decompress(theirs.bytes, theirs.at, theirs.length)).toBe(plain.length)
      expectPacket(theirs.bytes, theirs.at, plain.length, c.plain)

      const { bytes, at, length } = embed(c.plain, MAX_PACKET_LENGTH)
      const compressed = compression.compress(bytes, at, length)
      expect(isCompressed(bytes, at)).toBe(compressed < length)
      if (length - PACKET_HEADER <= 64) expect(compressed).toBe(length)
      expect(compression.decompress(bytes, at, compressed)).toBe(length)
      expect(formatHex(bytes.subarray(at, at + length))).toBe(c.plain)
    }
  })

  interface UncompressCase {
    readonly why: string
    readonly packet: string
    readonly quirk: boolean
    readonly ok: boolean
    readonly plain: string
  }
  it('decompression of malformed and extreme payloads', () => {
    for (const c of file.cases<UncompressCase>('uncompress')) {
      const { bytes, at, length } = embed(c.packet, MAX_PACKET_LENGTH)
      const plain = compression.decompress(bytes, at, length)
      // Quirks are offset 0 and the rules about a block's end, where a decoder may decide either way.
      if (c.quirk) {
        expect(plain, c.why).toBeLessThanOrEqual(MAX_PACKET_LENGTH)
        continue
      }
      expect(plain, c.why).toBe(c.ok ? c.plain.length / 2 : -1)
      if (c.ok) expectPacket(bytes, at, plain, c.plain, c.why)
    }
  })

  interface GmacSivCase {
    readonly k0: string
    readonly k1: string
    readonly iv: string
    readonly aad: string
    readonly plaintext: string
    readonly ciphertext: string
    readonly tag: string
    readonly ok: boolean
  }
  it('AES-GMAC-SIV by itself', () => {
    const siv = new AesGmacSiv()
    for (const c of [...file.cases<GmacSivCase>('gmac-siv'), ...file.cases<GmacSivCase>('gmac-siv-open')]) {
      const keys = { k0: portableAes.importKey(hex(c.k0)), k1: portableAes.importKey(hex(c.k1)) }
      const length = c.ciphertext.length / 2
      const sealed = hex(c.tag.slice(0, 16) + c.ciphertext + c.tag.slice(16))
      expect(siv.open(keys, hex(c.aad), sealed, PACKET_ID, 8, length, 8 + length)).toBe(c.ok ?? true)
      if (c.ok !== false) expect(formatHex(sealed.subarray(8, 8 + length))).toBe(c.plaintext)
      if (c.ok !== undefined) continue
      const bytes = hex(c.iv + c.plaintext + '00'.repeat(8))
      siv.seal(keys, hex(c.aad), bytes, 0, 8, length, 8 + length)
      expect(formatHex(bytes)).toBe(c.tag.slice(0, 16) + c.ciphertext + c.tag.slice(16))
    }
  })
})
