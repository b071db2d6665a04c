import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BoundedMap } from '../../src/index.js'

describe('BoundedMap', () => {
  test('keeps the newest, drops the oldest and says which', () => {
    const evicted: [string, number][] = []
    const map = new BoundedMap<string, number>(2, (key, value) => void evicted.push([key, value]))
    map.set('a', 1)
    map.set('b', 2)
    map.set('a', 3) // now the newest
    map.set('c', 4)
    expect([...map]).toEqual([
      ['a', 3],
      ['c', 4],
    ])
    expect(evicted).toEqual([['b', 2]])
  })

  test('deleting and clearing are not eviction', () => {
    const map = new BoundedMap<string, number>(1, () => expect.unreachable())
    map.set('a', 1)
    expect([map.delete('a'), map.delete('a')]).toEqual([true, false])
    map.set('b', 2)
    map.clear()
    map.set('c', 3)
    expect([...map.keys(), ...map.values(), map.has('b'), map.get('c')]).toEqual(['c', 3, false, 3])
  })

  test('undefined is a key like another when it is the oldest', () => {
    const map = new BoundedMap<string | undefined, number>(1)
    map.set(undefined, 1)
    map.set('a', 2)
    expect([...map.keys()]).toEqual(['a'])
  })

  test('is a list of the last distinct keys, at any capacity', () => {
    const operation = fc.record({ key: fc.nat({ max: 9 }), remove: fc.boolean() })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(operation), (capacity, operations) => {
        const map = new BoundedMap<number, number>(capacity)
        let model: number[] = []
        for (const [i, { key, remove }] of operations.entries()) {
          model = model.filter((each) => each !== key)
          if (remove) map.delete(key)
          else {
            map.set(key, i)
            model = [...model, key].slice(-capacity)
          }
          expect([...map.keys()]).toEqual(model)
          expect(map.size).toBe(model.length)
        }
      }),
    )
  })
})
