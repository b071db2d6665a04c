/** `tsx tooling/layers/main.ts [--fix]`: check the workspace against the law, and the tables made of it (rewritten with --fix). */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkLayers } from './check.js'
import { depsPage, withPackages } from './deps-page.js'
import { readLaw } from './law.js'
import { readWorkspace } from './workspace.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const law = readLaw()
const workspace = readWorkspace(root)
const violations = checkLayers(workspace, law)

/** Pages that are generated, or have a generated part. */
const pages: Readonly<Record<string, (now: string) => string>> = {
  'docs/deps.md': () => depsPage(law, workspace),
  'README.md': (now) => withPackages(now, law, workspace),
  'ARCHITECTURE.md': (now) => withPackages(now, law, workspace),
}
for (const [name, write] of Object.entries(pages)) {
  const path = join(root, name)
  const now = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const wanted = write(now)
  if (wanted === now) continue
  if (process.argv.includes('--fix')) writeFileSync(path, wanted)
  else violations.push({ where: name, what: 'is not what layers.json says; run `pnpm fix`' })
}

for (const { where, what } of violations) console.error(`${where}\n    ${what}`)
const files = workspace.reduce((sum, pkg) => sum + pkg.sources.length, 0)
console.error(`${workspace.length} packages, ${files} source files, ${violations.length} breaches of the layer law`)
process.exitCode = violations.length === 0 ? 0 : 1
