import { SeededRandom } from '@zt/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  Lz4Compressor,
  MAX_PACKET_LENGTH,
  PACKET_HEADER,
  PacketCompression,
  decompressBlock,
  isCompressed,
  writeHeader,
} from '../../src/index.js'

const compressor = new Lz4Compressor()

/** Bytes as payloads are: runs, repetitions near and far, and noise. */
const compressible = fc
  .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 40 })), { maxLength: 20 })
  .map((parts) =>
    Uint8Array.from(parts.flatMap(([bytes, times]) => Array.from({ length: times }, () => [...bytes]).flat())),
  )

function roundTrip(plain: Uint8Array): Uint8Array {
  const block = new Uint8Array(plain.length + Math.ceil(plain.length / 255) + 16)
  const length = compressor.compress(plain, 0, plain.length, block, 0, block.length)
  expect(length).toBeGreaterThan(0)
  const back = new Uint8Array(plain.length)
  expect(decompressBlock(block, 0, length, back, 0, back.length)).toBe(plain.length)
  expect(back).toEqual(plain)
  return block.subarray(0, length)
}

describe('LZ4 blocks', () => {
  it('give back what was compressed', () => {
    fc.assert(
      fc.property(fc.oneof(compressible, fc.uint8Array({ maxLength: 2000 })), (plain) => void roundTrip(plain)),
      { numRuns: 300 },
    )
  })

  it('give back runs and noise of every length around the limits', () => {
    const random = new SeededRandom('lz4')
    for (const length of [0, 1, 4, 5, 12, 13, 14, 15, 16, 17, 18, 19, 20, 269, 270, 271, 272, 525, 4096, 9996, 65535]) {
      roundTrip(new Uint8Array(length).fill(7))
      roundTrip(random.bytes(length))
    }
  })

  it('obey the rules for the end of a block, which other decoders check', () => {
    fc.assert(
      fc.property(compressible, (plain) => {
        const block = roundTrip(plain)
        const { lastLiterals, lastMatchFromEnd } = describeEnd(block)
        if (lastMatchFromEnd > 0) {
          expect(lastLiterals).toBeGreaterThanOrEqual(5)
          expect(lastMatchFromEnd).toBeGreaterThanOrEqual(12)
        }
      }),
    )
  })

  it('are small where there is something to gain', () => {
    expect(roundTrip(new Uint8Array(4000).fill(1)).length).toBeLessThan(40)
  })

  it('say no where the result does not fit, and write no further', () => {
    const plain = new SeededRandom('tight').bytes(300)
    const target = new Uint8Array(600)
    for (let room = 0; room < 302; room++) {
      expect(compressor.compress(plain, 0, 300, target, 0, room)).toBe(-1)
      expect(target.subarray(room).every((byte) => byte === 0)).toBe(true)
      target.fill(0)
    }
    expect(compressor.compress(new Uint8Array(65536), 0, 65536, new Uint8Array(70000), 0, 70000)).toBe(-1)
  })

  it('from strangers neither throw nor write where they may not', () => {
    const target = new Uint8Array(300)
    const decode = (block: Uint8Array): void => {
      target.fill(0xa5)
      const length = decompressBlock(block, 0, block.length, target, 20, 280)
      expect(length).toBeGreaterThanOrEqual(-1)
      expect(length).toBeLessThanOrEqual(260)
      expect(
        target.subarray(0, 20).every((byte) => byte === 0xa5) && target.subarray(280).every((byte) => byte === 0xa5),
      ).toBe(true)
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), decode), { numRuns: 1000 })
    fc.assert(
      fc.property(compressible, fc.array(fc.nat(), { maxLength: 3 }), (plain, flips) => {
        const block = roundTrip(plain).slice()
        for (const flip of flips) block[(flip >> 3) % block.length] ^= 1 << (flip & 7)
        decode(block)
        decode(block.subarray(0, block.length - 1))
      }),
    )
  })
})

describe('PacketCompression', () => {
  const compression = new PacketCompression()

  it('leaves alone what does not get smaller', () => {
    const random = new SeededRandom('noise')
    const bytes = new Uint8Array(MAX_PACKET_LENGTH)
    bytes.set(random.bytes(500))
    writeHeader(bytes, 0, 1, 2, 8)
    expect(compression.compress(bytes, 0, 500)).toBe(500)
    expect(isCompressed(bytes, 0)).toBe(false)
    expect(compression.compress(new Uint8Array(MAX_PACKET_LENGTH), 0, PACKET_HEADER + 64)).toBe(PACKET_HEADER + 64)
  })

  it('drops bombs: a packet is never larger than packets are', () => {
    const bytes = new Uint8Array(MAX_PACKET_LENGTH)
    bytes.fill(0xff, PACKET_HEADER, PACKET_HEADER + 100)
    bytes.set([0x1f, 0x41, 0x01, 0x00], PACKET_HEADER)
    bytes[PACKET_HEADER + 100] = 0
    bytes[27] = 0x88
    expect(compression.decompress(bytes, 0, PACKET_HEADER + 101)).toBe(-1)
  })
})

/** Walks a valid block. */
function describeEnd(block: Uint8Array): { readonly lastLiterals: number; readonly lastMatchFromEnd: number } {
  let at = 0
  let lastMatchFromEnd = 0
  for (;;) {
    const token = block[at++]
    let literals = token >> 4
    if (literals === 15) for (let more = 255; more === 255; literals += more) more = block[at++]
    at += literals
    if (at >= block.length)
      return { lastLiterals: literals, lastMatchFromEnd: lastMatchFromEnd && lastMatchFromEnd + literals }
    at += 2
    let length = (token & 15) + 4
    if (length === 19) for (let more = 255; more === 255; length += more) more = block[at++]
    lastMatchFromEnd = length
  }
}
