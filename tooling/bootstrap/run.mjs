/**
 * The entry of every root script: `node tooling/bootstrap/run.mjs JOB [ARGUMENT …]`. It needs nothing but Node and npm,
 * prepares what the job needs (and says so on stderr), then becomes the job: its output, its signals, its exit code.
 */
import { exit, fail, requireNode, runNode } from './process.mjs'

requireNode()
const { prepare } = await import('./prepare.mjs')

/** Job → what must be built first (turbo filters), and the program that does it. */
const jobs = {
  demo: { build: ['@zt/cli...'], run: ['apps/cli/dist/main.js', 'demo'] },
  bench: { build: ['@zt/bench...'], run: ['bench/dist/main.js'] },
  interop: { build: ['@zt/cli...'], run: ['node_modules/vitest/vitest.mjs', 'run', '--project', 'interop'] },
  build: { build: ['*'], run: ['node_modules/typescript/bin/tsc', '-b'] },
  test: { build: [], run: ['--import', 'tsx', 'tooling/check/main.ts', 'test'] },
  check: { build: [], run: ['--import', 'tsx', 'tooling/check/main.ts', 'check'] },
  fix: { build: [], run: ['--import', 'tsx', 'tooling/check/main.ts', 'fix'] },
}

const [name, ...args] = process.argv.slice(2)
const job = jobs[name]
if (!job) fail(`unknown job ${JSON.stringify(name)}; one of: ${Object.keys(jobs).join(', ')}`, 2)

await prepare(job.build)
exit(await runNode([...job.run, ...args]))
