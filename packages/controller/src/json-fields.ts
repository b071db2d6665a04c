/**
 * Checks for values that come as JSON, from an owner's settings or from a file. Each takes a value and the name of its
 * field, and returns the value in its one canonical form. @throws ZT_ARG_INVALID with `field`.
 */
import { type ErrorDetails, IpAddress, IpPrefix, ZtError } from '@zt/sansio'

/** A check: the value in canonical form, or a complaint. */
export type Check<T> = (value: unknown, field: string) => T

/** Complain about a field. */
export function reject(field: string, expected: string, value: unknown, details: ErrorDetails = {}): never {
  throw new ZtError('ZT_ARG_INVALID', `${field}: expected ${expected}, got ${describe(value)}`, { ...details, field })
}

/** True or false, nothing that merely looks like it. */
export const flag: Check<boolean> = (value, field) =>
  typeof value === 'boolean' ? value : reject(field, 'true or false', value)

/** An integer from `least` to `most`, both inclusive. */
export function integer(least: number, most: number): Check<number> {
  return (value, field) =>
    Number.isInteger(value) && (value as number) >= least && (value as number) <= most
      ? (value as number)
      : reject(field, `an integer from ${least} to ${most}`, value)
}

/** An unsigned integer of 32 bits. */
export const u32 = integer(0, 0xffff_ffff)
/** Milliseconds since the epoch, or any other number that only grows. */
export const time = integer(0, Number.MAX_SAFE_INTEGER)

/** A text of at most `most` bytes of UTF-8. */
export function text(most: number): Check<string> {
  return (value, field) =>
    typeof value === 'string' && utf8Length(value) <= most
      ? value
      : reject(field, `a text of at most ${most} bytes`, value)
}

/** Exactly so many hexadecimal digits, in lower case. */
export function hex(digits: number): Check<string> {
  return (value, field) =>
    typeof value === 'string' && value.length === digits && /^[0-9a-f]+$/i.test(value)
      ? value.toLowerCase()
      : reject(field, `${digits} hexadecimal digits`, value)
}

/** `null`, or what `check` takes. */
export function nullable<T>(check: Check<T>): Check<T | null> {
  return (value, field) => (value === null ? null : check(value, field))
}

/** A list of at most `most` items. */
export function list<T>(most: number, item: Check<T>): Check<readonly T[]> {
  return (value, field) => {
    if (!Array.isArray(value)) return reject(field, 'a list', value)
    if (value.length > most) return reject(field, `at most ${most} entries`, value)
    return value.map((entry, i) => item(entry, `${field}[${i}]`))
  }
}

/** The members of an object; what `record` does not ask for is ignored. */
export function object(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return reject(field, 'an object', value)
  return value as Record<string, unknown>
}

/** An IP address in its canonical text. */
export const ip: Check<string> = (value, field) => {
  const address = typeof value === 'string' ? IpAddress.tryParse(value) : undefined
  return address ? address.toString() : reject(field, 'an IP address', value)
}

/** `10.1.2.0/24`; bits behind the prefix are cleared. */
export const network: Check<string> = (value, field) => {
  try {
    return IpPrefix.parse(value as string).network.toString()
  } catch (cause) {
    return reject(field, 'a network such as 10.1.2.0/24', value, { cause })
  }
}

function describe(value: unknown): string {
  const shown = JSON.stringify(value) ?? typeof value
  return shown.length > 80 ? `${shown.slice(0, 77)}...` : shown
}

function utf8Length(value: string): number {
  let length = 0
  for (const character of value) {
    const point = character.codePointAt(0)!
    length += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4
  }
  return length
}
