import { parseArgs, type ParseArgsConfig } from 'node:util'
import type { Finding } from './check-links.js'
import type { Page } from './markdown.js'

/** What is known of a command of the CLI, as far as writing it down goes. */
export interface KnownCommand {
  readonly usage: string
  readonly flags: NonNullable<ParseArgsConfig['options']>
  readonly positionals: readonly [number, number]
}

/** Every `zt …` line of an `sh` block must be a command line that the CLI takes. */
export function checkCommands(
  pages: readonly Page[],
  commands: Readonly<Record<string, KnownCommand>>,
): { findings: Finding[]; count: number } {
  const lines = pages.flatMap(({ path, blocks }) =>
    blocks
      .filter(({ language }) => language === 'sh')
      .flatMap(({ line, text }) =>
        text.split('\n').map((words, i) => ({ where: `${path}:${line + i}`, words: wordsOf(words) })),
      ),
  )
  const ours = lines.filter(({ words }) => words[0] === 'zt')
  const findings = ours.flatMap(({ where, words }) => {
    const what = refuse(words.slice(1), commands)
    return what === undefined ? [] : [{ where, what: `\`${words.join(' ')}\`: ${what}` }]
  })
  return { findings, count: ours.length }
}

/** The words of a command line, up to a comment, a pipe or a redirection. Quotes hold words together. */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) => word)
  const end = words.findIndex((word) => /^(#|\||>|<|&)/.test(word))
  return (end < 0 ? words : words.slice(0, end)).map((word) => word.replace(/["']/g, ''))
}

/** Why the CLI would not take this, or `undefined`. */
function refuse(words: readonly string[], commands: Readonly<Record<string, KnownCommand>>): string | undefined {
  const [first = '', second = ''] = words
  if (first === 'help') return undefined
  const name = `${first} ${second}` in commands ? `${first} ${second}` : first
  const command = commands[name]
  if (!command) return `there is no command ${name}`
  try {
    const args = words.slice(name.split(' ').length)
    const { positionals } = parseArgs({ args, options: { ...command.flags }, allowPositionals: true, strict: true })
    const [least, most] = command.positionals
    return positionals.length >= least && positionals.length <= most
      ? undefined
      : `takes ${command.usage || 'no arguments'}`
  } catch (error) {
    return (error as Error).message
  }
}
