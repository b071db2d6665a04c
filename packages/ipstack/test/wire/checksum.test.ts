import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checksum, foldSum, isChecksumValid, sumBytes, updateChecksum } from '../../src/index.js'
import { slowChecksum } from '../reference/packets.js'

/** Zero and 0xffff are the same value in one's complement. */
function canonical(sum: number): number {
  return sum === 0xffff ? 0 : sum
}

describe('sumBytes', () => {
  it('agrees with the byte-wise reference at every alignment and length', () => {
    const arbitrary = fc.tuple(fc.uint8Array({ maxLength: 3000 }), fc.nat(7), fc.nat(7))
    fc.assert(
      fc.property(arbitrary, ([content, before, viewOffset]) => {
        const backing = new Uint8Array(viewOffset + before + content.length + 5).fill(0x5a)
        const bytes = new Uint8Array(backing.buffer, viewOffset)
        bytes.set(content, before)
        const sum = sumBytes(bytes, before, content.length)
        expect(canonical(sum)).toBe(canonical(0xffff - slowChecksum(content)))
      }),
    )
  })

  it('is exact for the largest packets of the heaviest bytes', () => {
    for (const length of [65_535, 65_534, 65_533]) {
      for (let offset = 0; offset < 8; offset++) {
        const bytes = new Uint8Array(65_560).fill(0xff)
        bytes[offset + length - 1] = 0x12
        const content = bytes.subarray(offset, offset + length)
        expect(canonical(sumBytes(bytes, offset, length))).toBe(canonical(0xffff - slowChecksum(content)))
      }
    }
  })

  it('remembers no more than which buffer it looked at last', () => {
    const buffers = Array.from({ length: 4 }, (_, i) => new Uint8Array(100).fill(i + 1))
    for (const round of [0, 1, 2]) {
      for (const [i, buffer] of buffers.entries()) {
        buffer[round] = 9
        expect(sumBytes(buffer, 0, 100)).toBe(0xffff - slowChecksum(buffer))
        expect(i).toBeLessThan(4)
      }
    }
  })
})

describe('checksum', () => {
  it('makes bytes that contain it valid, with other parts added', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 200 }), fc.nat(0xff_ffff), (bytes, other) => {
        bytes[2] = bytes[3] = 0
        const field = checksum(bytes, 0, bytes.length, other)
        bytes[2] = field >>> 8
        bytes[3] = field
        expect(isChecksumValid(bytes, 0, bytes.length, other)).toBe(true)
        bytes[0] ^= 0x10
        expect(isChecksumValid(bytes, 0, bytes.length, other)).toBe(false)
      }),
    )
  })

  it('can be updated for one changed word', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 40, maxLength: 40 }), fc.nat(0xffff), (bytes, word) => {
        const before = checksum(bytes, 0, 40)
        const old = (bytes[6] << 8) | bytes[7]
        bytes[6] = word >>> 8
        bytes[7] = word
        expect(canonical(updateChecksum(before, old, word))).toBe(canonical(checksum(bytes, 0, 40)))
      }),
    )
  })

  it('folds sums of any exact size', () => {
    for (const sum of [
      0,
      0xffff,
      0x1_0000,
      0xffff_ffff,
      0x1_0000_0000,
      0xffff_ffff_ffff,
      2 ** 52 + 12_345,
      2 ** 53 - 1,
    ]) {
      expect(canonical(foldSum(sum))).toBe(sum % 0xffff)
    }
  })
})
