import type { ParseArgsConfig } from 'node:util'
import type { Output } from './output.js'

/** One option of a command, as `node:util` parses it, with what the help says. */
export type Flag = NonNullable<ParseArgsConfig['options']>[string] & {
  /** What stands for the value in the help: `DIR`, `N`. Absent for switches. */
  readonly value?: string
  readonly help: string
}

export type Flags = Readonly<Record<string, Flag>>

/** What a command is given to work with. */
export interface Invocation {
  readonly positionals: readonly string[]
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>
  readonly output: Output
  /** Aborted by SIGINT, SIGTERM and `--timeout`; `reason` says which. */
  readonly signal: AbortSignal
  /** Aborted by SIGINT and SIGTERM alone: for what can keep to `timeLeft` by itself, and knows better what it waited for. */
  readonly stopped: AbortSignal
  /** What is left of `--timeout`, in milliseconds. */
  timeLeft(): number | undefined
}

/** A command of the `zt` program. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string
  /** The positionals, as the help shows them: `IP PORT`. */
  readonly usage: string
  /** A paragraph and examples for `zt help NAME`. */
  readonly details: string
  readonly flags: Flags
  /** How many positionals are needed, at least and at most. */
  readonly positionals: readonly [number, number]
  /** Fulfilled when the job is done. Failing is throwing; the code of the error decides the exit code. */
  run(invocation: Invocation): Promise<void>
}
