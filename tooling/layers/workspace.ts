import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'
import ts from 'typescript'
import { importsOf, type Import } from './imports.js'

/** The parts of a package.json that the law speaks about. */
export interface Manifest {
  readonly name: string
  readonly description?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, unknown>>
}

/** A source file: its path from the workspace root, with slashes, and what it names. */
export interface SourceFile {
  readonly path: string
  readonly imports: readonly Import[]
}

/** One package as it is on disk. */
export interface Package {
  /** From the workspace root: `packages/tcp`. */
  readonly home: string
  readonly manifest: Manifest
  /** `references` of its tsconfig.json, as paths from the workspace root. */
  readonly references: readonly string[]
  /** Everything below `src`. */
  readonly sources: readonly SourceFile[]
  /** Everything below `test` and `bench`: may use more, is used by no one. */
  readonly tests: readonly SourceFile[]
}

/** Read every package of the workspace: manifests, references and imports. */
export function readWorkspace(root: string): Package[] {
  const homes = ['packages', 'apps'].flatMap((parent) =>
    readdirSync(join(root, parent)).map((name) => `${parent}/${name}`),
  )
  return homes
    .filter((home) => existsSync(join(root, home, 'package.json')))
    .sort()
    .map((home) => readPackage(root, home))
}

function readPackage(root: string, home: string): Package {
  const read = (file: string): string => readFileSync(join(root, home, file), 'utf8')
  const tsconfig = ts.parseConfigFileTextToJson('tsconfig.json', read('tsconfig.json')).config as {
    readonly references?: readonly { readonly path: string }[]
  }
  return {
    home,
    manifest: JSON.parse(read('package.json')) as Manifest,
    references: (tsconfig.references ?? []).map(({ path }) =>
      relative(root, join(root, home, path)).replaceAll('\\', '/'),
    ),
    sources: filesBelow(root, `${home}/src`),
    tests: ['test', 'bench'].flatMap((room) => filesBelow(root, `${home}/${room}`)),
  }
}

function filesBelow(root: string, directory: string): SourceFile[] {
  if (!existsSync(join(root, directory))) return []
  return readdirSync(join(root, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = `${directory}/${entry.name}`
    if (entry.isDirectory()) return filesBelow(root, path)
    if (!/\.[mc]?ts$/.test(entry.name)) return []
    return [{ path, imports: importsOf(path, readFileSync(join(root, path), 'utf8')) }]
  })
}
