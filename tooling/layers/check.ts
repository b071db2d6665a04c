import { posix } from 'node:path'
import { isBuiltin } from 'node:module'
import { cyclesOf } from './cycles.js'
import { closureOf, type Law, type PackageLaw, packageOf } from './law.js'
import type { Package, SourceFile } from './workspace.js'

/** One breach of the law: where, and what to do about it. */
export interface Violation {
  readonly where: string
  readonly what: string
}

/** Hold a workspace against the law. Nothing found means that every line of `layers.json` is true. */
export function checkLayers(workspace: readonly Package[], law: Law): Violation[] {
  const byName = new Map(workspace.map((pkg) => [pkg.manifest.name, pkg]))
  return [
    ...checkLaw(law),
    ...checkMembership(workspace, law),
    ...workspace.flatMap((pkg) => {
      const rules = law.packages[pkg.manifest.name]
      if (!rules) return []
      return [...checkManifest(pkg, rules), ...checkReferences(pkg, byName), ...checkImports(pkg, rules, byName)]
    }),
    ...checkRefusals(workspace, law),
    ...checkCycles(workspace),
  ]
}

/** The law itself: imports point down, and only to what exists. */
function checkLaw(law: Law): Violation[] {
  return Object.entries(law.packages).flatMap(([name, { level, may }]) =>
    may.flatMap((target) => {
      const below = law.packages[packageOf(target)]
      const where = `layers.json: ${name}`
      if (!below) return [{ where, what: `may import ${target}, which is no package of the workspace` }]
      if (below.level < level) return []
      return [{ where, what: `level ${level} may not import ${target}, level ${below.level}: imports point down` }]
    }),
  )
}

function checkMembership(workspace: readonly Package[], law: Law): Violation[] {
  const present = new Set(workspace.map((pkg) => pkg.manifest.name))
  return [
    ...workspace
      .filter((pkg) => !law.packages[pkg.manifest.name])
      .map((pkg) => ({
        where: pkg.home,
        what: `${pkg.manifest.name} has no place in tooling/layers/layers.json; give it one`,
      })),
    ...Object.keys(law.packages)
      .filter((name) => !present.has(name))
      .map((name) => ({ where: 'layers.json', what: `${name} has a place here but is no package of the workspace` })),
  ]
}

function checkManifest({ home, manifest }: Package, rules: PackageLaw): Violation[] {
  const where = `${home}/package.json`
  const allowed = new Set([...rules.may.map(packageOf), ...rules.npm])
  const violations: Violation[] = Object.keys(manifest.dependencies ?? {})
    .filter((name) => !allowed.has(name))
    .map((name) => ({
      where,
      what: `depends on ${name}, which its layer may not use. ${remedy(manifest.name, rules)}`,
    }))
  const ranges = { ...manifest.dependencies, ...manifest.devDependencies }
  for (const [name, range] of Object.entries(ranges)) {
    const wanted = name.startsWith('@zt/') ? 'workspace:^' : 'catalog:'
    if (range !== wanted)
      violations.push({ where, what: `${name} must be "${wanted}", not "${range}": versions are kept in one place` })
  }
  if (manifest.description !== rules.charter) {
    violations.push({ where, what: `"description" and the charter in layers.json must be the same sentence` })
  }
  return violations
}

/** The compiler is told of exactly the packages that are depended on. */
function checkReferences({ home, manifest, references }: Package, byName: ReadonlyMap<string, Package>): Violation[] {
  const where = `${home}/tsconfig.json`
  const wanted = Object.keys(manifest.dependencies ?? {}).flatMap((name) => byName.get(name)?.home ?? [])
  return [
    ...references
      .filter((path) => !wanted.includes(path))
      .map((path) => ({ where, what: `refers to ${path}, on which it does not depend` })),
    ...wanted
      .filter((path) => !references.includes(path))
      .map((path) => ({ where, what: `must refer to ${path}, on which it depends` })),
  ]
}

function checkImports(pkg: Package, rules: PackageLaw, byName: ReadonlyMap<string, Package>): Violation[] {
  const inSources = pkg.sources.flatMap((file) =>
    file.imports.flatMap(({ specifier, line }) => {
      const what = refuseImport(specifier, file, pkg, rules)
      return what === undefined ? [] : [{ where: `${file.path}:${line}`, what }]
    }),
  )
  const inBoth = [...pkg.sources, ...pkg.tests].flatMap((file) =>
    file.imports.flatMap(({ specifier, line }) => {
      const what = refuseReach(specifier, file, pkg, byName)
      return what === undefined ? [] : [{ where: `${file.path}:${line}`, what }]
    }),
  )
  return [...inSources, ...inBoth]
}

/** Why a source file may not import this, or `undefined`. */
function refuseImport(specifier: string, file: SourceFile, pkg: Package, rules: PackageLaw): string | undefined {
  if (specifier.startsWith('.')) {
    const target = resolve(file, specifier)
    if (target === `${pkg.home}/src/index.ts`) return 'imports its own index: import the file that defines it'
    const room = `${pkg.home}/src/wire/`
    if (file.path.startsWith(room) && !target.startsWith(room))
      return `wire/ holds formats alone: it imports no other room`
    return undefined
  }
  if (isBuiltin(specifier)) {
    if (!specifier.startsWith('node:')) return `write node:${specifier}: a built-in must be seen to be one`
    if (rules.builtins.includes(packageOf(specifier.slice('node:'.length)))) return undefined
    return rules.builtins.length === 0
      ? `uses ${specifier}, but ${pkg.manifest.name} runs without Node: take what you need as a port (@zt/sansio/ports)`
      : `uses ${specifier}; ${pkg.manifest.name} may use ${rules.builtins.join(', ')}`
  }
  const name = packageOf(specifier)
  if (rules.npm.includes(name) || rules.may.includes(specifier) || rules.may.includes(name)) {
    return name in (pkg.manifest.dependencies ?? {})
      ? undefined
      : `imports ${specifier}, which is not in "dependencies"`
  }
  return `imports ${specifier}. ${remedy(pkg.manifest.name, rules)}`
}

/** Packages are entered through their exports only, by sources and tests alike. */
function refuseReach(
  specifier: string,
  file: SourceFile,
  pkg: Package,
  byName: ReadonlyMap<string, Package>,
): string | undefined {
  if (specifier.startsWith('.')) {
    const target = resolve(file, specifier)
    const isElsewhere = /^(packages|apps)\//.test(target) && !target.startsWith(`${pkg.home}/`)
    return isElsewhere ? `reaches into ${target} by path: import the package by its name` : undefined
  }
  const exports = byName.get(packageOf(specifier))?.manifest.exports
  if (!exports) return undefined
  const entry = `.${specifier.slice(packageOf(specifier).length)}`
  return entry in exports
    ? undefined
    : `${specifier} is no entry of ${packageOf(specifier)}; entries are ${Object.keys(exports).join(', ')}`
}

/** The path from the workspace root of what a relative import names. */
function resolve(file: SourceFile, specifier: string): string {
  return posix.join(posix.dirname(file.path), specifier).replace(/\.js$/, '.ts')
}

function remedy(name: string, { level, may }: PackageLaw): string {
  const list = may.length === 0 ? 'nothing of the workspace' : may.join(', ')
  return `${name} (level ${level}) may import ${list}. Move the code, pass what is needed in, or write an ADR and change layers.json.`
}

/** Refusals hold for whatever is reached through others, in the law and in what the files really import. */
function checkRefusals(workspace: readonly Package[], law: Law): Violation[] {
  return law.refusals.flatMap(({ from, to, why }) => {
    const reached = closureOf(law, from).add(from)
    const where = `layers.json: ${from}`
    if (to !== 'node:*') return reached.has(to) ? [{ where, what: `reaches ${to}: ${why}` }] : []
    return workspace
      .filter((pkg) => reached.has(pkg.manifest.name))
      .filter((pkg) => pkg.sources.some((file) => file.imports.some(({ specifier }) => isBuiltin(specifier))))
      .map((pkg) => ({ where, what: `reaches Node built-ins through ${pkg.manifest.name}: ${why}` }))
  })
}

/** No cycles: neither between files of a package nor between packages, tests and development included for the latter. */
function checkCycles(workspace: readonly Package[]): Violation[] {
  const files = new Map(
    workspace.flatMap((pkg) =>
      pkg.sources.map((file) => [
        file.path,
        file.imports
          .filter(({ specifier, isStarted }) => specifier.startsWith('.') && !isStarted)
          .map(({ specifier }) => resolve(file, specifier)),
      ]),
    ),
  )
  const packages = new Map(
    workspace.map(({ manifest }) => [
      manifest.name,
      Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).filter((name) => name.startsWith('@zt/')),
    ]),
  )
  return [...cyclesOf(files), ...cyclesOf(packages)].map((cycle) => ({
    where: cycle[0]!,
    what: `imports itself in a circle: ${cycle.join(' → ')}. Move what both need to a third place, or pass it in.`,
  }))
}
