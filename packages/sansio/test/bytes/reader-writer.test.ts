import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ByteReader, ByteWriter, isZtError } from '../../src/index.js'

/** One field: how it is written, read back, and how many bytes it takes. */
interface Field {
  readonly write: (w: ByteWriter) => unknown
  readonly read: (r: ByteReader) => unknown
  readonly value: unknown
  readonly size: number
}

const field = (write: Field['write'], read: Field['read'], value: unknown, size: number): Field => ({
  write,
  read,
  value,
  size,
})

const uint = (name: 'u8' | 'u16' | 'u32' | 'u40' | 'u48', size: number): fc.Arbitrary<Field> =>
  fc.maxSafeNat().map((n) => {
    const value = n % 2 ** (8 * size)
    return field(
      (w) => w[name](value),
      (r) => r[name](),
      value,
      size,
    )
  })

const anyField: fc.Arbitrary<Field> = fc.oneof(
  uint('u8', 1),
  uint('u16', 2),
  uint('u32', 4),
  uint('u40', 5),
  uint('u48', 6),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) =>
    field(
      (w) => w.u64(value),
      (r) => r.u64(),
      value,
      8,
    ),
  ),
  fc.maxSafeNat().map((value) =>
    field(
      (w) => w.time(value),
      (r) => r.time(),
      value,
      8,
    ),
  ),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => {
    return field(
      (w) => w.put(bytes),
      (r) => r.copy(bytes.length),
      new Uint8Array(bytes),
      bytes.length,
    )
  }),
  fc.nat({ max: 40 }).map((n) =>
    field(
      (w) => w.zeros(n),
      (r) => r.copy(n),
      new Uint8Array(n),
      n,
    ),
  ),
)

function written(fields: readonly Field[]): Uint8Array {
  const w = new ByteWriter(1)
  for (const { write } of fields) write(w)
  return w.finish()
}

describe('ByteWriter and ByteReader', () => {
  test('read what was written, to the last byte', () => {
    fc.assert(
      fc.property(fc.array(anyField, { maxLength: 30 }), (fields) => {
        const bytes = written(fields)
        const r = new ByteReader(bytes)
        expect(fields.map(({ read }) => read(r))).toEqual(fields.map(({ value }) => value))
        expect(r.ok).toBe(true)
        expect(r.remaining).toBe(0)
        expect(bytes.length).toBe(fields.reduce((sum, { size }) => sum + size, 0))
      }),
    )
  })

  test('any truncation is noticed and never throws', () => {
    fc.assert(
      fc.property(
        fc.array(anyField, { minLength: 1, maxLength: 10 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (fields, where) => {
          const whole = written(fields)
          fc.pre(whole.length > 0)
          const r = new ByteReader(whole.subarray(0, Math.floor(where * whole.length)))
          for (const { read } of fields) read(r)
          expect(r.ok).toBe(false)
          expect(r.remaining).toBe(0)
        },
      ),
    )
  })

  test('integers are big-endian', () => {
    const w = new ByteWriter()
      .u8(0x01)
      .u16(0x0203)
      .u32(0x04050607)
      .u40(0x08090a0b0c)
      .u48(0x0d0e0f101112)
      .u64(0x131415161718191an)
    expect([...w.bytes]).toEqual(Array.from({ length: 26 }, (_, i) => i + 1))
  })
})

describe('ByteReader', () => {
  test('stays faulty after one short read, although there were bytes left', () => {
    const r = new ByteReader(Uint8Array.of(1, 2, 3))
    expect(r.u32()).toBe(0)
    expect(r.u8()).toBe(0)
    expect(r.take(1)).toHaveLength(0)
    expect(r.ok).toBe(false)
  })

  test('keeps to its range', () => {
    const r = new ByteReader(Uint8Array.of(9, 1, 2, 9), 1, 3)
    expect([r.u8(), r.u8()]).toEqual([1, 2])
    expect(r.offset).toBe(3)
    expect(r.u8()).toBe(0)
    expect(r.ok).toBe(false)
  })

  test('a range that starts past its end is faulty from the start', () => {
    expect(new ByteReader(new Uint8Array(4), 5).ok).toBe(false)
  })

  test('a sub-reader is confined, and skipped by its parent', () => {
    const r = new ByteReader(Uint8Array.of(1, 2, 3, 4))
    const sub = r.sub(2)
    expect(sub.u32()).toBe(0)
    expect(sub.ok).toBe(false)
    expect([r.u8(), r.u8()]).toEqual([3, 4])
    expect(r.ok).toBe(true)
  })

  test('a sub-reader longer than what is left makes both faulty', () => {
    const r = new ByteReader(Uint8Array.of(1))
    expect(r.sub(2).ok).toBe(false)
    expect(r.ok).toBe(false)
  })

  test('negative lengths are faults', () => {
    const r = new ByteReader(new Uint8Array(8), 4)
    expect(r.take(-4)).toHaveLength(0)
    expect(r.ok).toBe(false)
  })

  test('take borrows, copy does not', () => {
    const bytes = Uint8Array.of(1, 2)
    const taken = new ByteReader(bytes).take(2)
    const copied = new ByteReader(bytes).copy(2)
    bytes[0] = 9
    expect([...taken]).toEqual([9, 2])
    expect([...copied]).toEqual([1, 2])
  })

  test('fail() refuses what was read', () => {
    const r = new ByteReader(Uint8Array.of(1, 2))
    r.fail()
    expect([r.ok, r.remaining, r.u8()]).toEqual([false, 0, 0])
  })
})

describe('ByteWriter', () => {
  test('refuses to grow past its limit, and says so', () => {
    const w = new ByteWriter(4, 6).u32(1)
    expect(() => w.u32(2)).toThrow(expect.toSatisfy((error) => isZtError(error, 'ZT_TOO_LARGE')))
    expect(w.length).toBe(4)
    expect(w.u16(3).finish()).toEqual(Uint8Array.of(0, 0, 0, 1, 0, 3))
  })

  test('zeros are zeros even where the buffer was used before', () => {
    const w = new ByteWriter(8)
    expect([...w.u8(1).zeros(3).u8(2).bytes]).toEqual([1, 0, 0, 0, 2])
  })

  test('lengths are written afterwards', () => {
    const w = new ByteWriter().u16(0).put(Uint8Array.of(7, 8, 9))
    w.setU16(0, w.length - 2)
    expect([...w.bytes]).toEqual([0, 3, 7, 8, 9])
  })

  test('timestamps lose their fraction', () => {
    const w = new ByteWriter().time(1_700_000_000_000.9)
    expect(new ByteReader(w.bytes).time()).toBe(1_700_000_000_000)
  })
})
