import { type Law, packageOf } from './law.js'
import type { Package } from './workspace.js'

/** `docs/deps.md`: the law as tables, and what installing each package brings along. */
export function depsPage(law: Law, workspace: readonly Package[]): string {
  const names = Object.keys(law.packages)
  const homes = new Map(workspace.map(({ home, manifest }) => [manifest.name, home]))
  const short = (name: string): string => name.replace('@zt/', '')
  const list = (items: readonly string[]): string => (items.length === 0 ? '–' : items.join(', '))
  const layers = names.map((name) => {
    const { level, may, npm, builtins } = law.packages[name]!
    return `| ${level} | [${name}](../${homes.get(name)}) | ${list(may.map(short))} | ${list(npm)} | ${list(builtins)} |`
  })
  const targets = names.filter((name) =>
    names.some((other) => law.packages[other]!.may.some((m) => packageOf(m) === name)),
  )
  const matrix = names.map((name) => {
    const cells = targets.map((target) => {
      const { may } = law.packages[name]!
      return may.includes(target) ? '●' : may.some((m) => packageOf(m) === target) ? '○' : '·'
    })
    return `| ${short(name)} | ${cells.join(' | ')} |`
  })
  const closures = names.map((name) => {
    const reached = [...installed(name, workspace)]
    const ours = reached.filter((each) => homes.has(each)).sort((a, b) => names.indexOf(a) - names.indexOf(b))
    return `| ${name} | ${list(ours.map(short))} | ${list(reached.filter((each) => !homes.has(each)).sort())} |`
  })
  return [
    '# Who may import whom',
    '',
    'Generated from [layers.json](../tooling/layers/layers.json) by `pnpm fix`, and checked against every package.json,',
    'every tsconfig.json and every import by `pnpm check`. Imports point down: to a lower level only.',
    '',
    '## Layers',
    '',
    '| level | package | may import | from npm | Node built-ins |',
    '| ---: | --- | --- | --- | --- |',
    ...layers,
    '',
    '## The same as a matrix',
    '',
    '● may import, ○ only a subpath (`@zt/ipstack/wire`). Rows import columns.',
    '',
    `| | ${targets.map(short).join(' | ')} |`,
    `| --- | ${targets.map(() => ':-:').join(' | ')} |`,
    ...matrix,
    '',
    '## What installing one brings along',
    '',
    '| package | of the workspace | from npm |',
    '| --- | --- | --- |',
    ...closures,
    '',
    '## Refused, with the reason',
    '',
    '| package | never reaches | because |',
    '| --- | --- | --- |',
    ...law.refusals.map(({ from, to, why }) => `| ${from} | ${to} | ${why} |`),
    '',
  ].join('\n')
}

/** Everything that installing a package brings along, by the manifests as they are. */
function installed(name: string, workspace: readonly Package[], seen = new Set<string>()): Set<string> {
  const dependencies = workspace.find(({ manifest }) => manifest.name === name)?.manifest.dependencies ?? {}
  for (const next of Object.keys(dependencies)) {
    if (seen.has(next)) continue
    seen.add(next)
    installed(next, workspace, seen)
  }
  return seen
}

const START = '<!-- packages: written by `pnpm fix` from layers.json -->\n'
const END = '<!-- /packages -->'

/** A page with its table of packages brought up to date, where the page has a place for one. `page` is at the root. */
export function withPackages(page: string, law: Law, workspace: readonly Package[]): string {
  const start = page.indexOf(START)
  const end = page.indexOf(END)
  if (start < 0 || end < start) return page
  const rows = workspace
    .map(({ home, manifest: { name } }) => ({ home, name, ...law.packages[name]! }))
    .sort((a, b) => b.level - a.level || (a.name < b.name ? -1 : 1))
    .map(({ home, name, level, charter }) => `| ${level} | [${name}](${home}) | ${charter} |`)
  const table = ['', '| level | package | what it is for |', '| ---: | --- | --- |', ...rows, '', ''].join('\n')
  return page.slice(0, start + START.length) + table + page.slice(end)
}
