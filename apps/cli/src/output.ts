import { once } from 'node:events'
import { formatHex } from '@zt/sansio'

/**
 * Where a command's words go. Results are for stdout: text for people, or one JSON object a line with `--json`.
 * Progress and logs are for stderr, so that stdout stays clean for scripts.
 */
export class Output {
  readonly json: boolean
  /** Called when nobody reads stdout any more, as after `| head -1`. */
  onClosed: () => void = () => {}
  #isClosed = false

  constructor(json: boolean) {
    this.json = json
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      this.#isClosed = true
      this.onClosed()
    })
    process.stderr.on('error', () => {}) // there is nobody left to tell
  }

  /** Has whoever read stdout gone? */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Bytes as they are, for stdout. Fulfilled when there is room for more. */
  async bytes(chunk: Uint8Array): Promise<void> {
    if (!process.stdout.write(chunk)) await once(process.stdout, 'drain')
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
