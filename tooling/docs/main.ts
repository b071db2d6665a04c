/**
 * `tsx tooling/docs/main.ts`: every page of the repository: its links lead somewhere, its code compiles, its command lines are taken by
 * the CLI, and drops.md is complete. The CLI is read from source, so Node needs `--conditions=@zt/source`.
 */
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { commands } from '../../apps/cli/src/commands.js'
import { checkCode } from './check-code.js'
import { checkCommands } from './check-commands.js'
import { checkCounters, readSources } from './check-counters.js'
import { checkLinks } from './check-links.js'
import { readPage } from './markdown.js'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Markdown files below a folder, as paths from the root. */
function markdownBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) return /^(node_modules|dist|\..*)$/.test(entry.name) ? [] : markdownBelow(path)
    return entry.name.endsWith('.md') && entry.name !== 'CHANGELOG.md' ? [path] : []
  })
}

const pages = [...markdownBelow(''), ...markdownBelow('.github')]
  .sort()
  .map((path) => readPage(path, readFileSync(join(root, path), 'utf8')))
process.chdir(root)
const code = checkCode(root, pages)
const drops = readFileSync('docs/drops.md', 'utf8')
const shell = checkCommands(pages, commands)
const findings = [...checkLinks(pages), ...code.findings, ...shell.findings, ...checkCounters(drops, readSources(root))]
for (const { where, what } of findings) console.error(`${where}\n    ${what}`)
const links = pages.reduce((sum, page) => sum + page.links.length, 0)
console.error(
  `${pages.length} pages, ${links} links, ${code.count} examples, ${shell.count} command lines, ${findings.length} findings`,
)
process.exitCode = findings.length === 0 ? 0 : 1
