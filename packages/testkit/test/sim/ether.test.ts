import { BROADCAST_MAC, type EtherLink } from '@zt/sansio'
import { describe, expect, test } from 'vitest'
import { EtherSegment, etherPair, ipPair, VirtualClock } from '../../src/index.js'

const GROUP = 0x01_00_5e_00_00_fb

function log(link: EtherLink): string[] {
  const got: string[] = []
  link.onReceive = (source, destination, etherType, bytes, offset, length) => {
    got.push(`${source}>${destination} ${etherType.toString(16)} ${[...bytes.subarray(offset, offset + length)]}`)
  }
  return got
}

describe('EtherSegment', () => {
  test('carries frames to whom they are for', () => {
    const clock = new VirtualClock()
    const segment = new EtherSegment({ clock })
    const [a, b, c] = [segment.attach(0x02_00_00_00_00_0a), segment.attach(0xfe_dc_ba_98_76_54), segment.attach(0x06)]
    const [toA, toB, toC] = [log(a), log(b), log(c)]
    const bytes = Uint8Array.of(7, 8, 9)
    a.send(b.mac, 0x86dd, bytes, 1, 2)
    a.send(BROADCAST_MAC, 0x806, bytes, 0, 1)
    a.send(GROUP, 0x800, bytes, 0, 0)
    clock.advance(0)
    c.joinGroup(GROUP)
    a.send(GROUP, 0x800, bytes, 0, 3)
    clock.advance(0)
    c.leaveGroup(GROUP)
    a.send(GROUP, 0x800, bytes, 0, 2)
    clock.advance(0)
    expect(toA).toEqual([])
    expect(toB).toEqual([`${a.mac}>${b.mac} 86dd 8,9`, `${a.mac}>${BROADCAST_MAC} 806 7`])
    expect(toC).toEqual([`${a.mac}>${BROADCAST_MAC} 806 7`, `${a.mac}>${GROUP} 800 7,8,9`])
    segment.detach(b)
    a.send(b.mac, 0x800, bytes, 0, 1)
    clock.advance(0)
    expect(toB).toHaveLength(2)
  })

  test('tells a recorder every frame with its header', () => {
    const clock = new VirtualClock()
    const segment = new EtherSegment({ clock, loss: 0 })
    const frames: number[][] = []
    segment.onFrame = (frame) => frames.push([...frame])
    segment.attach(0x0102).send(0x030405, 0x800, Uint8Array.of(1), 0, 1)
    clock.advance(0)
    expect(frames).toEqual([[0, 0, 0, 3, 4, 5, 0, 0, 0, 0, 1, 2, 8, 0, 1]])
  })

  test('refuses when its queue is full, and says when there is room', () => {
    const clock = new VirtualClock(0)
    const [a, b] = etherPair({ clock, bytesPerSecond: 1_000_000, queueBytes: 10_000 })
    let received = 0
    let drains = 0
    b.onReceive = () => received++
    a.onDrain = () => drains++
    const frame = new Uint8Array(986)
    let sent = 0
    while (a.send(b.mac, 0x800, frame, 0, 986)) sent++
    expect(sent).toBe(10)
    expect(a.send(b.mac, 0x800, frame, 0, 986)).toBe(false)
    expect(clock.runUntil(() => drains > 0)).toBe(true)
    expect(clock.now()).toBe(5) // half of 10 ms worth of queue
    expect(a.send(b.mac, 0x800, frame, 0, 986)).toBe(true)
    clock.advance(100)
    expect([received, drains]).toEqual([11, 1])
  })

  test('loses what is too large and what is sent while down, and tells of changes', () => {
    const clock = new VirtualClock()
    const [a, b] = etherPair({ clock, mtu: 1400 })
    const got = log(b)
    let changes = 0
    a.onChange = () => changes++
    expect(a.mtu).toBe(1400)
    expect(a.send(b.mac, 1, new Uint8Array(1401), 0, 1401)).toBe(true)
    a.setMtu(1500)
    a.setUp(false)
    a.setUp(false)
    a.send(b.mac, 1, new Uint8Array(1), 0, 1)
    a.setUp(true)
    b.setUp(false)
    a.send(b.mac, 1, new Uint8Array(1), 0, 1)
    clock.advance(0)
    b.setUp(true)
    a.send(b.mac, 1, Uint8Array.of(5), 0, 1)
    clock.advance(0)
    expect([got.length, changes, a.isUp]).toEqual([1, 3, true])
  })
})

describe('ipPair', () => {
  test('carries IP packets both ways with impairments of each end', () => {
    const clock = new VirtualClock(0)
    const [a, b] = ipPair({ clock, delayMs: 3, mtu: 1280 })
    const got: string[] = []
    a.onReceive = (bytes, offset, length) => got.push(`a ${clock.now()} ${bytes.subarray(offset, offset + length)}`)
    b.onReceive = (bytes, offset, length) => got.push(`b ${clock.now()} ${bytes.subarray(offset, offset + length)}`)
    b.profile = { delayMs: 1 }
    expect(a.send(Uint8Array.of(0, 1, 2), 1, 2)).toBe(true)
    expect(b.send(Uint8Array.of(3), 0, 1)).toBe(true)
    expect(a.send(new Uint8Array(1281), 0, 1281)).toBe(true)
    clock.advance(10)
    expect(got).toEqual(['a 1 3', 'b 3 1,2'])
  })

  test('refuses when its queue is full, and says when there is room', () => {
    const clock = new VirtualClock(0)
    const [a] = ipPair({ clock, bytesPerSecond: 1000, queueBytes: 100 })
    let drains = 0
    a.onDrain = () => drains++
    expect(a.send(new Uint8Array(100), 0, 100)).toBe(true)
    expect(a.send(new Uint8Array(1), 0, 1)).toBe(false)
    expect(clock.runUntil(() => drains === 1)).toBe(true)
    expect(clock.now()).toBe(50)
  })
})
