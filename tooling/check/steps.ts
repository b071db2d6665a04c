/** A check that passes or fails as a whole. */
export interface Check {
  readonly name: string
  /** What it holds, for the list of steps. */
  readonly about: string
  /** The Node script and its arguments. */
  readonly run: readonly string[]
  /** The same with permission to repair, for `pnpm fix`. */
  readonly fix?: readonly string[]
}

const tsx = ['--import', 'tsx']
const eslint = ['node_modules/eslint/bin/eslint.js', '.']
const prettier = ['node_modules/prettier/bin/prettier.cjs', '--cache', '.']
const layers = [...tsx, 'tooling/layers/main.ts']

/** First, in this order: what the others look at. */
export const preparing: readonly Check[] = [
  {
    name: 'build',
    about: 'every package is bundled',
    run: ['node_modules/turbo/bin/turbo', 'run', 'build', '--output-logs=errors-only'],
  },
  {
    name: 'types',
    about: 'sources, tests and tooling compile; declarations are made',
    run: ['node_modules/typescript/bin/tsc', '-b'],
  },
]

/** Then these, two at a time, the longest first. */
export const checks: readonly Check[] = [
  { name: 'lint', about: 'eslint finds nothing', run: eslint, fix: [...eslint, '--fix'] },
  {
    name: 'format',
    about: 'code has the shape that prettier gives it',
    run: [...prettier, '--check'],
    fix: [...prettier, '--write'],
  },
  {
    name: 'layers',
    about: 'package.json, references and imports keep tooling/layers/layers.json',
    run: layers,
    fix: [...layers, '--fix'],
  },
  {
    name: 'unused',
    about: 'knip finds no unused file, export or dependency',
    run: ['node_modules/knip/bin/knip.js', '--no-progress', '--no-config-hints'],
  },
  {
    name: 'docs',
    about: 'links lead somewhere, examples compile, commands exist',
    run: ['--conditions=@zt/source', ...tsx, 'tooling/docs/main.ts'],
  },
  {
    name: 'packages',
    about: 'tarballs are well formed, well typed, and load',
    run: [...tsx, 'tooling/packages/main.ts'],
  },
]

/** At last these, which are projects of vitest.config.ts and count test by test. */
export const suites: readonly string[] = ['unit', 'vectors', 'sim', 'dist']
