import { describe, expect, test } from 'vitest'
import { DeadlineQueue, NEVER } from '../../src/index.js'

describe('DeadlineQueue', () => {
  test('hands out what is due by time, then by the order of arming', () => {
    const queue = new DeadlineQueue()
    const ran: string[] = []
    queue.push(20, () => ran.push('c'))
    queue.push(10, () => ran.push('a'))
    queue.push(10, () => ran.push('b'))
    queue.push(30, () => ran.push('d'))
    for (let run = queue.takeDue(25); run; run = queue.takeDue(25)) run()
    expect(ran).toEqual(['a', 'b', 'c'])
    expect(queue.next()).toBe(30)
    expect(queue.size).toBe(1)
  })

  test('leaves what was armed at or after a sequence number', () => {
    const queue = new DeadlineQueue()
    queue.push(1, () => {})
    const fresh = queue.nextSequence
    queue.push(1, () => {})
    expect(queue.takeDue(1, fresh)).toBeTypeOf('function')
    expect(queue.takeDue(1, fresh)).toBeUndefined()
    expect(queue.takeDue(1)).toBeTypeOf('function')
  })

  test('taking back twice, or after it ran, is harmless', () => {
    const queue = new DeadlineQueue()
    const a = queue.push(1, () => {})
    const b = queue.push(2, () => {})
    queue.takeDue(1)
    queue.cancel(a)
    queue.cancel(b)
    queue.cancel(b)
    expect(queue.size).toBe(0)
    expect(queue.next()).toBe(NEVER)
  })

  test('keeps the order through ten thousand entries, most of them taken back', () => {
    const queue = new DeadlineQueue()
    let word = 12345
    const random = () => (word = (Math.imul(word, 1103515245) + 12345) >>> 0) >>> 8
    const expected: number[] = []
    const ran: number[] = []
    for (let i = 0; i < 10_000; i++) {
      const at = random() % 5000
      const deadline = queue.push(at, () => ran.push(at))
      if (random() % 4 === 0) expected.push(at)
      else queue.cancel(deadline)
    }
    expect(queue.size).toBe(expected.length)
    for (let run = queue.takeDue(NEVER); run; run = queue.takeDue(NEVER)) run()
    expect(ran).toEqual(expected.sort((a, b) => a - b))
  })

  test('re-arming with every packet does not fill the memory', () => {
    const queue = new DeadlineQueue()
    let deadline = queue.push(0, () => {})
    for (let i = 1; i <= 100_000; i++) {
      queue.cancel(deadline)
      deadline = queue.push(i, () => {})
    }
    expect(queue.size).toBe(1)
    expect(queue.peek()).toBe(deadline)
  })
})
