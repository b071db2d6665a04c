import { SeededRandom } from '@zt/testkit'
import { describe, expect, test } from 'vitest'
import { InFlight, Mark } from '../../src/send/in-flight.js'

/** The slow and obvious version: a list of records. */
class Reference {
  entries: { seq: number; length: number; marks: number; sentAt: number; order: number }[] = []
  #order = 0

  push(seq: number, length: number, now: number): void {
    this.entries.push({ seq, length, marks: 0, sentAt: now, order: this.#order++ })
  }

  retransmit(index: number, now: number): void {
    const entry = this.entries[index]!
    entry.marks |= Mark.EVER_RETRANSMITTED | (entry.marks & Mark.LOST ? Mark.RETRANSMITTED : 0)
    entry.sentAt = now
    entry.order = this.#order++
  }

  get pipe(): number {
    return this.entries.reduce((sum, { marks, length }) => {
      if (marks & Mark.SACKED) return sum
      return sum + (marks & Mark.LOST ? 0 : length) + (marks & Mark.RETRANSMITTED ? length : 0)
    }, 0)
  }

  get byTime(): number[] {
    const waiting = this.entries.filter(
      ({ marks }) => !(marks & Mark.SACKED) && (marks & (Mark.LOST | Mark.RETRANSMITTED)) !== Mark.LOST,
    )
    return waiting.sort((a, b) => a.order - b.order).map(({ seq }) => seq)
  }
}

describe('InFlight', () => {
  test.each([1, 2, 3, 4])('is what a list of records would be (seed %i)', (seed) => {
    const random = new SeededRandom(seed)
    const ring = new InFlight(4)
    const list = new Reference()
    let next = -5000
    for (let now = 0; now < 3000; now++) {
      const action = random.below(6)
      const index = list.entries.length === 0 ? -1 : random.below(list.entries.length)
      if (action <= 1 && list.entries.length < 200) {
        const length = 1 + random.below(1460)
        ring.push(next, length, now, 0)
        list.push(next, length, now)
        next = (next + length) | 0
      } else if (index < 0) {
        continue
      } else if (action === 2) {
        const { marks } = list.entries[index]!
        if (marks & Mark.SACKED) continue
        ring.markSacked(index)
        list.entries[index]!.marks = (marks & ~(Mark.LOST | Mark.RETRANSMITTED)) | Mark.SACKED
      } else if (action === 3) {
        if (list.entries[index]!.marks & Mark.SACKED) continue
        ring.markLost(index)
        list.entries[index]!.marks = (list.entries[index]!.marks & ~Mark.RETRANSMITTED) | Mark.LOST
      } else if (action === 4) {
        const lost = ring.nextLost()
        const expected = list.entries.findIndex(({ marks }) => (marks & (Mark.LOST | Mark.RETRANSMITTED)) === Mark.LOST)
        expect(lost).toBe(expected)
        if (lost < 0) continue
        ring.markRetransmitted(lost, now)
        list.retransmit(lost, now)
      } else {
        ring.shift()
        list.entries.shift()
      }
      expect(ring.count).toBe(list.entries.length)
      expect(ring.pipe).toBe(list.pipe)
      if (now % 20 === 0) compare(ring, list)
    }
    compare(ring, list)
  })

  test('splits an entry into pieces that keep its marks, and the FIN with the last', () => {
    const ring = new InFlight(2)
    ring.push(0, 1000, 1, 0)
    ring.push(1000, 1001, 2, Mark.FIN)
    ring.markLost(1)
    ring.split(1, 600)
    expect([0, 1, 2].map((i) => [ring.seq(i), ring.length(i), ring.marks(i)])).toEqual([
      [0, 1000, 0],
      [1000, 600, Mark.LOST],
      [1600, 401, Mark.LOST | Mark.FIN],
    ])
    expect(ring.pipe).toBe(1000)
    expect(ring.nextLost()).toBe(1)
  })

  test('forgets sacks and losses when told to', () => {
    const ring = new InFlight()
    for (let i = 0; i < 5; i++) ring.push(i * 10, 10, i, 0)
    ring.markSacked(1)
    ring.markLost(2)
    ring.clearSacked()
    expect(ring.pipe).toBe(40)
    ring.clearLost()
    expect(ring.pipe).toBe(50)
    expect(ring.nextLost()).toBe(-1)
  })
})

function compare(ring: InFlight, list: Reference): void {
  list.entries.forEach(({ seq, length, marks, sentAt }, i) => {
    expect([ring.seq(i), ring.length(i), ring.marks(i), ring.sentAt(i)]).toEqual([seq, length, marks, sentAt])
    expect(ring.find((seq + length - 1) | 0)).toBe(i)
  })
  const byTime: number[] = []
  for (let i = ring.oldest; i >= 0; i = ring.newerThan(i)) byTime.push(ring.seq(i))
  expect(byTime).toEqual(list.byTime)
}
