import { NEVER } from '@zt/sansio'
import { describe, expect, test } from 'vitest'
import { Script, ack, established, sackOf, syn } from './script/script.js'

const MSS = 1460
const at = (segment: number): number => 1 + MSS * segment
const seqs = (t: Script): number[] => t.take().map(({ seq }) => (seq - 1) / MSS)

/** Established with a round trip of 100 ms and `segments` full segments in flight, 1 ms apart from now. */
function inFlight(segments: number, options: Parameters<typeof established>[0] = {}): Script {
  const t = established({ rtt: 100, ...options })
  t.write(MSS * segments)
  expect(seqs(t).length).toBe(segments)
  return t
}

describe('the retransmission timeout (RFC 6298)', () => {
  test('follows the samples', () => {
    const t = established({ rtt: 100 })
    expect(t.connection.info()).toMatchObject({ srtt: 100, rttvar: 50, rto: 300 })
    t.write(100)
    t.after(200).receives(ack(101))
    expect(t.connection.info()).toMatchObject({ srtt: 112.5, rttvar: 62.5, rto: 362.5 })
  })

  test('stands off 200 ms from the smoothed round trip', () => {
    for (const [rtt, rto] of [
      [1, 201],
      [180, 380],
    ] as const) {
      const t = established({ rtt })
      for (let i = 0, seq = 1; i < 100; i++, seq += 10) {
        t.write(10)
        t.after(rtt).receives(ack(seq + 10))
      }
      expect(t.connection.info().rto).toBeCloseTo(rto, 0)
    }
  })

  test('doubles, and gives up after the retries', () => {
    const t = established({ rtt: 100, sack: false, settings: { retriesMax: 4 } })
    t.write(10)
    t.take()
    const times: number[] = []
    for (let ms = 1; ms < 60_000 && !t.watcher.error; ms++) {
      t.after(1)
      if (t.take().length > 0) times.push(ms)
    }
    expect(times.map((time) => Math.round(time / 10) * 10)).toEqual([300, 900, 2100, 4500])
    expect(t.watcher.error).toMatchObject({ code: 'ETIMEDOUT' })
  })

  test('starts anew when something is acknowledged, but not for duplicates', () => {
    const t = inFlight(2, { sack: false })
    t.after(250).receives(ack(at(1)))
    const { rto } = t.connection.info()
    t.silent(rto - 90)
    for (let i = 0; i < 4; i++) t.after(25).receives(ack(at(1)))
    expect(seqs(t)).toEqual([1])
  })

  test('nothing is armed when all is acknowledged', () => {
    const t = inFlight(3)
    t.receives(ack(at(3)))
    t.silent(10_000)
    expect(t.stack.timers.nextTimeout()).toBe(NEVER)
  })

  test('Karn: a retransmitted segment gives no sample, and the back-off stays', () => {
    const t = established({ rtt: 100, sack: false })
    t.write(10)
    t.after(310).take()
    t.receives(ack(11))
    expect(t.connection.info()).toMatchObject({ srtt: 100, rto: 600 })
  })

  test('with timestamps it does', () => {
    const t = established({ rtt: 100, tsval: 1, sack: false })
    t.write(10)
    t.after(310).take()
    t.after(50).receives(ack(11))
    expect(t.connection.info().srtt).toBeLessThan(100)
  })

  test('a timeout leaves one segment of window, and half of the flight as threshold with Reno', () => {
    const t = inFlight(10, { sack: false, settings: { congestion: 'new-reno' } })
    t.after(310)
    expect(seqs(t)).toEqual([0])
    expect(t.connection.info()).toMatchObject({ cwnd: MSS, ssthresh: 5 * MSS, recovery: 'loss' })
    t.after(610)
    expect(t.connection.info().ssthresh).toBe(5 * MSS)
  })

  test('after a lost SYN it begins with three seconds', () => {
    const t = new Script().listen().receives(syn()).after(1100)
    t.receives(ack(1))
    expect(t.connection.info().rto).toBe(3000)
  })
})

describe('loss with SACK (RFC 8985, RFC 9937)', () => {
  test('one segment: three sacked ones are enough, and it is sent once', () => {
    const t = inFlight(10)
    t.after(100)
    t.receives(ack(1, { options: sackOf(t, [at(1), at(2)]) })).silent()
    t.receives(ack(1, { options: sackOf(t, [at(1), at(3)]) })).silent()
    t.receives(ack(1, { options: sackOf(t, [at(1), at(4)]) })).sends({ seq: 1, length: MSS })
    for (let i = 5; i <= 10; i++) t.receives(ack(1, { options: sackOf(t, [at(1), at(i)]) }))
    expect(seqs(t)).toEqual([])
    t.receives(ack(at(10))).silent(5000)
    expect(t.connection.info()).toMatchObject({ segmentsRetransmitted: 1, timeouts: 0, recovery: 'open' })
  })

  test('few sacked ones: after a quarter of the round trip', () => {
    const t = inFlight(3)
    t.after(100)
      .receives(ack(1, { options: sackOf(t, [at(1), at(3)]) }))
      .silent(23)
    t.after(5).sends({ seq: 1 })
  })

  test('several losses are repaired in one recovery, without a timeout', () => {
    const t = inFlight(10)
    const got = new Set([0, 2, 4, 6, 8, 9])
    t.after(100).receives(ack(at(1)))
    for (const i of [2, 4, 6, 8, 9]) {
      t.receives(
        ack(at(1), {
          options: sackOf(
            t,
            ...[2, 4, 6, 8, 9]
              .filter((n) => n <= i)
              .slice(-4)
              .map((n) => [at(n), at(n + 1)] as const),
          ),
        }),
      )
    }
    for (let rounds = 0; rounds < 10 && got.size < 10; rounds++) {
      t.after(10)
      for (const i of seqs(t)) got.add(i)
      t.after(90)
      let una = 0
      while (got.has(una)) una++
      t.receives(ack(at(una), { options: sackOf(t, [at(9), at(10)]) }))
    }
    expect(got.size).toBe(10)
    expect(t.connection.info()).toMatchObject({ timeouts: 0, segmentsRetransmitted: 4 })
  })

  test('reordering by less than the window is no loss once reordering was seen', () => {
    const t = inFlight(10)
    t.after(100)
    t.receives(ack(1, { options: sackOf(t, [at(1), at(2)]) }))
    t.receives(ack(at(2)))
    expect(t.connection.info().reorderingSeen).toBe(true)
    for (let i = 4; i <= 8; i++) t.receives(ack(at(2), { options: sackOf(t, [at(3), at(i)]) }))
    t.after(10).silent()
    t.receives(ack(at(8)))
    expect(t.connection.info().segmentsRetransmitted).toBe(0)
  })

  test('a retransmission that is lost too is sent again before the timeout', () => {
    const t = established({ rtt: 100 })
    t.write(MSS * 40)
    t.take()
    t.after(100).receives(ack(1, { options: sackOf(t, [at(1), at(10)]) }))
    expect(seqs(t)[0]).toBe(0)
    const sentBefore = t.connection.info().segmentsRetransmitted
    t.after(100).receives(ack(1, { options: sackOf(t, [at(1), at(16)]) }))
    t.after(30)
    expect(t.connection.info().segmentsRetransmitted).toBeGreaterThan(sentBefore)
    expect(t.connection.info().timeouts).toBe(0)
  })

  test('the tail: a probe after two round trips, not a timeout', () => {
    const t = inFlight(5)
    t.after(100)
      .receives(ack(at(4)))
      .silent(190)
    t.after(75).sends({ seq: at(4), length: MSS })
    t.after(30).receives(ack(at(5)))
    expect(t.connection.info()).toMatchObject({ timeouts: 0, tailLossProbes: 1 })
  })

  test('the probe is new text if there is some', () => {
    const t = established({ rtt: 100, wnd: 3 * MSS + 500, windowScale: undefined })
    t.write(MSS * 4)
    expect(seqs(t)).toEqual([0, 1, 2])
    t.after(205)
    t.sends({ seq: at(3), length: 500 })
  })

  test.each([
    ['something was sacked meanwhile', 195, 15],
    ['recovery has begun meanwhile', 150, 15],
  ])('there is no probe when %s', (_, sackedAfter, quiet) => {
    const t = inFlight(5)
    t.after(sackedAfter).receives(ack(1, { options: sackOf(t, [at(1), at(2)]) }))
    t.silent(quiet)
    t.after(40).sends({ seq: 1, length: MSS }).silent()
    expect(t.connection.info()).toMatchObject({ recovery: 'recovery', tailLossProbes: 0 })
  })

  test('a probe that repaired a loss counts as one', () => {
    const t = inFlight(5)
    const { cwnd } = t.connection.info()
    t.after(100).receives(ack(at(4)))
    t.after(265).sends({ seq: at(4) })
    t.after(100).receives(ack(at(5)))
    t.write(MSS)
    t.after(0).receives(ack(at(6)))
    expect(t.connection.info().cwnd).toBeLessThan(cwnd)
  })

  test('a probe that was not needed does not', () => {
    const t = inFlight(5)
    t.after(100).receives(ack(at(4)))
    const { cwnd } = t.connection.info()
    t.after(265).sends({ seq: at(4) })
    t.receives(ack(at(5), { options: sackOf(t, [at(4), at(5)]) }))
    t.write(MSS)
    t.after(0).receives(ack(at(6)))
    expect(t.connection.info().cwnd).toBeGreaterThanOrEqual(cwnd)
  })

  test('a peer that forgets what it sacked gets it again', () => {
    const t = inFlight(4)
    t.after(100).receives(ack(1, { options: sackOf(t, [at(1), at(4)]) }))
    t.after(30)
      .receives(ack(at(1), { options: [] }))
      .take()
    t.after(3000)
    expect(new Set(seqs(t))).toEqual(new Set([1]))
    t.receives(ack(at(2), { options: [] }))
    t.after(5000)
    expect(seqs(t)).toContain(2)
    expect(t.tcp.counters.get('sack-reneging')).toBe(1)
  })

  test('nonsense in SACK blocks is ignored', () => {
    const t = inFlight(4)
    t.receives(ack(1, { options: sackOf(t, [at(3), at(2)], [at(10), at(20)], [-5000, -3000]) }))
    expect(t.connection.info().bytesInFlight).toBe(4 * MSS)
    t.receives(ack(at(4))).silent(1000)
  })

  test('one reduction for all losses of a round trip, to 70 % with CUBIC', () => {
    const t = inFlight(10)
    t.after(100).receives(
      ack(1, { options: sackOf(t, [at(1), at(2)], [at(3), at(4)], [at(5), at(6)], [at(7), at(10)]) }),
    )
    for (let i = 0; i < 4; i++) t.after(100).receives(ack(at(10)))
    expect(t.connection.info().ssthresh).toBeCloseTo(14_600 * 0.7, -1)
  })

  test('a lost FIN is sent again with its number', () => {
    const t = established({ rtt: 100 })
    t.connection.write(new Uint8Array(100))
    t.connection.shutdownWrite()
    t.after(0).sends({ flags: 'FA', seq: 1, length: 100 })
    t.receives(ack(101))
    t.after(1000)
    expect(t.take()[0]).toMatchObject({ flags: 'FA', seq: 101, length: 0 })
  })
})

describe('loss without SACK (RFC 6582)', () => {
  const plain = { sack: false, settings: { congestion: 'new-reno' } } as const

  test('two duplicates let new segments out, the third is loss', () => {
    const t = established({ rtt: 100, ...plain })
    t.write(MSS * 20)
    expect(seqs(t).length).toBe(10)
    t.after(100)
    t.receives(ack(1)).sends({ seq: at(10) })
    t.receives(ack(1)).sends({ seq: at(11) })
    t.receives(ack(1)).sends({ seq: 1 })
    expect(t.connection.info().recovery).toBe('recovery')
  })

  test('a partial acknowledgement is the next loss, without a timeout', () => {
    const t = inFlight(10, plain)
    t.after(100)
    for (let i = 0; i < 6; i++) t.receives(ack(1))
    expect(seqs(t)).toEqual([0])
    t.after(100).receives(ack(at(3)))
    expect(seqs(t)).toEqual([3])
    t.after(100).receives(ack(at(10)))
    expect(t.connection.info()).toMatchObject({ recovery: 'open', timeouts: 0, ssthresh: 5 * MSS })
  })

  test('duplicates of what a timeout sends again are no new loss', () => {
    const t = inFlight(6, plain)
    t.after(310).take()
    t.receives(ack(at(1))).take()
    for (let i = 0; i < 5; i++) t.receives(ack(at(1)))
    expect(t.connection.info().recovery).toBe('loss')
  })

  test('a window update is no duplicate', () => {
    const t = inFlight(10, plain)
    for (let i = 1; i <= 6; i++) t.receives(ack(1, { wnd: 512 + i }))
    expect(t.connection.info()).toMatchObject({ segmentsRetransmitted: 0, recovery: 'open' })
  })
})

describe('what turns out to be no loss', () => {
  test('a timeout in a delay spike is undone by acknowledgements of the originals (F-RTO)', () => {
    const t = established({ rtt: 100 })
    t.write(MSS * 40)
    expect(seqs(t).length).toBe(10)
    const { cwnd } = t.connection.info()
    t.after(1000)
    expect(t.connection.info()).toMatchObject({ timeouts: 1, recovery: 'loss' })
    t.take()
    for (let i = 1; i <= 10; i++) t.receives(ack(at(i)))
    expect(t.connection.info()).toMatchObject({ spuriousRecoveries: 1, recovery: 'open' })
    expect(t.connection.info().cwnd).toBeGreaterThanOrEqual(cwnd)
    expect(t.connection.info().segmentsRetransmitted).toBeLessThanOrEqual(2)
  })

  test('a genuine timeout is not', () => {
    const t = inFlight(10)
    t.after(1000).take()
    t.receives(ack(at(1))).take()
    t.after(50).receives(ack(at(2)))
    t.after(50).receives(ack(at(3)))
    expect(t.connection.info().spuriousRecoveries).toBe(0)
  })

  test('a recovery whose acknowledgement echoes the original is undone (Eifel)', () => {
    const t = inFlight(9, { tsval: 1, mss: MSS + 12, mtu: MSS + 52 })
    const original = t.tsecr
    const { cwnd } = t.connection.info()
    t.after(100)
    t.receives(ack(1, { options: sackOf(t, [at(1), at(5)]) }))
    expect(seqs(t)).toEqual([0])
    t.tsecr = original
    t.after(5).receives(ack(at(9)))
    expect(t.connection.info()).toMatchObject({ spuriousRecoveries: 1, recovery: 'open' })
    expect(t.connection.info().cwnd).toBeGreaterThanOrEqual(cwnd)
  })

  test('a recovery whose retransmissions are all reported as duplicates is undone (D-SACK)', () => {
    const t = inFlight(10)
    t.after(100).receives(ack(1, { options: sackOf(t, [at(1), at(5)]) }))
    expect(seqs(t)).toEqual([0])
    t.receives(ack(at(10)))
    t.after(100).receives(ack(at(10), { options: sackOf(t, [at(0), at(1)]) }))
    t.write(MSS)
    t.after(100).receives(ack(at(11), { options: sackOf(t, [at(0), at(1)]) }))
    expect(t.connection.info().spuriousRecoveries).toBe(1)
  })
})

test('a jump of the clock is no reason to give up', () => {
  const t = inFlight(3)
  t.clock.advance(60_000)
  expect(t.connection.state).toBe('ESTABLISHED')
  t.take()
  t.receives(ack(at(3))).silent(5000)
})
