import { ByteReader, Endpoint } from '@zt/sansio'
import { describe, expect, test } from 'vitest'
import { PcapRecorder } from '../../src/index.js'

interface Block {
  readonly type: number
  readonly body: Uint8Array
}

function blocks(file: Uint8Array): Block[] {
  const reader = new ByteReader(file)
  const found: Block[] = []
  while (reader.remaining > 0) {
    const type = reader.u32()
    const length = reader.u32()
    found.push({ type, body: reader.copy(length - 12) })
    expect(reader.u32()).toBe(length)
    expect(length % 4).toBe(0)
  }
  expect(reader.ok).toBe(true)
  return found
}

describe('PcapRecorder', () => {
  test('writes a section, an interface per kind of link, and packets with their times', () => {
    const recorder = new PcapRecorder()
    recorder.frame(1000.5, new Uint8Array(15).fill(7))
    recorder.ipPacket(1001, new Uint8Array(20).fill(8))
    recorder.frame(1002, new Uint8Array(16))
    const [section, ether, frame, raw, packet, second, ...rest] = blocks(recorder.finish())
    expect([section.type, ether.type, frame.type, raw.type, packet.type, second.type]).toEqual([
      0x0a0d0d0a, 1, 6, 1, 6, 6,
    ])
    expect(rest).toEqual([])
    expect([ether.body[1], raw.body[1]]).toEqual([1, 101])
    const reader = new ByteReader(frame.body)
    expect([reader.u32(), reader.u64(), reader.u32(), reader.u32()]).toEqual([0, 1_000_500n, 15, 15])
    expect(reader.copy(15)).toEqual(new Uint8Array(15).fill(7))
    expect(new ByteReader(packet.body).u32()).toBe(1)
  })

  test('gives UDP payloads headers with a right checksum', () => {
    const recorder = new PcapRecorder()
    recorder.datagram(0, Endpoint.parse('10.0.0.1/1000'), Endpoint.parse('10.0.0.2/2000'), Uint8Array.of(1, 2, 3))
    recorder.datagram(0, Endpoint.parse('fd00::1/1000'), Endpoint.parse('fd00::2/2000'), Uint8Array.of(1, 2, 3))
    const [, , four, six] = blocks(recorder.finish())
    const v4 = new ByteReader(four.body.subarray(20, 20 + 31))
    let sum = 0
    for (let i = 0; i < 10; i++) sum += v4.u16()
    expect((sum & 0xffff) + (sum >>> 16)).toBe(0xffff)
    expect([v4.u16(), v4.u16(), v4.u16(), v4.u16(), [...v4.rest()]]).toEqual([1000, 2000, 11, 0, [1, 2, 3]])
    expect(new ByteReader(six.body.subarray(20)).u32()).toBe(0x60000000)
    expect(six.body).toHaveLength(20 + 40 + 12) // 11 bytes of UDP, padded to 12
  })

  test('stops at its limit and says how much is missing', () => {
    const recorder = new PcapRecorder(1000)
    for (let i = 0; i < 20; i++) recorder.frame(i, new Uint8Array(100))
    expect(recorder.finish().length).toBeLessThanOrEqual(1000)
    expect(recorder.skipped).toBe(20 - blocks(recorder.finish()).filter(({ type }) => type === 6).length)
    expect(recorder.skipped).toBeGreaterThan(0)
  })
})
