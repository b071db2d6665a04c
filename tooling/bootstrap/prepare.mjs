/**
 * Bring the workspace to where a job can run: the pinned pnpm, the dependencies of the lockfile, the packages built. Each
 * step is skipped when what it depends on has not changed since it was last done.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fail, root, run, runNode, say } from './process.mjs'

const tools = join(root, '.tools')

/** @param {readonly string[]} filters what turbo shall build; nothing if empty */
export async function prepare(filters) {
  const pnpm = await ensurePnpm()
  await ensureDependencies(pnpm)
  if (filters.length > 0) await ensureBuilt(filters)
}

/** The pnpm that package.json pins: the one that started us if it is that, else our own below .tools. */
async function ensurePnpm() {
  const { packageManager } = readJson('package.json')
  const [, version, hash] = /^pnpm@([^+]+)\+sha512\.([0-9a-f]+)$/.exec(packageManager)
  const { npm_config_user_agent: agent = '', npm_execpath: starter } = process.env
  if (starter && agent.startsWith(`pnpm/${version} `)) return starter

  const home = join(tools, 'node_modules', 'pnpm')
  prependToPath(join(tools, 'node_modules', '.bin'))
  if (readJson(join(home, 'package.json'))?.version !== version) {
    say(`installing pnpm ${version} into .tools`)
    mkdirSync(tools, { recursive: true })
    writeFileSync(join(tools, 'package.json'), '{ "private": true }\n')
    const args = ['install', '--prefix', tools, '--no-audit', '--no-fund', '--ignore-scripts', `pnpm@${version}`]
    const npm =
      agent.startsWith('npm/') && starter ? await runNode([starter, ...args], { quiet: true }) : await runNpm(args)
    if (npm.code !== 0) fail(`npm could not install pnpm ${version}:\n${npm.output}`)
    const lock = readJson(join(tools, 'package-lock.json'))
    const expected = `sha512-${Buffer.from(hash, 'hex').toString('base64')}`
    const actual = lock?.packages['node_modules/pnpm']?.integrity
    if (actual !== expected) fail(`pnpm ${version} from the registry is not the one pinned in package.json: ${actual}`)
  }
  return join(home, 'bin', 'pnpm.cjs')
}

function runNpm(args) {
  return run('npm', args, { quiet: true, shell: process.platform === 'win32' })
}

/** `pnpm install --frozen-lockfile`, unless the lockfile and every manifest are as they were after the last one. */
async function ensureDependencies(pnpm) {
  const stamp = join(root, 'node_modules', '.zt-installed')
  const wanted = digest(['.npmrc', 'pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests()])
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  say('installing dependencies (pnpm install --frozen-lockfile)')
  const { code, output } = await runNode([pnpm, 'install', '--frozen-lockfile'], { quiet: true })
  if (code !== 0) fail(`pnpm install failed:\n${output}`)
  writeFileSync(stamp, wanted)
}

/** Bundles of the packages, by turbo, which knows what has changed. */
async function ensureBuilt(filters) {
  prependToPath(dirname(process.execPath))
  const args = ['node_modules/turbo/bin/turbo', 'run', 'build', ...filters.map((filter) => `--filter=${filter}`)]
  let announced = false
  const { code, output } = await runNode(args, {
    quiet: true,
    env: { TURBO_TELEMETRY_DISABLED: '1', TURBO_NO_UPDATE_NOTIFIER: '1' },
    onOutput(chunk) {
      if (announced || !chunk.includes('cache miss')) return
      announced = true
      say('building packages (turbo run build)')
    },
  })
  if (code !== 0) fail(`the build failed:\n${output}`)
}

/** Every package.json of the workspace, sorted. */
function manifests() {
  const homes = ['packages', 'apps'].flatMap((parent) =>
    readdirSync(join(root, parent))
      .sort()
      .map((name) => `${parent}/${name}`),
  )
  return ['.', 'tooling', ...homes].map((home) => `${home}/package.json`).filter((file) => existsSync(join(root, file)))
}

function digest(files) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`)
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

/** The JSON in a file, by absolute path or path in the workspace; `undefined` if there is no such file. */
function readJson(file) {
  const path = file.startsWith(root) ? file : join(root, file)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
}

function prependToPath(directory) {
  const key = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH'
  process.env[key] = [directory, process.env[key]].filter(Boolean).join(delimiter)
}
