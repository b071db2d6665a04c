/** `tsx tooling/layers/main.ts [--fix]`: check the workspace against the law, and `docs/deps.md` (rewritten with --fix). */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkLayers } from './check.js'
import { depsPage } from './deps-page.js'
import { readLaw } from './law.js'
import { readWorkspace } from './workspace.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const law = readLaw()
const workspace = readWorkspace(root)
const violations = checkLayers(workspace, law)

const page = join(root, 'docs/deps.md')
const wanted = depsPage(law, workspace)
if (process.argv.includes('--fix')) writeFileSync(page, wanted)
else if (!existsSync(page) || readFileSync(page, 'utf8') !== wanted) {
  violations.push({ where: 'docs/deps.md', what: 'is not what layers.json says; run `pnpm fix`' })
}

for (const { where, what } of violations) console.error(`${where}\n    ${what}`)
const files = workspace.reduce((sum, pkg) => sum + pkg.sources.length, 0)
console.error(`${workspace.length} packages, ${files} source files, ${violations.length} breaches of the layer law`)
process.exitCode = violations.length === 0 ? 0 : 1
