import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import type { Finding } from './check-links.js'

/** A name that is counted somewhere in the sources. */
export interface CountedName {
  readonly name: string
  /** `file:line`, the first place. */
  readonly where: string
}

/** Methods whose first argument is the name of a counter. */
const COUNTING = new Set(['count', 'drop', 'done', 'refuse'])

/** Names counted in a source file: literals in the first argument of these methods, on either side of `?:`. */
export function countedNames(path: string, text: string): CountedName[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const found: CountedName[] = []
  const collect = (node: ts.Expression): void => {
    if (ts.isConditionalExpression(node)) [node.whenTrue, node.whenFalse].forEach(collect)
    else if (ts.isParenthesizedExpression(node)) collect(node.expression)
    else if (ts.isStringLiteralLike(node)) {
      found.push({
        name: node.text,
        where: `${path}:${file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1}`,
      })
    }
  }
  const visit = (node: ts.Node): void => {
    const isCounting =
      ts.isCallExpression(node) &&
      ts.isPropertyAccessExpression(node.expression) &&
      COUNTING.has(node.expression.name.text.replace('#', ''))
    if (isCounting && node.arguments[0]) collect(node.arguments[0])
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

/**
 * `docs/drops.md` and the sources must name the same counters: what is counted is on the page, and what is on the page (the
 * first cell of a table row, as code) is a text somewhere in the sources.
 */
export function checkCounters(
  page: string,
  files: readonly { readonly path: string; readonly text: string }[],
): Finding[] {
  const documented = new Set([...page.matchAll(/^\| `([a-z0-9-]+)`/gm)].map(([, name]) => name!))
  const missing = new Map<string, string>()
  for (const { path, text } of files) {
    for (const { name, where } of countedNames(path, text))
      if (!documented.has(name) && !missing.has(name)) missing.set(name, where)
  }
  const all = files.map(({ text }) => text).join('\n')
  return [
    ...[...missing].map(([name, where]) => ({ where, what: `counts '${name}', which docs/drops.md does not explain` })),
    ...[...documented]
      .filter((name) => !all.includes(`'${name}'`) && !isMadeOf(name, all))
      .map((name) => ({ where: 'docs/drops.md', what: `explains '${name}', which nothing counts` })),
  ]
}

/** Some names are put together: `ipv4-options-${reason}`. */
function isMadeOf(name: string, sources: string): boolean {
  return name.split('-').some((_, i, words) => i > 0 && sources.includes(`\`${words.slice(0, i).join('-')}-\${`))
}

/** Sources of every package, for `checkCounters`. */
export function readSources(root: string): { path: string; text: string }[] {
  return ts.sys
    .readDirectory(
      join(root, 'packages'),
      ['.ts'],
      ['**/node_modules', '**/dist', '**/test', '**/bench', '**/wasm', 'testkit'],
      ['*/src/**/*.ts'],
    )
    .map((path) => ({ path: path.slice(join(root, '/').length), text: readFileSync(path, 'utf8') }))
}
