import { spawn } from 'node:child_process'
import { root } from './root.js'

/** How a program ended. */
export interface Outcome {
  readonly ok: boolean
  /** Everything it printed, both streams as they came; empty if it printed to our terminal. */
  readonly output: string
}

/** Run a Node script in the workspace root, with its output kept or (`live`) on our terminal. */
export function runProgram(args: readonly string[], { live = false } = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: live ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1' },
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => void (output += text))
    child.on('error', (error) => resolve({ ok: false, output: error.message }))
    child.on('close', (code) => resolve({ ok: code === 0, output }))
  })
}
