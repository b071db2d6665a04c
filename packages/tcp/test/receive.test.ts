import { SeededRandom } from '@zt/testkit'
import { describe, expect, test } from 'vitest'
import { Script, ack, established, fin, syn, text, timestamps } from './script/script.js'

const letters = (from: number, length: number): string =>
  String.fromCharCode(...Array.from({ length }, (_, i) => 97 + ((from + i) % 26)))

describe('text in any order', () => {
  test.each([1, 2, 3, 4, 5])('is delivered in order (shuffle %i)', (seed) => {
    const random = new SeededRandom(seed)
    const t = established()
    const segments = Array.from({ length: 45 }, (_, i) => text(1 + 1400 * i, letters(1400 * i, 1400)))
    for (let i = segments.length - 1; i > 0; i--) {
      const j = random.below(i + 1)
      ;[segments[i], segments[j]] = [segments[j]!, segments[i]!]
    }
    for (const segment of segments) t.receives(segment)
    expect(t.watcher.text).toBe(letters(0, 63_000))
    expect(t.take().at(-1)).toMatchObject({ ack: 63_001 })
  })

  test('the block that grew last is reported first', () => {
    const t = established()
    t.receives(text(2001, 100)).sends({ ack: 1, sack: [[2001, 2101]] })
    t.receives(text(1001, 100)).sends({
      ack: 1,
      sack: [
        [1001, 1101],
        [2001, 2101],
      ],
    })
    t.receives(text(3001, 100)).sends({
      ack: 1,
      sack: [
        [3001, 3101],
        [1001, 1101],
        [2001, 2101],
      ],
    })
    t.receives(text(2101, 100)).sends({
      ack: 1,
      sack: [
        [2001, 2201],
        [3001, 3101],
        [1001, 1101],
      ],
    })
  })

  test('blocks that meet become one', () => {
    const t = established()
    t.receives(text(1001, 100)).take()
    t.receives(text(1201, 100)).take()
    t.receives(text(1101, 100)).sends({ ack: 1, sack: [[1001, 1301]] })
  })

  test('with timestamps there is room for three blocks, without for four', () => {
    for (const [tsval, most] of [
      [1, 3],
      [undefined, 4],
    ] as const) {
      const t = established(tsval === undefined ? {} : { tsval })
      for (const seq of [1001, 2001, 3001, 4001, 5001]) t.receives(text(seq, 100))
      expect(t.take().at(-1)!.sack!.length).toBe(most)
    }
  })

  test('a duplicate inside of a block is reported before the block', () => {
    const t = established()
    t.receives(text(1001, 1000)).take()
    t.receives(text(1201, 100)).sends({
      ack: 1,
      sack: [
        [1201, 1301],
        [1001, 2001],
      ],
    })
  })

  test('without SACK each segment out of order gets its own duplicate acknowledgement', () => {
    const t = established({ sack: false })
    t.receives(text(1001, 100), text(1101, 100), text(1201, 100), text(1301, 100), text(1401, 100))
    expect(t.take().map((sent) => sent.ack)).toEqual([1, 1, 1, 1, 1])
  })

  test('a FIN ahead of missing text takes effect when the gap is filled', () => {
    const t = established()
    t.receives(fin(1001)).take()
    expect(t.watcher.events).toEqual([])
    t.receives(text(1, 1000)).sends({ ack: 1002 })
    expect(t.watcher.events).toEqual(['readable', 'ended'])
    expect(t.connection.state).toBe('CLOSE_WAIT')
  })

  test('text beyond the FIN is ignored, and a second FIN ends nothing again', () => {
    const t = established()
    t.receives(fin(1001), text(1002, 10), text(1, 1000)).take()
    expect(t.watcher.text.length).toBe(1000)
    t.receives(fin(1001)).sends({ ack: 1002 })
    expect(t.watcher.events.filter((event) => event === 'ended').length).toBe(1)
  })

  test('tiny segments with gaps are bounded, and the stream still completes', () => {
    const t = established()
    for (let i = 1; i < 20_000; i += 2) t.receives(text(1 + i, letters(i, 1)))
    t.take()
    expect(t.tcp.counters.get('too-many-ranges')).toBeGreaterThan(1000)
    for (let i = 0; i < 20_000; i += 1000) t.receives(text(1 + i, letters(i, 1000)))
    expect(t.watcher.text).toBe(letters(0, 20_000))
  })

  test.each([0, 2 ** 31 - 2000, 2 ** 32 - 2000, 2 ** 32 - 1])('numbers wrap around (peer starts at %i)', (irs) => {
    const t = established({ irs })
    t.receives(text(2001, letters(2000, 1000))).sends({ ack: 1, sack: [[2001, 3001]] })
    t.receives(text(1, letters(0, 1000)), text(1001, letters(1000, 1000))).sends({ ack: 3001 })
    t.receives(fin(3001)).sends({ ack: 3002 })
    expect(t.watcher.text).toBe(letters(0, 3000))
    expect(t.watcher.has('ended')).toBe(true)
  })
})

describe('acknowledging', () => {
  test('a new connection is acknowledged at once, later every second segment, and one alone after 40 ms', () => {
    const t = established()
    let seq = 1
    for (let i = 0; i < 15; i++, seq += 1000) t.receives(text(seq, 1000)).sends({ ack: seq + 1000 })
    t.receives(text(seq, 1000)).silent(38)
    t.after(3).sends({ ack: seq + 1000 })
    seq += 1000
    t.receives(text(seq, 1000)).silent()
    t.receives(text(seq + 1000, 1000)).sends({ ack: seq + 2000 })
  })

  test('a burst is acknowledged once', () => {
    const t = established()
    t.receives(...Array.from({ length: 10 }, (_, i) => text(1 + 1000 * i, 1000)))
    t.sends({ ack: 10_001 }).silent(1000)
  })

  test('an answer within the burst carries the acknowledgement', () => {
    const t = established()
    t.watcher.readable = () => {
      t.watcher.drain()
      t.connection.write(new Uint8Array(10))
    }
    t.receives(text(1, 100)).sends({ seq: 1, ack: 101, length: 10 }).silent(50)
  })

  test('a gap and its filling are acknowledged at once', () => {
    const t = established()
    for (let i = 0, seq = 1; i < 16; i++, seq += 100) t.receives(text(seq, 100)).take()
    t.receives(text(2001, 100)).sends({ ack: 1601 })
    t.receives(text(1601, 400)).sends({ ack: 2101 })
  })
})

describe('the window', () => {
  const small = { receiveBufferBytes: 10_000, receiveBufferMaxBytes: 10_000 }

  test('closes when the application does not read, and nothing is lost', () => {
    const t = established({ settings: small })
    t.watcher.reads = false
    for (let i = 0; i < 10; i++) t.receives(text(1 + 1000 * i, 1000))
    expect(t.take().at(-1)).toMatchObject({ ack: 10_001, wnd: 0 })
    expect(t.connection.readableBytes).toBe(10_000)
  })

  test('opens again in one step that is worth a segment', () => {
    const t = established({ settings: small })
    t.watcher.reads = false
    for (let i = 0; i < 10; i++) t.receives(text(1 + 1000 * i, 1000))
    t.take()
    t.connection.read(1)
    t.silent()
    for (let left = 6000; left > 0;) left -= t.connection.read(left)!.length
    t.after(0).sends({ flags: 'A', ack: 10_001, wnd: 6001 })
  })

  test('without scaling it has its limit, and reading beyond that is not worth an acknowledgement', () => {
    const t = established({ windowScale: undefined })
    t.watcher.reads = false
    t.receives(text(1, 1000)).sends({ ack: 1001 })
    expect(t.connection.read()!.length).toBe(1000)
    t.silent(1000)
  })

  test('while closed, text and FIN are refused but their acknowledgement counts', () => {
    const t = established({ settings: small })
    t.watcher.reads = false
    for (let i = 0; i < 10; i++) t.receives(text(1 + 1000 * i, 1000))
    t.write(500)
    t.take()
    t.receives(text(10_001, 1, { ack: 501 })).sends({ ack: 10_001, wnd: 0 })
    expect(t.connection.unacknowledgedBytes).toBe(0)
    t.receives(fin(10_001)).sends({ ack: 10_001, wnd: 0 })
    expect(t.connection.state).toBe('ESTABLISHED')
  })

  test('text across the right edge is taken up to it', () => {
    const t = established({ settings: { receiveBufferBytes: 100, receiveBufferMaxBytes: 100 } })
    t.watcher.reads = false
    t.receives(text(1, 200)).sends({ ack: 101, wnd: 0 })
    expect(t.connection.readableBytes).toBe(100)
  })

  test.each([1, 2, 3])('its right edge never moves left (seed %i)', (seed) => {
    const random = new SeededRandom(seed)
    const t = established()
    t.watcher.reads = false
    let seq = 1
    let edge = 0
    for (let i = 0; i < 500; i++) {
      const length = 1 + random.below(1400)
      if (random.chance(0.7) && seq + length <= Math.max(edge, 65_000)) {
        t.receives(text(seq, length))
        seq += length
      } else {
        t.connection.read(random.below(5000))
        t.after(random.below(50))
      }
      for (const sent of t.take()) {
        const right = sent.ack + sent.wnd * 128
        // But for rounding to the unit of the scale.
        expect(right).toBeGreaterThan(edge - 128)
        edge = Math.max(edge, right)
      }
    }
  })

  test('grows for a reader that keeps up, and not for one that does not', () => {
    for (const reads of [true, false]) {
      const t = established({ rtt: 50 })
      t.watcher.reads = reads
      let seq = 1
      for (let round = 0; round < 20; round++) {
        for (let i = 0; i < 40 && seq < 120_000 + (reads ? 1e9 : 0); i++, seq += 1400) t.receives(text(seq, 1400))
        t.after(50).take()
      }
      const { receiveBuffer } = t.connection.info()
      if (reads) expect(receiveBuffer).toBeGreaterThan(131_072 * 0.9)
      else expect(receiveBuffer).toBe(131_072)
    }
  })
})

describe('timestamps', () => {
  test('are on every segment and echo the left edge', () => {
    const t = established({ tsval: 1000 })
    t.receives(text(1, 100))
    expect(t.take().every((sent) => sent.tsecr === 1000)).toBe(true)
  })

  test('an old one is rejected with an acknowledgement', () => {
    const t = established({ tsval: 1000 })
    t.tsval = 900
    t.receives(text(1, 100)).sends({ ack: 1, tsecr: 1000 })
    expect(t.watcher.text).toBe('')
    expect(t.tcp.counters.get('paws')).toBe(1)
  })

  test('an old one does not complete the handshake, and the next segment can', () => {
    const t = new Script().listen()
    t.receives(syn({ options: timestamps(1000, 0) })).sends({ flags: 'SA', tsecr: 1000 })
    t.receives(ack(1, { options: timestamps(900, t.tsecr) })).silent()
    expect(t.tcp.counters.get('paws')).toBe(1)
    expect(t.tcp.sizes).toMatchObject({ connections: 0, halfOpen: 1 })
    t.receives(ack(1, { options: timestamps(1000, t.tsecr) }))
    expect(t.accepted.length).toBe(1)
  })

  test('text without one is dropped', () => {
    const t = established({ tsval: 1000 })
    t.tsval = undefined
    t.receives(text(1, 100)).silent(1000)
  })

  test('after 24 days of silence an old one is accepted', () => {
    const t = established({ tsval: 1000 })
    t.after(25 * 24 * 3600 * 1000)
    t.tsval = 900
    t.receives(text(1, 'x'))
    expect(t.watcher.text).toBe('x')
  })

  test('they wrap', () => {
    const t = established({ tsval: 2 ** 32 - 10 })
    t.tsval = 5
    t.receives(text(1, 'x'))
    expect(t.watcher.text).toBe('x')
  })

  test('the echo is of the segment at the left edge, not of one ahead of a gap', () => {
    const t = established({ tsval: 40 })
    t.tsval = 50
    t.receives(text(501, 500)).sends({ ack: 1, tsecr: 40 })
    t.tsval = 49
    t.receives(text(1, 500)).sends({ ack: 1001, tsecr: 49 })
  })

  test('bare acknowledgements keep them as well', () => {
    const t = established({ tsval: 1 })
    t.receives(ack(1)).silent()
    t.write(10)
    t.sends({ length: 10, tsecr: 1 })
  })
})
