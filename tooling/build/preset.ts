import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Options, defineConfig } from 'tsup'

/** The parts of a package.json that say what there is to build. */
interface Manifest {
  readonly name: string
  readonly bin?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
}

/** Packages that may use no Node built-in, by the law: bundling one into them is an error. */
const law = JSON.parse(readFileSync(new URL('../layers/layers.json', import.meta.url), 'utf8')) as {
  readonly packages: Readonly<Record<string, { readonly builtins: readonly string[] }>>
}

/**
 * How every package is built, and the only place that names the bundler: each entry of the `exports` map (its
 * `@zt/source` condition) and each `bin` becomes one ES module with a source map; dependencies stay imports. Declarations
 * come from `tsc -b`, not from here.
 *
 * @param more further entries, such as the files that workers run: `{ 'search-worker': 'src/search-worker.ts' }`
 */
export function preset(more: Readonly<Record<string, string>> = {}): ReturnType<typeof defineConfig> {
  const home = process.cwd()
  const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as Manifest
  const isPure = law.packages[manifest.name]?.builtins.length === 0
  const options: Options = {
    entry: { ...entries(home, manifest), ...more },
    outDir: 'dist',
    format: 'esm',
    platform: isPure ? 'neutral' : 'node',
    target: 'node20',
    sourcemap: true,
    splitting: true,
    treeshake: false,
    dts: false,
    clean: ['!**/*.d.ts', '!**/*.d.ts.map'], // all but the declarations, which are not ours
    silent: true,
    removeNodeProtocol: false,
    shims: false,
  }
  return defineConfig(options)
}

/** Name in `dist` → source file. */
function entries(home: string, { bin = {}, exports = {} }: Manifest): Record<string, string> {
  const found: Record<string, string> = {}
  for (const target of Object.values(exports)) {
    const source = typeof target === 'object' ? target['@zt/source'] : undefined
    if (source) found[nameOf(source)] = source
  }
  for (const target of Object.values(bin)) {
    const name = target.replace(/^\.?\/?dist\//, '').replace(/\.js$/, '')
    found[name] = `src/${name}.ts`
  }
  for (const source of Object.values(found)) {
    if (!existsSync(join(home, source))) throw new Error(`package.json names ${source}, which does not exist`)
  }
  return found
}

function nameOf(source: string): string {
  return source.replace(/^\.?\/?src\//, '').replace(/\.ts$/, '')
}
