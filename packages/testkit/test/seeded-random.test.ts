import { describe, expect, test } from 'vitest'
import { SeededRandom, withSeed } from '../src/index.js'

describe('SeededRandom', () => {
  test('repeats by seed', () => {
    const [a, b, c] = [new SeededRandom(7), new SeededRandom('7'), new SeededRandom(8)]
    const words = Array.from({ length: 5 }, () => a.u32())
    expect(Array.from({ length: 5 }, () => b.u32())).toEqual(words)
    expect(Array.from({ length: 5 }, () => c.u32())).not.toEqual(words)
    expect(words).toMatchInlineSnapshot(`
      [
        2900794953,
        2918583189,
        563136783,
        3157380729,
        2814551603,
      ]
    `)
  })

  test('is evenly spread', () => {
    const random = new SeededRandom(1)
    const counts = new Array<number>(16).fill(0)
    for (let i = 0; i < 160_000; i++) counts[random.below(16)]++
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400) // four standard deviations
    const bits = new Array<number>(32).fill(0)
    for (let i = 0; i < 10_000; i++)
      for (let bit = 0, word = random.u32(); bit < 32; bit++) bits[bit] += (word >>> bit) & 1
    for (const count of bits) expect(Math.abs(count - 5000)).toBeLessThan(250)
  })

  test('fills all of any length, and forks are independent of what the parent draws', () => {
    const random = new SeededRandom(1)
    const early = random.fork('x').bytes(37)
    random.u32()
    expect(random.fork('x').bytes(37)).toEqual(early)
    expect(random.fork('y').bytes(37)).not.toEqual(early)
    expect(early.subarray(32).some((byte) => byte !== 0)).toBe(true)
  })

  test('chance keeps its promise and draws nothing for what cannot happen', () => {
    const random = new SeededRandom(3)
    const twin = new SeededRandom(3)
    expect(random.chance(0)).toBe(false)
    expect(random.u32()).toBe(twin.u32())
    let hits = 0
    for (let i = 0; i < 10_000; i++) if (random.chance(0.1)) hits++
    expect(Math.abs(hits - 1000)).toBeLessThan(120)
    expect(random.chance(1)).toBe(true)
  })
})

describe('withSeed', () => {
  test('a failure names the seed that repeats it', async () => {
    const fail = (): never => {
      throw new Error('broken')
    }
    expect(() => withSeed(42, fail)).toThrow('broken (seed 42)')
    await expect(withSeed('s', async () => fail())).rejects.toThrow('broken (seed "s")')
    expect(withSeed(42, (random) => random.seed)).toBe(42)
  })
})
