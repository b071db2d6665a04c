import { expect, test } from 'vitest'
import { Timeline, VirtualClock } from '../../src/index.js'

test('a timeline is a table of milliseconds since the start', () => {
  const clock = new VirtualClock()
  const timeline = new Timeline(clock, 20)
  timeline.note('root', 'starts')
  clock.advance(12.5)
  timeline.note('a', 'joins')
  expect(timeline.toString()).toBe('       0.000  root  starts\n      12.500  a     joins')
  for (let i = 0; i < 100; i++) timeline.note('a', `${i}`)
  expect(timeline.entries.length).toBeLessThanOrEqual(20)
  expect(timeline.entries.at(-1)).toMatchObject({ who: 'a', what: '99' })
})
