/**
 * Lint for what one file shows: banned globals, floating promises, missing documentation. Layers and cycles are the
 * business of tooling/layers, form that of prettier. The same law decides which packages may know Node.
 */
import js from '@eslint/js'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import tseslint from 'typescript-eslint'
import { documentedExports } from './documented-exports.js'

const root = fileURLToPath(new URL('../../', import.meta.url))
const law = JSON.parse(readFileSync(new URL('../layers/layers.json', import.meta.url), 'utf8'))

/** Packages without Node: time, chance and the outside world come in through ports. */
const pure = Object.entries(law.packages)
  .filter(([, { builtins }]) => builtins.length === 0)
  .map(([name]) => `packages/${name.replace('@zt/', '')}/src/**/*.ts`)

const published = ['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts']

const throughPort = (port) => `cores run in virtual time and without Node: use the ${port} port of @zt/sansio`

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '**/coverage/**',
      '.tools/**',
      '.turbo/**',
      '**/*.d.ts',
      'packages/*/wasm/**',
    ],
  },
  {
    files: ['**/*.ts', '**/*.js', '**/*.mjs'],
    extends: [js.configs.recommended],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      'no-unused-private-class-members': 'off', // takes `#x ??= y` for unused; the compiler looks closer
      'no-useless-assignment': 'off', // wiping a key is no useless assignment
      'no-var': 'error',
      'prefer-const': ['error', { destructuring: 'all' }],
      'object-shorthand': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'export by name: a thing has one name everywhere' },
        { selector: 'TSEnumDeclaration', message: 'use an `as const` object and a union type of the same name' },
        { selector: 'TSModuleDeclaration[kind="namespace"]', message: 'a module is the only namespace' },
      ],
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommended],
    rules: {
      'no-undef': 'off', // the compiler knows
      '@typescript-eslint/ban-ts-comment': [
        'error',
        { 'ts-expect-error': 'allow-with-description', minimumDescriptionLength: 10 },
      ],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off', // lengths are checked before, and the compiler cannot see it
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all' },
      ],
    },
  },
  {
    // Rules that need types, for published code: what they find is found late otherwise.
    files: published,
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: root } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['packages/*/src/**/*.ts'],
    plugins: { zt: { rules: { 'documented-exports': documentedExports } } },
    rules: { 'zt/documented-exports': 'error' },
  },
  {
    files: pure,
    rules: {
      'no-restricted-globals': [
        'error',
        ...['Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'queueMicrotask'].map(
          (name) => ({
            name,
            message: throughPort('Clock'),
          }),
        ),
        ...['Buffer', 'process', 'fetch', 'console', 'require', 'global', 'window', 'self', 'navigator'].map(
          (name) => ({
            name,
            message: 'cores run without Node and without a browser',
          }),
        ),
        { name: 'crypto', message: throughPort('RandomSource') },
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: throughPort('RandomSource') },
        { object: 'Date', property: 'now', message: throughPort('Clock') },
        { object: 'globalThis', property: 'crypto', message: throughPort('RandomSource') },
      ],
    },
  },
  {
    // Tests are deterministic: nothing sleeps, nothing looks at the wall clock.
    files: ['packages/*/test/**/*.ts'],
    rules: {
      'no-restricted-properties': ['error', { object: 'Math', property: 'random', message: 'seed it: @zt/testkit' }],
    },
  },
  {
    // Programs that talk to a person: the CLI, the checkers, the benches.
    files: [
      'apps/**',
      'tooling/**',
      'bench/**',
      'packages/*/bench/**',
      'interop/**',
      '*.config.ts',
      'eslint.config.js',
    ],
    languageOptions: {
      globals: Object.fromEntries(['process', 'Buffer', 'console', 'URL'].map((name) => [name, 'readonly'])),
    },
    rules: { 'no-console': 'off' },
  },
  {
    // Tools that read their configuration from a default export.
    files: ['**/*.config.ts', '**/*.config.js', 'tooling/eslint/config.js', 'eslint.config.js'],
    rules: { 'no-restricted-syntax': 'off' },
  },
)
