/**
 * A point in TCP's sequence space, modulo 2^32, as a *signed* 32-bit integer: V8 keeps those unboxed, while half of the
 * unsigned ones would be allocated on every store. Compared only by the functions of this file.
 *
 * @see RFC 9293 section 3.4
 */
export type Seq = number

/** `a + n` */
export function add(a: Seq, n: number): Seq {
  return (a + n) | 0
}

/** How far `a` is after `b`: negative if it is before. Right as long as they are less than 2^31 apart. */
export function distance(a: Seq, b: Seq): number {
  return (a - b) | 0
}

/** `a < b` */
export function before(a: Seq, b: Seq): boolean {
  return ((a - b) | 0) < 0
}

/** `a <= b` */
export function atOrBefore(a: Seq, b: Seq): boolean {
  return ((a - b) | 0) <= 0
}

/** `a > b` */
export function after(a: Seq, b: Seq): boolean {
  return ((a - b) | 0) > 0
}

/** `a >= b` */
export function atOrAfter(a: Seq, b: Seq): boolean {
  return ((a - b) | 0) >= 0
}

/** `from <= a < to` */
export function within(a: Seq, from: Seq, to: Seq): boolean {
  return (a - from) >>> 0 < (to - from) >>> 0
}

/** The earlier of two. */
export function earlier(a: Seq, b: Seq): Seq {
  return ((a - b) | 0) < 0 ? a : b
}
