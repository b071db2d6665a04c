import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { root } from './root.js'
import { runProgram } from './run-program.js'

/** How many tests ended how, and the names of those that failed. */
export interface Tally {
  readonly passed: number
  readonly failed: readonly string[]
}

/** What vitest's JSON reporter writes, as far as we read it. */
interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

/** Run vitest projects, live on the terminal, and count. `filters` are parts of test file paths. */
export async function runSuites(projects: readonly string[], filters: readonly string[]): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), 'zt-tests-'))
  const file = join(folder, 'report.json')
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const selected = projects.flatMap((project) => ['--project', project])
    const { ok } = await runProgram(['node_modules/vitest/vitest.mjs', 'run', ...selected, ...reporters, ...filters], {
      live: true,
    })
    const tally = count(JSON.parse(readFileSync(file, 'utf8')) as Report)
    return ok || tally.failed.length > 0
      ? tally
      : { ...tally, failed: ['vitest reported an error outside of any test'] }
  } catch (error) {
    return { passed: 0, failed: [`vitest wrote no report: ${String(error)}`] }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * A test that is skipped has not passed. Among vectors it counts as a failure, since a case left out is a case not known;
 * elsewhere a skipped test says that the platform lacks something, and is not counted.
 */
export function count(report: Report): Tally {
  let passed = 0
  const failed: string[] = []
  for (const { name, status, message, assertionResults } of report.testResults) {
    const file = relative(root, name)
    const before = failed.length
    for (const { status: end, fullName } of assertionResults) {
      if (end === 'passed') passed++
      else if (end === 'failed') failed.push(`${file}: ${fullName}`)
      else if (file.endsWith('.vectors.test.ts')) failed.push(`${file}: ${fullName} (skipped)`)
    }
    if (status === 'failed' && failed.length === before) failed.push(`${file}: ${message.split('\n')[0]}`)
  }
  return { passed, failed }
}
