import { isZtError } from '@zt/sansio'

/** What scripts rely on. */
export const ExitCode = {
  ok: 0,
  failure: 1,
  usage: 2,
  noRoot: 3,
  denied: 4,
  timeout: 5,
  notFound: 6,
} as const

const codes: Readonly<Record<string, number>> = {
  ZT_ARG_INVALID: ExitCode.usage,
  ZT_ARG_MISSING: ExitCode.usage,
  ZT_NODE_OFFLINE: ExitCode.noRoot,
  ZT_NETWORK_DENIED: ExitCode.denied,
  ZT_NETWORK_AUTH_REQUIRED: ExitCode.denied,
  ZT_NETWORK_NOT_FOUND: ExitCode.notFound,
  ZT_TIMEOUT: ExitCode.timeout,
  ETIMEDOUT: ExitCode.timeout,
}

/** The exit code for what a command threw. */
export function exitCodeOf(error: unknown): number {
  if (isZtError(error)) return codes[error.code] ?? ExitCode.failure
  if (error instanceof Error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    if (code.startsWith('ERR_PARSE_ARGS')) return ExitCode.usage
    return codes[code] ?? ExitCode.failure
  }
  return ExitCode.failure
}
