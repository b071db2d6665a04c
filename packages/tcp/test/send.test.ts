import { SeededRandom } from '@zt/testkit'
import { describe, expect, test } from 'vitest'
import { Script, ack, established, sackOf, text } from './script/script.js'

describe('segmenting', () => {
  test('full segments, and PSH on the last', () => {
    const t = established()
    t.write(10_000)
    const sent = t.take()
    expect(sent.map(({ length }) => length)).toEqual([1460, 1460, 1460, 1460, 1460, 1460, 1240])
    expect(sent.map(({ push }) => push)).toEqual([false, false, false, false, false, false, true])
  })

  test('options take their room from the text', () => {
    const t = established({ tsval: 1 })
    t.write(3000)
    t.sends({ length: 1448 }, { length: 1448 }, { length: 104 })
  })

  test('a peer that names no MSS gets 536 bytes, over IPv6 1220', () => {
    for (const [family, length] of [
      [4, 536],
      [6, 1220],
    ] as const) {
      const t = established({ mss: undefined, family })
      t.write(3000)
      t.sends({ length })
    }
  })

  test('a tiny MSS is raised', () => {
    const t = established({ mss: 1 })
    t.write(1000)
    t.sends({ length: 88 })
  })

  test('the initial window is that of RFC 6928', () => {
    for (const [mss, bytes] of [
      [1460, 14_600],
      [536, 5360],
      [2740, 13_700],
    ] as const) {
      const t = established({ mss, mtu: 2800, wnd: 65_535, windowScale: undefined })
      t.write(100_000)
      expect(t.take().reduce((sum, { length }) => sum + length, 0)).toBe(bytes)
    }
  })

  test.each([0, 2 ** 31 - 2000, 2 ** 32 - 2000, 2 ** 32 - 1])('numbers wrap around (we start at %i)', (iss) => {
    const t = established({ iss })
    expect(t.iss).toBe(iss)
    t.write(10_000)
    t.sends({ seq: 1 }, { seq: 1461 }).take()
    t.receives(ack(2921, { options: sackOf(t, [4381, 5841]) }))
    t.receives(ack(10_001)).silent(5000)
    expect(t.connection.unacknowledgedBytes).toBe(0)
    t.connection.close()
    t.after(0).sends({ flags: 'FA', seq: 10_001 })
  })
})

describe("Nagle's rule", () => {
  test('the first small write goes out, others wait for its acknowledgement and go together', () => {
    const t = established()
    t.write(10)
    t.sends({ length: 10 })
    for (let i = 0; i < 99; i++) t.write(10)
    t.silent()
    t.receives(ack(11)).sends({ seq: 11, length: 990 })
  })

  test('setNoDelay sends at once, and once a turn', () => {
    const t = established({ options: { noDelay: true } })
    t.write(10)
    t.write(10)
    t.sends({ length: 10 }, { length: 10 })
    for (let i = 0; i < 100; i++) t.connection.write(new Uint8Array(10))
    t.after(0).sends({ length: 1000 })
  })

  test('a cork holds back what is not full, at most 200 ms', () => {
    const t = established()
    t.connection.setCork(true)
    t.write(2000)
    t.sends({ length: 1460 }).receives(ack(1461)).silent(150)
    t.after(60).sends({ length: 540 })
    t.receives(ack(2001))
    t.write(100)
    t.silent(10)
    t.connection.setCork(false)
    t.after(0).sends({ length: 100 })
  })
})

describe("the peer's window", () => {
  test('is respected, without silly segments', () => {
    const t = established({ wnd: 3000, windowScale: undefined, rtt: 100 })
    t.write(10_000)
    t.sends({ length: 1460 }, { length: 1460 }).silent(50)
    t.receives(ack(2921, { wnd: 3000 })).sends({ seq: 2921, length: 1460 }, { length: 1460 })
  })

  test('below a segment: half of the largest ever is worth sending', () => {
    const t = established({ wnd: 1000, windowScale: undefined })
    t.write(10_000)
    t.sends({ length: 1000 })
    t.receives(ack(1001, { wnd: 1000 })).sends({ seq: 1001, length: 1000 })
  })

  test('of a SYN is not scaled', () => {
    const t = new Script({ settings: { timestamps: false } }).listen()
    t.receives({ flags: 'S', seq: 0, wnd: 1000, options: [2, 4, 5, 180, 3, 3, 7, 0] }).take()
    t.receives(ack(1, { wnd: 100 }))
    t.write(30_000)
    expect(t.take().reduce((sum, { length }) => sum + length, 0)).toBe(11_680)
  })

  test('closed: probed with one byte, ever more slowly, and no congestion is assumed', () => {
    const t = established({ wnd: 0, windowScale: undefined, rtt: 10 })
    const { cwnd } = t.connection.info()
    t.write(5000)
    t.silent(200)
    const times: number[] = []
    for (let ms = 0; ms < 8000; ms++) {
      t.after(1)
      for (const sent of t.take()) {
        expect(sent).toMatchObject({ seq: 1, length: 1 })
        times.push(ms)
        t.receives(ack(1, { wnd: 0 }))
      }
    }
    const gaps = times.slice(1).map((time, i) => time - times[i]!)
    gaps.slice(1).forEach((gap, i) => expect(gap / gaps[i]!).toBeCloseTo(2, 0))
    expect(times.length).toBeGreaterThanOrEqual(4)
    expect(t.connection.info().cwnd).toBe(cwnd)
  })

  test('closed for an hour: the connection lives while probes are answered', () => {
    const t = established({ wnd: 0, windowScale: undefined })
    t.write(5000)
    for (let s = 0; s < 3600; s++) {
      t.after(1000)
      if (t.take().length > 0) t.receives(ack(1, { wnd: 0 }))
    }
    expect(t.connection.state).toBe('ESTABLISHED')
    t.receives(ack(1, { wnd: 10_000 })).sends({ seq: 1, length: 1 }, { seq: 2, length: 1460 })
  })

  test('closed and silent: given up at the user timeout', () => {
    const t = established({ wnd: 0, windowScale: undefined, options: { userTimeoutMs: 5000 } })
    t.write(5000)
    t.after(20_000)
    expect(t.watcher.error).toMatchObject({ code: 'ETIMEDOUT' })
  })

  test('closed although probes are answered: given up once nobody owns the connection', () => {
    const t = established({ wnd: 0, windowScale: undefined })
    t.write(5000)
    t.connection.close()
    let last = ''
    for (let s = 0; s < 3600 && t.connection.state !== 'CLOSED'; s++) {
      t.after(1000)
      for (const { flags } of t.take()) last = flags
      if (last === 'A') t.receives(ack(1, { wnd: 0 }))
    }
    expect(last).toBe('RA')
    expect(t.watcher.error).toMatchObject({ code: 'ETIMEDOUT' })
    expect(t.tcp.sizes).toMatchObject({ connections: 0, blocks: 0 })
  })

  test('a lost update is recovered by the next probe', () => {
    const t = established({ wnd: 0, windowScale: undefined })
    t.write(3000)
    t.after(2000)
    expect(t.take().length).toBeGreaterThan(0)
    t.receives(ack(2, { wnd: 5000 }))
    expect(t.take().map(({ seq, length }) => [seq, length])).toEqual([
      [2, 1460],
      [1462, 1460],
      [2922, 79],
    ])
  })

  test('a FIN behind a closed window is sent as a probe, and again when it opens', () => {
    const t = established({ wnd: 1000, windowScale: undefined })
    t.write(1000)
    t.sends({ length: 1000 }).receives(ack(1001, { wnd: 0 }))
    t.connection.shutdownWrite()
    t.silent(100)
    t.after(2000)
    expect(t.take()[0]).toMatchObject({ flags: 'FA', seq: 1001 })
    t.receives(ack(1001, { wnd: 1000 })).sends({ flags: 'FA', seq: 1001 })
    t.receives(ack(1002, { wnd: 1000 }))
    expect(t.connection.state).toBe('FIN_WAIT_2')
  })

  test('that shrinks stops new text, and nothing goes negative', () => {
    const t = established({ wnd: 10_000, windowScale: undefined, rtt: 100 })
    t.write(20_000)
    t.take()
    t.receives(ack(1461, { wnd: 1000 })).silent(100)
    t.receives(ack(8761, { wnd: 5000 }))
    expect(t.take().every(({ seq, length }) => seq + length <= 8761 + 5000)).toBe(true)
  })

  test('is not taken from a segment older than the one that set it', () => {
    const t = established({ wnd: 60_000, windowScale: undefined })
    t.receives(text(1, 100, { wnd: 60_000 })).take()
    t.receives(ack(1, { seq: 1, wnd: 10 }))
    expect(t.connection.info().sendWindow).toBe(60_000)
  })

  test('65535 << 14 does not overflow', () => {
    const t = established({ windowScale: 14, wnd: 65_535 })
    expect(t.connection.info().sendWindow).toBe(65_535 * 2 ** 14)
    t.write(5000)
    expect(t.take().length).toBe(4)
  })
})

describe('the send buffer', () => {
  test('takes what fits, and says once when there is room', () => {
    const t = established({ wnd: 0, windowScale: undefined, settings: { sendBufferMaxBytes: 131_072 } })
    expect(t.connection.write(new Uint8Array(1_000_000))).toBe(131_072)
    expect(t.connection.write(new Uint8Array(10))).toBe(0)
    expect(t.connection.writableBytes).toBe(0)
    t.receives(ack(1, { wnd: 65_535 }))
    let acked = 1
    while (!t.watcher.has('writable')) {
      for (const { seq, length } of t.take()) acked = Math.max(acked, seq + length)
      t.receives(ack(acked, { wnd: 65_535 }))
    }
    expect(t.connection.writableBytes).toBeGreaterThanOrEqual(Math.floor(131_072 / 3))
    expect(t.watcher.events.filter((event) => event === 'writable').length).toBe(1)
  })

  test('its blocks are given back', () => {
    const t = established()
    t.write(100_000)
    expect(t.tcp.sizes.blocks).toBe(7)
    for (let i = 0; i < 50; i++) t.receives(ack(t.acked))
    expect(t.tcp.sizes.blocks).toBe(0)
  })
})

describe('a full link', () => {
  test('holds text back without loss or retransmission', () => {
    const t = established()
    t.isOpen = false
    t.write(10_000)
    t.after(100)
    t.drain()
    expect(t.take().map(({ seq }) => seq)).toEqual([1, 1461, 2921, 4381, 5841, 7301, 8761])
    t.receives(ack(10_001)).silent(5000)
    expect(t.connection.info().segmentsRetransmitted).toBe(0)
  })
})

describe('path MTU', () => {
  test('what is too large is cut and sent again at once, without congestion', () => {
    const t = established()
    t.write(6000)
    const first = t.take()
    expect(first.map(({ length }) => length)).toEqual([1460, 1460, 1460, 1460, 160])
    const { cwnd } = t.connection.info()
    t.receivesPacket(fragmentationNeeded(t, 1400, 1))
    const again = t.take()
    expect(Math.max(...again.map(({ length }) => length))).toBe(1360)
    expect(again.reduce((sum, { length }) => sum + length, 0)).toBe(5840)
    expect(again.map(({ text: sent }) => sent).join('')).toBe(
      first
        .slice(0, 4)
        .map(({ text: sent }) => sent)
        .join(''),
    )
    expect(t.connection.info().cwnd).toBeGreaterThanOrEqual(cwnd - 1460)
    t.receives(ack(6001)).silent(5000)
  })

  test('a quote of what is not in flight is ignored', () => {
    const t = established({ rtt: 100 })
    t.write(1000)
    t.take()
    t.receivesPacket(fragmentationNeeded(t, 1400, 1_000_000)).silent(100)
    expect(t.connection.info().mss).toBe(1460)
  })
})

describe('keep-alive', () => {
  const options = { keepAliveIdleMs: 60_000 }
  const settings = { keepAliveIntervalMs: 10_000, keepAliveProbes: 3 }

  test('probes a silent peer and is content with an answer', () => {
    const t = established({ options, settings })
    t.silent(59_900).after(200).sends({ flags: 'A', seq: 0, length: 0 })
    t.receives(ack(1)).silent(59_000)
    t.after(1100).sends({ flags: 'A', seq: 0 })
  })

  test('gives a dead one up', () => {
    const t = established({ options, settings })
    t.after(89_000)
    expect(t.take().length).toBe(3)
    t.after(2000)
    expect(t.watcher.error).toMatchObject({ code: 'ETIMEDOUT' })
  })

  test('goes on while half closed', () => {
    const t = established({ options, settings })
    t.connection.shutdownWrite()
    t.after(0).sends({ flags: 'FA' }).receives(ack(2)).silent(59_000)
    t.after(1200).sends({ flags: 'A', seq: 1, length: 0 })
  })

  test('is off by default', () => {
    established().silent(24 * 3600 * 1000)
  })
})

test('what is sent again is what was sent (random writes, windows and losses)', () => {
  const random = new SeededRandom('retransmit')
  const t = established({ wnd: 65_535 })
  const stream = new Map<number, string>()
  let end = 1
  const remember = (): void => {
    for (const { seq, text: sent } of t.take()) {
      for (let i = 0; i < sent.length; i++) {
        const known = stream.get(seq + i)
        if (known !== undefined) expect(sent[i]).toBe(known)
        stream.set(seq + i, sent[i]!)
        end = Math.max(end, seq + i + 1)
      }
    }
  }
  let acked = 1
  for (let i = 0; i < 300; i++) {
    t.write(String.fromCharCode(...Array.from({ length: 1 + random.below(3000) }, () => 33 + random.below(90))))
    remember()
    if (random.chance(0.3)) t.after(random.below(600))
    if (random.chance(0.6)) {
      acked = Math.min(acked + random.below(6000), end)
      t.receives(ack(acked))
    }
    remember()
  }
  expect(stream.size).toBeGreaterThan(50_000)
})

/** ICMP type 3 code 4 for the host's segment with this sequence number. */
function fragmentationNeeded(t: Script, mtu: number, seq: number): Uint8Array {
  const packet = new Uint8Array(20 + 8 + 28)
  const view = new DataView(packet.buffer)
  const sumTo = (from: number, to: number): number => {
    let sum = 0
    for (let i = from; i < to; i += 2) sum += view.getUint16(i)
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
    return ~sum & 0xffff
  }
  view.setUint32(0, 0x4500_0000 | packet.length)
  view.setUint32(8, 0x4001_0000)
  packet.set([10, 0, 0, 2, 10, 0, 0, 1], 12)
  view.setUint16(10, sumTo(0, 20))
  view.setUint8(20, 3)
  view.setUint8(21, 4)
  view.setUint16(26, mtu)
  view.setUint32(28, 0x4500_05dc)
  view.setUint32(32, 0x4000)
  view.setUint32(36, 0x4006_0000)
  packet.set([10, 0, 0, 1, 10, 0, 0, 2], 40)
  view.setUint16(38, sumTo(28, 48))
  view.setUint16(48, t.hostPort)
  view.setUint16(50, t.peerPort)
  view.setUint32(52, t.iss! + seq)
  view.setUint16(22, sumTo(20, packet.length))
  return packet
}
