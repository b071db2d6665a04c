import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import ts from 'typescript'
import type { Finding } from './check-links.js'
import type { Page } from './markdown.js'

/** One TypeScript file made of a page: a `ts` block, with the `ts continued` blocks that follow it. */
interface Example {
  readonly page: string
  text: string
  /** Line of the example → line of the page, both from 0. */
  readonly lines: number[]
}

/** Every `ts` block must compile against the workspace as it is now, as strictly as its sources do. */
export function checkCode(root: string, pages: readonly Page[]): { findings: Finding[]; count: number } {
  const examples = new Map<string, Example>()
  for (const page of pages) {
    for (const example of examplesOf(page)) {
      examples.set(posix.join(root, posix.dirname(page.path), `example-${examples.size}.ts`), example)
    }
  }
  const options = compilerOptions(root)
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (path) => examples.has(path) || fileExists(path)
  host.readFile = (path) => examples.get(path)?.text ?? readFile(path)
  host.getSourceFile = (path, ...rest) => {
    const example = examples.get(path)
    if (!example) return getSourceFile.call(host, path, ...rest)
    // Empty exports make a module of an example without imports.
    return ts.createSourceFile(path, `${example.text}\nexport {}`, rest[0])
  }
  const program = ts.createProgram([...examples.keys()], options, host)
  const findings = [...examples].flatMap(([path, example]) => {
    const file = program.getSourceFile(path)!
    const diagnostics = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
    return diagnostics.map(({ start = 0, messageText }) => ({
      where: `${example.page}:${example.lines[file.getLineAndCharacterOfPosition(start).line]! + 1}`,
      what: `does not compile: ${ts.flattenDiagnosticMessageText(messageText, '\n    ')}`,
    }))
  })
  return { findings, count: examples.size }
}

function examplesOf({ path, blocks }: Page): Example[] {
  const examples: Example[] = []
  for (const { language, words, line, text } of blocks) {
    if (language !== 'ts') continue
    const lines = text.split('\n').map((_, i) => line - 1 + i)
    const last = examples.at(-1)
    if (words.includes('continued') && last) {
      last.text += `\n${text}`
      last.lines.push(...lines)
    } else examples.push({ page: path, text, lines })
  }
  return examples
}

/** The edge configuration, with every entry of the workspace at hand by name. */
function compilerOptions(root: string): ts.CompilerOptions {
  const read = (file: string): unknown => ts.readConfigFile(join(root, file), ts.sys.readFile).config
  const { compilerOptions: core } = read('tooling/tsconfig/core.json') as { compilerOptions: object }
  const { compilerOptions: edge } = read('tooling/tsconfig/edge.json') as { compilerOptions: object }
  const paths: Record<string, string[]> = {}
  for (const home of ts.sys.getDirectories(join(root, 'packages'))) {
    const { name, exports = {} } = JSON.parse(readFileSync(join(root, 'packages', home, 'package.json'), 'utf8')) as {
      name: string
      exports?: Record<string, string | Record<string, string>>
    }
    for (const [entry, target] of Object.entries(exports)) {
      const source = typeof target === 'object' ? target['@zt/source'] : undefined
      if (source) paths[posix.join(name, entry)] = [join(root, 'packages', home, source)]
    }
  }
  const { options } = ts.convertCompilerOptionsFromJson(
    { ...core, ...edge, composite: false, declaration: false, declarationMap: false, emitDeclarationOnly: false },
    root,
  )
  return { ...options, noEmit: true, noUnusedLocals: false, noUnusedParameters: false, paths, baseUrl: root }
}
