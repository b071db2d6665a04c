/**
 * `tsx tooling/packages/main.ts`: judge what would be published, from the tarballs and not from the folders. Each is
 * packed, held against publint and are-the-types-wrong, unpacked into an empty project, and there imported and required
 * entry by entry by this Node.
 */
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { unpack } from './unpack.js'

interface Manifest {
  readonly name: string
  readonly bin?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, unknown>>
  readonly dependencies?: Readonly<Record<string, string>>
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const world = mkdtempSync(join(tmpdir(), 'zt-packed-'))
const findings: string[] = []
const complain = (name: string, what: string): void => void findings.push(`${name}\n    ${what}`)

try {
  const tarballs = join(world, 'tarballs')
  mkdirSync(tarballs)
  // Under pnpm's own agent string there is a pnpm on the PATH: the bootstrap saw to it.
  const pack = ['-r', '--filter', './packages/*', '--filter', './apps/*', 'pack', '--pack-destination', tarballs]
  execFileSync('pnpm', pack, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' })
  const manifests: Manifest[] = []
  for (const file of readdirSync(tarballs).sort()) manifests.push(await judge(readFileSync(join(tarballs, file))))
  writeFileSync(join(world, 'package.json'), '{ "type": "module" }')
  for (const manifest of manifests) load(manifest)
  console.error(`${manifests.length} packages packed, linted, unpacked and loaded; ${findings.length} findings`)
} finally {
  rmSync(world, { recursive: true, force: true })
}
for (const finding of findings) console.error(finding)
process.exitCode = findings.length === 0 ? 0 : 1

/** Lint one tarball, and put it where an installer would. */
async function judge(tarball: Buffer): Promise<Manifest> {
  const bytes = new Uint8Array(tarball).buffer
  const { messages, pkg } = await publint({ pack: { tarball: bytes }, strict: true })
  const manifest = pkg as unknown as Manifest
  for (const message of messages)
    complain(manifest.name, `publint: ${formatMessage(message, pkg, { color: false }) ?? message.code}`)

  const files = unpack(tarball)
  const home = join(world, 'node_modules', manifest.name)
  for (const [path, content] of files) {
    mkdirSync(dirname(join(home, path)), { recursive: true })
    writeFileSync(join(home, path), content)
  }
  for (const wanted of ['LICENSE', 'README.md']) {
    if (!files.has(wanted)) complain(manifest.name, `the tarball has no ${wanted}`)
  }
  for (const path of files.keys()) {
    if (/\.tsbuildinfo$|^test\//.test(path)) complain(manifest.name, `${path} is published and should not be`)
  }

  if (manifest.exports) {
    const analysis = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)))
    // ES modules only: Node before exports maps, and require without require(esm), are not ours.
    const problems = 'problems' in analysis ? analysis.problems : []
    for (const problem of problems) {
      if ('resolutionKind' in problem && ['node10', 'node16-cjs'].includes(problem.resolutionKind)) continue
      complain(manifest.name, `are-the-types-wrong: ${problem.kind} ${JSON.stringify(problem)}`)
    }
    if (!analysis.types) complain(manifest.name, 'are-the-types-wrong: no types in the tarball; run `pnpm build`')
  }
  linkDependencies(manifest)
  return manifest
}

/** Dependencies from npm come from where pnpm has put them for the package of the workspace. */
function linkDependencies({ name, dependencies = {} }: Manifest): void {
  for (const dependency of Object.keys(dependencies)) {
    if (dependency.startsWith('@zt/')) continue
    const link = join(world, 'node_modules', dependency)
    mkdirSync(dirname(link), { recursive: true })
    rmSync(link, { force: true })
    symlinkSync(
      realpathSync(join(root, 'packages', name.replace('@zt/', ''), 'node_modules', dependency)),
      link,
      'junction',
    )
  }
}

/** Import and require every entry, in a process of its own: what one has loaded must not hide what another lacks. */
function load({ name, bin = {}, exports = {} }: Manifest): void {
  const entries = Object.keys(exports).filter((entry) => entry !== './package.json')
  const program = entries.map(
    (entry) => `{
      const name = ${JSON.stringify(name + entry.slice(1))}
      const imported = await import(name)
      const required = createRequire(import.meta.url)(name)
      if (Object.keys(imported).length === 0) throw new Error(name + ' exports nothing')
      if (Object.keys(imported).some((key) => required[key] !== imported[key])) throw new Error(name + ': require is not import')
    }`,
  )
  const script = join(world, 'load.mjs')
  writeFileSync(script, [`import { createRequire } from 'node:module'`, ...program].join('\n'))
  const runs = [
    ...(entries.length > 0 ? [[script]] : []),
    ...Object.values(bin).map((file) => [join(world, 'node_modules', name, file), '--help']),
  ]
  for (const args of runs) {
    try {
      execFileSync(process.execPath, args, { cwd: world, stdio: ['ignore', 'pipe', 'pipe'] })
    } catch (error) {
      complain(name, `cannot be loaded from its tarball: ${String((error as { stderr?: Buffer }).stderr ?? error)}`)
    }
  }
}
