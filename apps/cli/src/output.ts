import { formatHex } from '@zt/sansio'

/**
 * Where a command's words go. Results are for stdout: text for people, or one JSON object a line with `--json`.
 * Progress and logs are for stderr, so that stdout stays clean for scripts.
 */
export class Output {
  readonly json: boolean

  constructor(json: boolean) {
    this.json = json
  }

  /** A result: the object with `--json`, the text otherwise. */
  result(value: object, text: string): void {
    process.stdout.write(this.json ? `${JSON.stringify(value, plain)}\n` : `${text}\n`)
  }

  /** Something that happened on the way, for a person who watches. */
  progress(text: string): void {
    process.stderr.write(`${text}\n`)
  }

  /** What went wrong, why, and what to do next. With `--json` also as an object on stdout. */
  error(error: unknown, exitCode: number): void {
    const { message, code, hint } = describe(error)
    if (this.json) process.stdout.write(`${JSON.stringify({ error: message, code, hint, exitCode }, plain)}\n`)
    process.stderr.write(`zt: ${message}\n`)
    if (hint) process.stderr.write(`    ${hint}\n`)
  }
}

function describe(error: unknown): { message: string; code?: string; hint?: string } {
  if (!(error instanceof Error)) return { message: String(error) }
  const { code, hint } = error as { code?: string; hint?: string }
  return { message: error.message, ...(code ? { code } : {}), ...(hint ? { hint } : {}) }
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString(16).padStart(16, '0')
  return value instanceof Uint8Array ? formatHex(value) : value
}
