import { describe, expect, test } from 'vitest'
import { type AckSample, initialWindow } from '../../src/congestion/controller.js'
import { Cubic } from '../../src/congestion/cubic.js'
import { HyStart } from '../../src/congestion/hystart.js'
import { NewReno } from '../../src/congestion/new-reno.js'

const MSS = 1000
const MOST = 2 ** 30

const sample = (now: number, delivered: number, more: Partial<AckSample> = {}): AckSample => ({
  now,
  delivered,
  rtt: 100,
  srtt: 100,
  minRtt: 100,
  isCwndLimited: true,
  isRoundStart: false,
  ...more,
})

/** Acknowledge everything once a round trip. */
function rounds(controller: NewReno | Cubic, from: number, count: number, rtt = 100): void {
  for (let i = 0; i < count; i++) {
    const { cwnd } = controller
    for (let acked = 0; acked < cwnd; acked += 2 * MSS) {
      controller.onAck(
        sample(from + i * rtt, Math.min(2 * MSS, cwnd - acked), {
          rtt,
          srtt: rtt,
          minRtt: rtt,
          isRoundStart: acked === 0,
        }),
      )
    }
  }
}

test('the initial window of RFC 6928', () => {
  expect([536, 1460, 2740, 8960].map(initialWindow)).toEqual([5360, 14_600, 14_600, 17_920])
})

describe.each([
  ['NewReno', NewReno],
  ['Cubic', Cubic],
] as const)('%s', (_, Controller) => {
  test('doubles each round trip in slow start, however acknowledgements come', () => {
    const controller = new Controller(MSS, MOST)
    const { cwnd } = controller
    rounds(controller, 0, 3)
    expect(controller.cwnd).toBeCloseTo(8 * cwnd, -3)
  })

  test('does not grow when something else is the limit', () => {
    const controller = new Controller(MSS, MOST)
    const { cwnd } = controller
    for (let i = 0; i < 1000; i++) controller.onAck(sample(i, 10 * MSS, { isCwndLimited: false }))
    expect(controller.cwnd).toBe(cwnd)
  })

  test('stays finite and below its limit for ten days without loss', () => {
    const controller = new Controller(MSS, 8e6)
    controller.onLoss(0)
    controller.cwnd = controller.ssthresh
    for (let hour = 0; hour < 240; hour++) controller.onAck(sample(hour * 3.6e6, 100 * MSS))
    expect(controller.cwnd).toBeLessThanOrEqual(8e6)
    expect(Number.isFinite(controller.cwnd)).toBe(true)
  })

  test('never goes below two segments of threshold', () => {
    const controller = new Controller(MSS, MOST)
    controller.cwnd = MSS
    controller.onLoss(0)
    expect(controller.ssthresh).toBe(2 * MSS)
    controller.onTimeout(0, MSS, true)
    expect([controller.cwnd, controller.ssthresh]).toEqual([MSS, 2 * MSS])
  })

  test('restores the window when a reduction was for nothing', () => {
    const controller = new Controller(MSS, MOST)
    controller.cwnd = 100 * MSS
    controller.onTimeout(0, 100 * MSS, true)
    controller.onTimeout(100, 100 * MSS, false)
    controller.onUndo(200)
    expect(controller.cwnd).toBe(100 * MSS)
    expect(controller.ssthresh).toBe(Number.POSITIVE_INFINITY)
  })

  test('after a pause begins with the initial window at most', () => {
    const controller = new Controller(MSS, MOST)
    controller.cwnd = 100 * MSS
    controller.onIdle(10_000, 10_000)
    expect([controller.cwnd, controller.ssthresh > 70 * MSS]).toEqual([10 * MSS, true])
  })
})

test('NewReno grows by a segment a round trip after a loss', () => {
  const controller = new NewReno(MSS, MOST)
  controller.cwnd = controller.ssthresh = 20 * MSS
  rounds(controller, 0, 5)
  expect(controller.cwnd / MSS).toBeCloseTo(25, 0)
})

describe('Cubic', () => {
  const reduced = (from: number): Cubic => {
    const cubic = new Cubic(MSS, MOST)
    cubic.cwnd = from * MSS
    cubic.onLoss(0)
    cubic.cwnd = cubic.ssthresh
    return cubic
  }

  test('keeps 70 % on loss', () => {
    expect(reduced(100).ssthresh).toBe(70 * MSS)
  })

  test('is back at the old window after K seconds, slow around it and fast beyond', () => {
    const cubic = reduced(100)
    const at: number[] = []
    for (let ms = 0; ms < 9000; ms += 100) {
      rounds(cubic, ms, 1)
      at.push(cubic.cwnd / MSS)
    }
    const K = 42 // tenths of a second: the cube root of 75 seconds
    expect(at[K]).toBeGreaterThan(98)
    expect(at[K]).toBeLessThan(102)
    expect(at[10]! - at[0]!).toBeGreaterThan(at[K]! - at[K - 10]!)
    expect(at[80]! - at[70]!).toBeGreaterThan(at[50]! - at[K]!)
  })

  test('gives way when the window shrinks from loss to loss', () => {
    const cubic = reduced(100)
    cubic.cwnd = 90 * MSS
    cubic.onLoss(1000)
    cubic.cwnd = cubic.ssthresh
    for (let ms = 2000; ms < 6000; ms += 100) rounds(cubic, ms, 1)
    expect(cubic.cwnd / MSS).toBeLessThan(85)
  })

  test('is not slower than Reno on short paths', () => {
    const cubic = reduced(20)
    const before = cubic.cwnd
    rounds(cubic, 0, 20, 10)
    expect((cubic.cwnd - before) / MSS / 20).toBeGreaterThan(0.5)
  })

  test('does not jump after time in which it was not the limit', () => {
    const cubic = reduced(100)
    rounds(cubic, 0, 1)
    for (let ms = 100; ms < 10_000; ms += 100) cubic.onAck(sample(ms, MSS, { isCwndLimited: false }))
    const before = cubic.cwnd
    rounds(cubic, 10_100, 1)
    expect(cubic.cwnd - before).toBeLessThan(3 * MSS)
  })
})

describe('HyStart++', () => {
  const round = (hystart: HyStart, rtt: number): boolean => {
    let leave = false
    for (let i = 0; i < 10; i++) leave = hystart.onAck(rtt, i === 0) || leave
    return leave
  }

  test('grows carefully when round trips grow, and leaves after five rounds', () => {
    const hystart = new HyStart()
    round(hystart, 100)
    expect(hystart.growth).toBe(1)
    round(hystart, 113)
    expect(hystart.growth).toBe(0.25)
    for (let i = 0; i < 4; i++) expect(round(hystart, 114)).toBe(false)
    expect(round(hystart, 114)).toBe(true)
  })

  test('returns to slow start when that was a mistake', () => {
    const hystart = new HyStart()
    round(hystart, 100)
    round(hystart, 120)
    expect(hystart.growth).toBe(0.25)
    round(hystart, 100)
    expect(hystart.growth).toBe(1)
  })
})
