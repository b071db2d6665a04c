#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { isZtError, ZtError } from '@zt/sansio'
import type { Command, Flags } from './command.js'
import { commands } from './commands.js'
import { Ending } from './ending.js'
import { ExitCode, exitCodeOf } from './exit-code.js'
import { commandHelp, generalHelp } from './help.js'
import { Output } from './output.js'

process.exitCode = await main(process.argv.slice(2))

/** Run one command line to its end and give its exit code. */
async function main(argv: string[]): Promise<number> {
  const output = new Output(argv.includes('--json'))
  try {
    const { name, rest } = commandOf(argv)
    if (name === 'help') return help(rest)
    const command = find(name)
    if (!command) throw unknown(name)
    if (rest.includes('--help') || rest.includes('-h')) return help([name])
    await run(name, command, rest, output)
    return ExitCode.ok
  } catch (error) {
    if (output.isClosed) return ExitCode.ok // whoever read it has read enough
    const code = exitCodeOf(error)
    output.error(error, code)
    return code
  }
}

/** Commands have one word or two (`planet create`). */
function commandOf(argv: string[]): { name: string; rest: string[] } {
  const [first, second = ''] = argv
  if (first === undefined || first === '--help' || first === '-h') return { name: 'help', rest: [] }
  if (first === '--version') return { name: 'version', rest: [] }
  if (first.startsWith('-'))
    throw usage(`the command comes first, got ${JSON.stringify(first)}`, 'zt help lists the commands')
  if (find(`${first} ${second}`)) return { name: `${first} ${second}`, rest: argv.slice(2) }
  return { name: first, rest: argv.slice(1) }
}

function find(name: string): Command | undefined {
  return Object.hasOwn(commands, name) ? commands[name] : undefined
}

/** The commands that begin with this word. */
function familyOf(name: string): string[] {
  return Object.keys(commands).filter((each) => each.startsWith(`${name} `))
}

function help(words: string[]): number {
  const name = words.join(' ')
  const names = name === '' || find(name) ? [name] : familyOf(name)
  if (names.length === 0) throw unknown(name)
  const texts = names.map((each) => (each === '' ? generalHelp(commands) : commandHelp(each, commands[each]!)))
  process.stdout.write(`${texts.join('\n\n')}\n`)
  return ExitCode.ok
}

async function run(name: string, command: Command, argv: string[], output: Output): Promise<void> {
  const { positionals, values } = parse(name, command.flags, argv)
  const [least, most] = command.positionals
  if (positionals.length < least || positionals.length > most) {
    const count = `${positionals.length} ${positionals.length === 1 ? 'argument' : 'arguments'}`
    throw usage(`zt ${name} takes ${command.usage || 'no arguments'}, got ${count}`, `zt help ${name} explains it`)
  }
  using ending = new Ending(typeof values.timeout === 'string' ? values.timeout : undefined)
  output.onClosed = () => ending.stop()
  const { signal, stopped } = ending
  try {
    await command.run({ positionals, values, output, signal, stopped, timeLeft: () => ending.timeLeft() })
  } catch (error) {
    // What broke because the command was to end is not the news.
    throw signal.aborted && !isZtError(error) ? signal.reason : error
  }
}

function parse(name: string, flags: Flags, args: string[]) {
  try {
    return parseArgs({ args, options: { ...flags }, allowPositionals: true, strict: true })
  } catch (error) {
    throw usage((error as Error).message.split('. To specify')[0]!, `zt help ${name} lists its flags`, error)
  }
}

function unknown(name: string): ZtError {
  const family = familyOf(name)
  if (family.length > 0)
    return usage(`zt ${name} needs another word`, `there is ${family.map((each) => `zt ${each}`).join(', ')}`)
  return usage(`there is no command ${JSON.stringify(name)}`, 'zt help lists the commands')
}

function usage(message: string, hint: string, cause?: unknown): ZtError {
  return new ZtError('ZT_ARG_INVALID', message, { hint, cause })
}
