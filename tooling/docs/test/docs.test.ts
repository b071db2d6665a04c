import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { checkCode } from '../check-code.js'
import { checkCommands } from '../check-commands.js'
import { checkCounters, countedNames } from '../check-counters.js'
import { checkLinks } from '../check-links.js'
import { readPage } from '../markdown.js'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const lines = (...text: string[]): string => text.join('\n')

describe('reading a page', () => {
  const page = readPage(
    'docs/a.md',
    lines(
      '# A Title, with `code`!',
      '',
      'See [b](b.md#x) and ![c](c.png "C"), not `[d](d.md)`.',
      '[e]: ../e.md',
      '```ts continued',
      'const a = "[f](f.md)"',
      '```',
      '# Twice',
      '# Twice',
    ),
  )

  test('finds links with their lines, and none in code', () => {
    expect(page.links).toEqual([
      { target: 'b.md#x', line: 3 },
      { target: 'c.png', line: 3 },
      { target: '../e.md', line: 4 },
    ])
  })

  test('finds code with its language and the line it starts on', () => {
    expect(page.blocks).toEqual([{ language: 'ts', words: ['continued'], line: 6, text: 'const a = "[f](f.md)"' }])
  })

  test('makes the anchors that GitHub makes', () => {
    expect([...page.anchors]).toEqual(['a-title-with-code', 'twice', 'twice-1'])
  })
})

describe('links', () => {
  const pages = [
    readPage(
      'README.md',
      lines('# Top', '[ok](docs/a.md#here) [ok](#top) [ok](https://example.org) [ok](mailto:a@example.org)'),
    ),
    readPage('docs/a.md', lines('# Here', '[ok](../README.md) [gone](b.md)', '[no heading](../README.md#bottom)')),
  ]

  test('must lead to a file, and to a heading of it', () => {
    expect(checkLinks(pages, (path) => path !== 'docs/b.md')).toEqual([
      { where: 'docs/a.md:2', what: 'links to docs/b.md, which does not exist' },
      { where: 'docs/a.md:3', what: 'links to #bottom, but README.md has no such heading' },
    ])
  })
})

describe('examples', () => {
  const check = (...text: string[]) => checkCode(root, [readPage('docs/a.md', lines(...text))])

  test('compile against the sources of the workspace', () => {
    expect(
      check(
        '```ts',
        `import { IpAddress } from '@zt/sansio'`,
        `IpAddress.parse('::1').isLoopback satisfies boolean`,
        '```',
      ),
    ).toEqual({
      findings: [],
      count: 1,
    })
  })

  test('that do not compile are reported where they stand', () => {
    const { findings } = check(
      'text',
      '```ts',
      `import { IpAddress } from '@zt/sansio'`,
      '',
      `IpAddress.parse(1)`,
      '```',
    )
    expect(findings).toEqual([{ where: 'docs/a.md:5', what: expect.stringContaining(`'number' is not assignable`) }])
  })

  test('may be continued, and only then know each other', () => {
    const first = ['```ts', 'const a = 1', '```']
    expect(check(...first, '```ts continued', 'a satisfies number', '```').findings).toEqual([])
    expect(check(...first, '```ts', 'a satisfies number', '```').findings).toEqual([
      { where: 'docs/a.md:5', what: expect.stringContaining(`Cannot find name 'a'`) },
    ])
  })

  test('of other languages are left alone', () => {
    expect(check('```js', 'nonsense(', '```', '```', 'nonsense(', '```').count).toBe(0)
  })
})

describe('command lines', () => {
  const commands = {
    call: {
      usage: 'URL',
      flags: { json: { type: 'boolean' }, network: { type: 'string', multiple: true } },
      positionals: [1, 1],
    },
    'planet show': { usage: 'FILE', flags: {}, positionals: [1, 1] },
  } as const
  const check = (...text: string[]) => checkCommands([readPage('README.md', lines('```sh', ...text, '```'))], commands)

  test('that the CLI takes are fine', () => {
    expect(
      check(
        'zt call http://x --json --network a --network b # why',
        `zt planet show 'my file' > out`,
        'zt help',
        'npm test',
      ),
    ).toEqual({ findings: [], count: 3 })
  })

  test.each([
    ['zt cal http://x', 'there is no command cal'],
    ['zt call http://x --jason', "Unknown option '--jason'"],
    ['zt planet show', 'takes FILE'],
  ])('%s is refused', (line, what) => {
    expect(check(line).findings).toEqual([{ where: 'README.md:2', what: expect.stringContaining(what) }])
  })
})

describe('counters', () => {
  const source = lines(
    `c.count('a-b')`,
    `d.drop(x ? 'c-d' : (y ? 'e-f' : z))`,
    `d.done('g-h')`,
    `count('not-a-method')`,
    'c.count(`i-${j}`)',
  )

  test('are found wherever they are counted', () => {
    expect(countedNames('a.ts', source).map(({ name, where }) => `${where} ${name}`)).toEqual([
      'a.ts:1 a-b',
      'a.ts:2 c-d',
      'a.ts:2 e-f',
      'a.ts:3 g-h',
    ])
  })

  test('and the page that explains them name the same', () => {
    const page = lines('| `a-b` | x |', '| `c-d` | x |', '| `e-f` | x |', '| `i-whatever` | x |', '| `gone` | x |')
    expect(checkCounters(page, [{ path: 'a.ts', text: source }])).toEqual([
      { where: 'a.ts:3', what: `counts 'g-h', which docs/drops.md does not explain` },
      { where: 'docs/drops.md', what: `explains 'gone', which nothing counts` },
    ])
  })
})
