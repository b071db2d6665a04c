/**
 * Errors that callers can act on. Remote misbehaviour is never an error: it is a counted drop (see `diagnostics.ts`).
 *
 * Codes: `ZT_<AREA>_<WHAT>` for ZeroTier's own conditions; Node's codes (`ECONNREFUSED`, `EADDRINUSE`, …) where Node
 * would use them. The code is the contract, the message is for people.
 */
export type ErrorCode = `ZT_${string}` | `E${string}`

const brand = Symbol.for('@zt/error')

/** What a `ZtError` may carry beside its code and message. */
export interface ErrorDetails {
  readonly cause?: unknown
  /** What the caller can do about it, in one sentence. */
  readonly hint?: string
  /** Facts for programs: address, port, networkId, … Copied onto the error. */
  readonly [fact: string]: unknown
}

/** An error with a stable `code`, and where there is one a `hint` that says what to do next. */
export class ZtError extends Error {
  override readonly name: string = 'ZtError'
  readonly code: ErrorCode
  declare readonly hint?: string

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    const { cause, ...facts } = details
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    Object.assign(this, facts)
    Object.defineProperty(this, brand, { value: true })
  }
}

/**
 * Is this one of our errors (with this code)? Use this instead of `instanceof`: packages are versioned separately, and
 * two copies of this class may be loaded.
 */
export function isZtError(error: unknown, code?: ErrorCode): error is ZtError {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false
  return code === undefined || (error as unknown as ZtError).code === code
}

/** An internal invariant. A failure is a bug here, never the fault of a peer or a caller. */
export function invariant(condition: unknown, sentence: string): asserts condition {
  if (!condition) throw new ZtError('ZT_BUG', `internal invariant broken: ${sentence}`)
}
