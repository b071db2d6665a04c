/** A rule table made ready for evaluation: one flat record of numbers for each rule, all of one shape. */

/** One rule. What `a`, `b`, `c`, `d` and `bytes` hold depends on `type`; see `compileRules`. */
export interface Step {
  /** 0 to 15 are actions, 16 to 63 matches. */
  readonly type: number
  readonly not: boolean
  readonly or: boolean
  readonly a: number
  readonly b: number
  readonly c: number
  readonly d: number
  readonly e: number
  readonly bytes: Uint8Array
}

/** A compiled table. */
export interface RuleTable {
  readonly steps: readonly Step[]
  /** The table begins with an unconditional ACCEPT, as most networks' does: no frame needs to be looked at. */
  readonly acceptsAll: boolean
}

/** A table that accepts everything: what a network without restrictions has. */
export const ACCEPT_ALL: RuleTable = { steps: [], acceptsAll: true }
