/**
 * `tsx tooling/check/main.ts test|check|fix [STEP …] [PATH …]`: everything that must hold before a change lands, in one
 * place, here and in CI. Steps and suites are named in steps.ts; other arguments are parts of test file paths.
 *
 * The last line is `N passed, N failed`; the exit code is 0 only if nothing failed. A check counts as one, a test as one.
 */
import { runProgram } from './run-program.js'
import { type Check, checks, preparing, suites } from './steps.js'
import { runSuites } from './suites.js'

const [job, ...args] = process.argv.slice(2)
const names = new Set([...preparing, ...checks].map(({ name }) => name).concat(suites))
const picked = args.filter((arg) => names.has(arg))
const filters = args.filter((arg) => !names.has(arg))
/** Without arguments everything; a path alone means the tests below it. */
const isPicked = (name: string): boolean => {
  if (picked.length > 0) return picked.includes(name)
  return filters.length === 0 || (suites.includes(name) && name !== 'dist')
}

const failed: string[] = []
let passed = 0

const steps = (job === 'fix' ? checks.filter(({ fix }) => fix) : [...preparing, ...checks])
  .map(({ name }) => name)
  .filter(isPicked)
if (steps.length > 0) console.log(`${job === 'fix' ? 'fixing' : 'checking'}: ${steps.join(', ')}`)

if (job === 'fix') {
  for (const check of checks) if (check.fix && isPicked(check.name)) await hold({ ...check, run: check.fix })
} else {
  for (const check of preparing) if (isPicked(check.name)) await hold(check)
  const queue = checks.filter(({ name }) => isPicked(name))
  const worker = async (): Promise<void> => {
    for (let check = queue.shift(); check; check = queue.shift()) await hold(check)
  }
  await Promise.all([worker(), worker()])
  const projects = job === 'check' ? [] : suites.filter(isPicked)
  if (projects.length > 0) {
    const tally = await runSuites(projects, filters)
    passed += tally.passed
    failed.push(...tally.failed)
  }
}

for (const name of failed) console.log(`failed: ${name}`)
console.log(`${passed} passed, ${failed.length} failed`)
process.exitCode = failed.length === 0 ? 0 : 1

/** Run one check, say how it went, and show what it printed if it failed. */
async function hold({ name, about, run }: Check): Promise<void> {
  const started = performance.now()
  const { ok, output } = await runProgram(run)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name.padEnd(9)} ${seconds.padStart(5)} s  ${about}`)
  if (ok) passed++
  else {
    failed.push(name)
    console.log(output.trimEnd())
  }
}
