import { SessionKeys, createSalsaPoly } from '@zt/crypto'
import { formatHex } from '@zt/sansio'
import { SeededRandom } from '@zt/testkit'
import { describe, expect, it } from 'vitest'
import {
  Armor,
  Cipher,
  MAX_PACKET_LENGTH,
  MIN_PACKET_LENGTH,
  PACKET_FLAGS,
  PACKET_HEADER,
  PACKET_VERB,
  PacketIds,
  Verb,
  cipherOf,
  destinationOf,
  hopsOf,
  incrementHops,
  isFragmented,
  packetIdOf,
  setFragmented,
  sourceOf,
  verbOf,
  writeHeader,
} from '../../src/index.js'

const armor = new Armor(createSalsaPoly())
const ciphers = [Cipher.None, Cipher.Salsa, Cipher.AesGmacSiv] as const

function packet(random: SeededRandom, length: number): Uint8Array {
  const bytes = random.bytes(length)
  writeHeader(bytes, 0, 0xbc95d77f19, 0x08ff5e0eb0, Verb.Echo)
  return bytes
}

describe('Armor', () => {
  it.each(ciphers)('suite %i opens what it sealed, at every length', (cipher) => {
    const random = new SeededRandom(cipher)
    const keys = new SessionKeys(random.bytes(48))
    const lengths = [...Array.from({ length: 200 }, (_, i) => MIN_PACKET_LENGTH + i), 1432, 2838, MAX_PACKET_LENGTH]
    for (const length of lengths) {
      const plain = packet(random, length)
      const sealed = plain.slice()
      armor.armor(sealed, 0, length, cipher, keys)
      expect(cipherOf(sealed, 0)).toBe(cipher)
      expect(packetIdOf(sealed, 0) === packetIdOf(plain, 0)).toBe(cipher !== Cipher.AesGmacSiv)
      if (length > 40)
        expect(formatHex(sealed.subarray(PACKET_HEADER)) === formatHex(plain.subarray(PACKET_HEADER))).toBe(
          cipher === Cipher.None,
        )
      incrementHops(sealed, 0)
      expect(armor.dearmor(sealed, 0, length, keys)).toBe(true)
      expect(formatHex(sealed.subarray(PACKET_VERB))).toBe(formatHex(plain.subarray(PACKET_VERB)))
      expect(hopsOf(sealed, 0)).toBe(1)
    }
  })

  it.each(ciphers)('suite %i refuses every flipped bit but the hops, and leaves the packet as it was', (cipher) => {
    const random = new SeededRandom(`flip ${cipher}`)
    const keys = new SessionKeys(random.bytes(48))
    const sealed = packet(random, 60)
    armor.armor(sealed, 0, 60, cipher, keys)
    for (let bit = 0; bit < 8 * 60; bit++) {
      const forged = sealed.slice()
      forged[bit >> 3] ^= 1 << (bit & 7)
      const before = formatHex(forged)
      const isHops = bit >> 3 === PACKET_FLAGS && (bit & 7) < 3
      expect(armor.dearmor(forged, 0, 60, keys), `bit ${bit}`).toBe(isHops)
      if (!isHops) expect(formatHex(forged)).toBe(before)
    }
    expect(armor.dearmor(sealed.slice(0, 59), 0, 59, keys)).toBe(false)
    expect(armor.dearmor(Uint8Array.of(...sealed, 0), 0, 61, keys)).toBe(false)
    expect(armor.dearmor(sealed, 0, 60, new SessionKeys(random.bytes(48)))).toBe(false)
    expect(armor.dearmor(sealed, 0, 60, keys)).toBe(true)
  })

  it('refuses lengths that no packet has, and suites that are none', () => {
    const keys = new SessionKeys(new Uint8Array(48))
    for (const length of [0, 1, 27, MAX_PACKET_LENGTH + 1])
      expect(armor.dearmor(new Uint8Array(length), 0, length, keys)).toBe(false)
    for (const cipher of [2, 4, 5, 6, 7]) {
      const bytes = new Uint8Array(64)
      bytes[PACKET_FLAGS] = cipher << 3
      expect(armor.dearmor(bytes, 0, 64, keys)).toBe(false)
    }
  })

  it('keeps the fragmented flag, which it authenticates', () => {
    const random = new SeededRandom('fragmented')
    const keys = new SessionKeys(random.bytes(48))
    const bytes = packet(random, 100)
    setFragmented(bytes, 0, true)
    armor.armor(bytes, 0, 100, Cipher.Salsa, keys)
    expect(isFragmented(bytes, 0)).toBe(true)
    const cleared = bytes.slice()
    setFragmented(cleared, 0, false)
    expect(armor.dearmor(cleared, 0, 100, keys)).toBe(false)
    expect(armor.dearmor(bytes, 0, 100, keys)).toBe(true)
  })
})

describe('header', () => {
  it('holds what was written, and nothing of what was there before', () => {
    const bytes = new Uint8Array(40).fill(0xff)
    writeHeader(bytes, 3, 0xfe_ffff_fffe, 0x01_0203_0405, Verb.MulticastFrame)
    expect(destinationOf(bytes, 3)).toBe(0xfe_ffff_fffe)
    expect(sourceOf(bytes, 3)).toBe(0x01_0203_0405)
    expect(verbOf(bytes, 3)).toBe(Verb.MulticastFrame)
    expect([hopsOf(bytes, 3), cipherOf(bytes, 3), isFragmented(bytes, 3)]).toEqual([0, 0, false])
  })
})

describe('PacketIds', () => {
  it('draws ids that do not repeat, across refills', () => {
    const ids = new PacketIds(new SeededRandom('ids'))
    const seen = new Set<bigint>()
    const bytes = new Uint8Array(12)
    for (let i = 0; i < 3000; i++) {
      ids.write(bytes, 2)
      seen.add(packetIdOf(bytes, 2))
    }
    expect(seen.size).toBe(3000)
    expect([bytes[0], bytes[1], bytes[10], bytes[11]]).toEqual([0, 0, 0, 0])
  })
})
