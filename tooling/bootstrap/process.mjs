/** Starting programs, saying what happens, giving up. Runs before anything is installed, so: Node built-ins only. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The workspace root: every program runs there. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

/** One line of progress. On stderr, so that a job's stdout is its own. */
export function say(line) {
  process.stderr.write(`zt: ${line}\n`)
}

/** Say why, and end. @returns {never} */
export function fail(why, code = 1) {
  say(why)
  process.exit(code)
}

/** Stop unless this is Node 20.19 or later (`engines` of package.json). */
export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  fail(`Node.js 20.19 or later is needed, this is ${process.version}. Get it from https://nodejs.org`)
}

/**
 * Run a program to its end with our terminal, or with its output kept for when it fails.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ quiet?: boolean, onOutput?: (chunk: string) => void, env?: Record<string, string>, shell?: boolean }} options
 * @returns {Promise<{ code: number, signal: NodeJS.Signals | null, output: string }>}
 */
export function run(command, args, { quiet = false, onOutput, env = {}, shell = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      shell,
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk) => {
        output += chunk
        onOutput?.(chunk)
      })
    }
    // The terminal signals the whole group; the child decides how to end and we follow. A signal sent to us alone is
    // passed on.
    const forward = (signal) => void child.kill(signal)
    process.on('SIGTERM', forward).on('SIGINT', forward)
    const done = (code, signal) => {
      process.off('SIGTERM', forward).off('SIGINT', forward)
      resolve({ code: code ?? 1, signal, output })
    }
    child.on('error', (error) => {
      output += `cannot run ${command}: ${error.message}`
      done(1, null)
    })
    child.on('close', done)
  })
}

/** Run a script with this very Node. */
export function runNode(args, options) {
  return run(process.execPath, args, options)
}

/** End as a child ended. @returns {never} */
export function exit({ code, signal }) {
  if (signal) process.kill(process.pid, signal)
  process.exit(code)
}
