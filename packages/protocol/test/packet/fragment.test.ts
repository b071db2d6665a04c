import { SeededRandom } from '@zt/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  DEFAULT_PHYSICAL_MTU,
  FRAGMENT_HEADER,
  MAX_FRAGMENTS,
  datagramsFor,
  fragmentNumber,
  fragmentTotal,
  isFragment,
  isFragmentUsable,
  largestPacketFor,
  packetIdOf,
  splitPacket,
  writeHeader,
} from '../../src/index.js'

describe('splitPacket', () => {
  it('makes datagrams that join to the packet', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 29, max: 10024 }),
        fc.integer({ min: 1400, max: 3000 }),
        fc.nat(9),
        (length, mtu, at) => {
          const random = new SeededRandom(length)
          const packet = random.bytes(length)
          writeHeader(packet, 0, 0xbc95d77f19, 0x08ff5e0eb0, 6)
          const total = datagramsFor(length, mtu)
          const bytes = new Uint8Array(at + length + (total - 1) * FRAGMENT_HEADER)
          bytes.set(packet, at)
          const wire = splitPacket(bytes, at, length, mtu)
          expect(wire).toBe(length + (total - 1) * FRAGMENT_HEADER)
          const joined: number[] = []
          for (let i = 0; i < total; i++) {
            const datagram = bytes.subarray(at + i * mtu, at + Math.min(wire, (i + 1) * mtu))
            expect(datagram.length).toBeLessThanOrEqual(mtu)
            expect(packetIdOf(datagram, 0)).toBe(packetIdOf(packet, 0))
            if (i > 0) {
              expect([isFragment(datagram, 0), fragmentNumber(datagram, 0), fragmentTotal(datagram, 0)]).toEqual([
                true,
                i,
                total,
              ])
              expect(isFragmentUsable(datagram, 0)).toBe(total <= MAX_FRAGMENTS)
            } else expect(isFragment(datagram, 0)).toBe(false)
            joined.push(...datagram.subarray(i === 0 ? 0 : FRAGMENT_HEADER))
          }
          expect(Uint8Array.from(joined)).toEqual(packet)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('knows how much receivers can join', () => {
    expect(largestPacketFor(DEFAULT_PHYSICAL_MTU)).toBe(9928)
    expect(largestPacketFor(1400)).toBe(9704)
    expect(datagramsFor(9928, DEFAULT_PHYSICAL_MTU)).toBe(MAX_FRAGMENTS)
    expect(datagramsFor(9929, DEFAULT_PHYSICAL_MTU)).toBe(MAX_FRAGMENTS + 1)
    expect([
      datagramsFor(1432, 1432),
      datagramsFor(1433, 1432),
      datagramsFor(2848, 1432),
      datagramsFor(2849, 1432),
    ]).toEqual([1, 2, 2, 3])
  })
})
