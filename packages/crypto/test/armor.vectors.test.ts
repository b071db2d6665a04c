import { describe, expect, test } from 'vitest'
import { formatHex, parseHex } from '@zt/sansio'
import { VectorFile } from '../../../fixtures/vector-file.js'
import { AesGmacSiv, createSalsaPoly, portableAes } from '../src/index.js'

/** Where things are in a packet; the header itself belongs to another package. */
const MAC = 19
const TEXT = 27

const armored = new VectorFile('packet-armor.json').all

describe('packet-armor.json, ciphers 0 and 1', () => {
  const cases = armored.filter((of) => of.kind === 'armor' && of.mangledKey !== undefined)

  for (const prefer of ['wasm-simd', 'js'] as const) {
    test(`seals and opens every packet (${prefer})`, () => {
      const engine = createSalsaPoly({ prefer })
      expect(engine.name).toBe(prefer)
      expect(cases.length).toBeGreaterThanOrEqual(100)
      for (const of of cases) {
        const key = parseHex(of.mangledKey as string)
        const wire = of.armored as string
        const packet = parseHex(of.plain as string)
        packet[18] = parseHex(wire)[18]!
        const plain = formatHex(packet.subarray(TEXT))
        engine.seal(key, packet, 0, TEXT, packet.length - TEXT, of.cipher === 1, MAC)
        expect(formatHex(packet)).toBe(wire)
        expect(engine.open(key, packet, 0, TEXT, packet.length - TEXT, of.cipher === 1, MAC)).toBe(true)
        expect(formatHex(packet.subarray(TEXT))).toBe(plain)
      }
    })
  }
})

describe('packet-armor.json, AES-GMAC-SIV', () => {
  /** iv | tag | text */
  function packed(iv: Uint8Array, tag: Uint8Array, text: Uint8Array): Uint8Array {
    const bytes = new Uint8Array(16 + text.length)
    bytes.set(iv, 0)
    bytes.set(tag, 8)
    bytes.set(text, 16)
    return bytes
  }

  const siv = new AesGmacSiv()
  const keysOf = (k0: unknown, k1: unknown) => ({
    k0: portableAes.importKey(parseHex(k0 as string)),
    k1: portableAes.importKey(parseHex(k1 as string)),
  })

  test('seals every message', () => {
    const cases = armored.filter((of) => of.kind === 'gmac-siv')
    expect(cases.length).toBeGreaterThan(50)
    for (const of of cases) {
      const text = parseHex(of.plaintext as string)
      const bytes = packed(parseHex(of.iv as string), new Uint8Array(8), text)
      siv.seal(keysOf(of.k0, of.k1), parseHex(of.aad as string), bytes, 0, 16, text.length, 8)
      expect(formatHex(bytes)).toBe(`${of.tag as string}${of.ciphertext as string}`)
    }
  })

  test('opens the authentic ones, and leaves the others as they are', () => {
    const cases = armored.filter((of) => of.kind === 'gmac-siv-open')
    expect(new Set(cases.map((of) => of.ok))).toEqual(new Set([true, false]))
    for (const of of cases) {
      const text = parseHex(of.ciphertext as string)
      const tag = parseHex(of.tag as string)
      const bytes = packed(tag.subarray(0, 8), tag.subarray(8), text)
      const ok = siv.open(keysOf(of.k0, of.k1), parseHex(of.aad as string), bytes, 0, 16, text.length, 8)
      expect(ok).toBe(of.ok)
      expect(formatHex(bytes.subarray(0, 16))).toBe(of.tag)
      expect(formatHex(bytes.subarray(16))).toBe(ok ? of.plaintext : of.ciphertext)
    }
  })
})
