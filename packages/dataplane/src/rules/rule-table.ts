/** Rule tables made ready for evaluation: each rule a matcher or an action, with plain numbers. */
import type { Matcher, Operands } from './match.js'

/** What to do with a frame when the matches before hold; `Match` marks the rules that are no action. */
export const Action = {
  Match: 0,
  Drop: 1,
  Accept: 2,
  Tee: 3,
  Watch: 4,
  Redirect: 5,
  Break: 6,
  Priority: 7,
  /** An action from the future. */
  Nothing: 8,
} as const
export type Action = (typeof Action)[keyof typeof Action]

/** One rule. For the actions that forward, `a` is the target's address and `b` how many bytes it gets, 0 for all. */
export interface Step extends Operands {
  readonly action: Action
  readonly match: Matcher
  readonly not: boolean
  readonly or: boolean
}

/** A compiled table. */
export interface RuleTable {
  readonly steps: readonly Step[]
  /** It begins with an unconditional ACCEPT, as most networks' tables do: no frame needs to be looked at. */
  readonly acceptsAll: boolean
}
