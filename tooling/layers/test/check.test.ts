import { describe, expect, test } from 'vitest'
import { checkLayers, type Violation } from '../check.js'
import { cyclesOf } from '../cycles.js'
import { importsOf } from '../imports.js'
import { closureOf, type Law, type PackageLaw, readLaw } from '../law.js'
import type { Manifest, Package } from '../workspace.js'

const layer = (level: number, more: Partial<PackageLaw> = {}): PackageLaw => ({
  level,
  column: 'ground',
  charter: '',
  may: [],
  npm: [],
  builtins: [],
  ...more,
})

/** ground ← wire-and-stack ← edge: as small as a world with every kind of rule can be. */
const law: Law = {
  packages: {
    '@zt/ground': layer(0),
    '@zt/stack': layer(1, { may: ['@zt/ground'] }),
    '@zt/edge': layer(2, { may: ['@zt/ground', '@zt/stack/wire'], npm: ['ws'], builtins: ['fs'] }),
  },
  refusals: [],
}

/** A package as it should be, with these files in it: path in the package → text. */
function pkg(name: string, files: Readonly<Record<string, string>> = {}, manifest: Partial<Manifest> = {}): Package {
  const home = `packages/${name}`
  const rules = law.packages[`@zt/${name}`]
  const targets = rules?.may.map((target) => target.replace(/^(@zt\/\w+).*/, '$1')) ?? []
  const named = Object.entries(files).map(([path, text]) => ({
    path: `${home}/${path}`,
    imports: importsOf(path, text),
  }))
  return {
    home,
    manifest: {
      name: `@zt/${name}`,
      description: '',
      dependencies: Object.fromEntries([
        ...targets.map((target) => [target, 'workspace:^']),
        ...(rules?.npm ?? []).map((target) => [target, 'catalog:']),
      ]),
      exports: { '.': {}, './wire': {} },
      ...manifest,
    },
    references: targets.map((target) => target.replace('@zt/', 'packages/')),
    sources: named.filter(({ path }) => path.startsWith(`${home}/src/`)),
    tests: named.filter(({ path }) => path.startsWith(`${home}/test/`)),
  }
}

/** What is found when one package of the good world is replaced. */
function judge(replacement: Package, otherLaw = law): Violation[] {
  const world = ['ground', 'stack', 'edge'].map((name) =>
    replacement.home === `packages/${name}` ? replacement : pkg(name),
  )
  if (!world.includes(replacement)) world.push(replacement)
  return checkLayers(world, otherLaw)
}

const messages = (violations: readonly Violation[]): string[] => violations.map(({ where, what }) => `${where} ${what}`)

describe('a world that keeps the law', () => {
  test('has no violations', () => {
    const edge = pkg('edge', {
      'src/index.ts': `export { a } from './a.js'`,
      'src/a.ts': `import { readFileSync } from 'node:fs'\nimport type { Ip } from '@zt/stack/wire'\nimport ws from 'ws'`,
      'test/a.test.ts': `import { run } from 'node:test'\nimport { a } from '../src/a.js'`,
    })
    expect(judge(edge)).toEqual([])
  })
})

describe('imports', () => {
  const refused: readonly [string, Package, string][] = [
    [
      'upward',
      pkg('ground', { 'src/a.ts': `import { x } from '@zt/stack'` }),
      'packages/ground/src/a.ts:1 imports @zt/stack.',
    ],
    [
      'of a type only',
      pkg('ground', { 'src/a.ts': `\n\ntype X = import('@zt/edge').X` }),
      'src/a.ts:3 imports @zt/edge.',
    ],
    ['that are lazy', pkg('ground', { 'src/a.ts': `const x = await import('@zt/edge')` }), 'imports @zt/edge.'],
    [
      'of a package where only a subpath is granted',
      pkg('edge', { 'src/a.ts': `export * from '@zt/stack'` }),
      'may import @zt/ground, @zt/stack/wire',
    ],
    [
      'of a built-in without Node',
      pkg('stack', { 'src/a.ts': `import { now } from 'node:perf_hooks'` }),
      'take what you need as a port',
    ],
    [
      'of a built-in that is not granted',
      pkg('edge', { 'src/a.ts': `import 'node:net'` }),
      'uses node:net; @zt/edge may use fs',
    ],
    ['of a built-in in disguise', pkg('edge', { 'src/a.ts': `import 'fs'` }), 'write node:fs'],
    ['of the ambient types of Node', pkg('stack', { 'src/a.ts': `/// <reference types="node" />` }), 'imports node.'],
    ['of an unknown package', pkg('edge', { 'src/a.ts': `import 'left-pad'` }), 'imports left-pad.'],
    [
      'of a file that is no entry',
      pkg('edge', { 'src/a.ts': `import '@zt/stack/src/tcp.js'` }),
      'is no entry of @zt/stack; entries are ., ./wire',
    ],
    [
      'by path into another package',
      pkg('edge', { 'test/a.ts': `import '../../stack/src/a.js'` }),
      'reaches into packages/stack/src/a.ts by path',
    ],
    ['of the own index', pkg('edge', { 'src/a.ts': `import { b } from './index.js'` }), 'imports its own index'],
    [
      'from wire/ to another room',
      pkg('stack', { 'src/wire/ip.ts': `import '../route.js'` }),
      'wire/ holds formats alone',
    ],
  ]
  test.each(refused)('%s are refused', (_, bad, message) => {
    expect(messages(judge(bad)).join('\n')).toContain(message)
  })
})

describe('manifests and references', () => {
  test('a dependency that the layer may not use is refused', () => {
    const bad = pkg('ground', {}, { dependencies: { '@zt/edge': 'workspace:^' } })
    expect(messages(judge(bad)).join('\n')).toContain(
      'packages/ground/package.json depends on @zt/edge, which its layer may not use',
    )
  })

  test('what is granted need not be used, but what is used must be a dependency', () => {
    expect(judge({ ...pkg('stack', {}, { dependencies: {} }), references: [] })).toEqual([])
    const bad = { ...pkg('stack', { 'src/a.ts': `import '@zt/ground'` }, { dependencies: {} }), references: [] }
    expect(messages(judge(bad))).toEqual([
      'packages/stack/src/a.ts:1 imports @zt/ground, which is not in "dependencies"',
    ])
  })

  test('versions are kept in the catalog', () => {
    const bad = pkg(
      'edge',
      {},
      { dependencies: { '@zt/ground': 'workspace:*', '@zt/stack': 'workspace:^', ws: '^8.0.0' } },
    )
    expect(messages(judge(bad))).toEqual([
      expect.stringContaining('@zt/ground must be "workspace:^", not "workspace:*"'),
      expect.stringContaining('ws must be "catalog:", not "^8.0.0"'),
    ])
  })

  test('tsconfig references are the dependencies, no more and no less', () => {
    const bad = { ...pkg('stack'), references: ['packages/edge'] }
    expect(messages(judge(bad))).toEqual([
      'packages/stack/tsconfig.json refers to packages/edge, on which it does not depend',
      'packages/stack/tsconfig.json must refer to packages/ground, on which it depends',
    ])
  })

  test('a package without a place is refused, and so is a place without a package', () => {
    expect(messages(judge(pkg('stray')))).toEqual([
      expect.stringContaining('@zt/stray has no place in tooling/layers/layers.json'),
    ])
    const more: Law = { ...law, packages: { ...law.packages, '@zt/ghost': layer(0) } }
    expect(messages(judge(pkg('ground'), more))).toEqual([
      expect.stringContaining('@zt/ghost has a place here but is no package'),
    ])
  })
})

describe('the law itself', () => {
  test('may not point upward or sideways', () => {
    const sideways: Law = { ...law, packages: { ...law.packages, '@zt/ground': layer(0, { may: ['@zt/stack'] }) } }
    expect(messages(judge(pkg('ground'), sideways)).join('\n')).toContain(
      'level 0 may not import @zt/stack, level 1: imports point down',
    )
  })

  test('refusals hold through others, and say why', () => {
    const refusals = [
      { from: '@zt/edge', to: '@zt/ground', why: 'the ground is lava' },
      { from: '@zt/edge', to: 'node:*', why: 'it runs in a browser' },
    ]
    const edge = pkg('edge', { 'src/a.ts': `import 'node:fs'` })
    expect(messages(judge(edge, { ...law, refusals }))).toEqual([
      'layers.json: @zt/edge reaches @zt/ground: the ground is lava',
      'layers.json: @zt/edge reaches Node built-ins through @zt/edge: it runs in a browser',
    ])
  })
})

describe('cycles', () => {
  test('between files are found through type imports too', () => {
    const bad = pkg('ground', {
      'src/a.ts': `import { b } from './b.js'`,
      'src/b.ts': `export { c } from './c.js'`,
      'src/c.ts': `import type { A } from './a.js'`,
    })
    expect(messages(judge(bad)).join('\n')).toContain(
      'packages/ground/src/a.ts → packages/ground/src/b.ts → packages/ground/src/c.ts → packages/ground/src/a.ts',
    )
  })

  test('a worker may know the types of the file that starts it', () => {
    const fine = pkg('ground', {
      'src/search.ts': `new Worker(new URL('./search-worker.js', import.meta.url))`,
      'src/search-worker.ts': `import type { Message } from './search.js'`,
    })
    expect(judge(fine)).toEqual([])
  })

  test('between packages are found through devDependencies too', () => {
    const bad = pkg('ground', {}, { devDependencies: { '@zt/stack': 'workspace:^' } })
    expect(messages(judge(bad)).join('\n')).toContain('@zt/ground → @zt/stack → @zt/ground')
  })

  test('a graph without cycles has none, a loop of one is one', () => {
    const graph = new Map(Object.entries({ a: ['b', 'c'], b: ['c'], c: [] as string[], d: ['d'] }))
    expect(cyclesOf(graph)).toEqual([['d', 'd']])
  })
})

describe('reading imports', () => {
  test('every way of naming a module is seen, with its line', () => {
    const text = [
      `import a from 'a'`,
      `export { b } from 'b'`,
      `const c = require('c')`,
      `const d = import('d')`,
      `type E = import('e').E`,
      `new Worker(new URL('./f.js', import.meta.url))`,
      `import type { G } from 'g'`,
      `const h = "import 'h'" // import 'h'`,
      `new URL('https://example.org')`,
    ].join('\n')
    expect(importsOf('x.ts', text).map(({ specifier, line }) => `${line} ${specifier}`)).toEqual([
      '1 a',
      '2 b',
      '3 c',
      '4 d',
      '5 e',
      '6 ./f.js',
      '7 g',
    ])
  })
})

describe('the law of this workspace', () => {
  const real = readLaw()

  test.each(real.refusals.filter(({ to }) => to !== 'node:*'))('$from does not reach $to', ({ from, to, why }) => {
    expect([...closureOf(real, from)], why).not.toContain(to)
  })
})
