#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { ZtError } from '@zt/sansio'
import type { Command, Flags } from './command.js'
import { commands } from './commands.js'
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
    const command = commands[name]
    if (!command) throw usage(`there is no command ${JSON.stringify(name)}`, 'zt help lists the commands')
    if (rest.includes('--help') || rest.includes('-h')) return help([name])
    await run(name, command, rest, output)
    return ExitCode.ok
  } catch (error) {
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
  if (`${first} ${second}` in commands) return { name: `${first} ${second}`, rest: argv.slice(2) }
  return { name: first, rest: argv.slice(1) }
}

function help(words: string[]): number {
  const name = words.join(' ')
  const command = commands[name]
  if (name !== '' && !command) {
    const family = Object.keys(commands).filter((each) => each.startsWith(`${name} `))
    if (family.length === 0) throw usage(`there is no command ${JSON.stringify(name)}`, 'zt help lists the commands')
    for (const each of family) process.stdout.write(`${commandHelp(each, commands[each]!)}\n\n`)
    return ExitCode.ok
  }
  process.stdout.write(`${command ? commandHelp(name, command) : generalHelp(commands)}\n`)
  return ExitCode.ok
}

async function run(name: string, command: Command, argv: string[], output: Output): Promise<void> {
  const { positionals, values } = parse(name, command.flags, argv)
  const [least, most] = command.positionals
  if (positionals.length < least || positionals.length > most) {
    throw usage(
      `zt ${name} takes ${command.usage || 'no arguments'}, got ${positionals.length} arguments`,
      `zt help ${name} explains it`,
    )
  }
  using ending = endOfCommand(values.timeout)
  await command.run({ positionals, values, output, signal: ending.signal })
}

function parse(name: string, flags: Flags, args: string[]) {
  try {
    return parseArgs({ args, options: { ...flags }, allowPositionals: true, strict: true })
  } catch (error) {
    throw usage((error as Error).message.split('. To specify')[0]!, `zt help ${name} lists its flags`, error)
  }
}

function usage(message: string, hint: string, cause?: unknown): ZtError {
  return new ZtError('ZT_ARG_INVALID', message, { hint, cause })
}

/** A signal that is aborted by SIGINT, SIGTERM or the time limit; a second SIGINT ends the process at once. */
function endOfCommand(timeout: unknown): Disposable & { signal: AbortSignal } {
  const controller = new AbortController()
  const seconds = timeout === undefined ? undefined : Number(timeout)
  if (seconds !== undefined && !(seconds > 0))
    throw usage(`--timeout takes a number of seconds, got ${JSON.stringify(timeout)}`, 'for example --timeout 30')
  const stop = () => {
    if (controller.signal.aborted) process.exit(130)
    controller.abort(new ZtError('ZT_STOPPED', 'stopped'))
  }
  const expire = () => controller.abort(new ZtError('ZT_TIMEOUT', `not done within ${seconds} seconds`))
  const timer = seconds === undefined ? undefined : setTimeout(expire, seconds * 1000)
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer)
      process.off('SIGINT', stop)
      process.off('SIGTERM', stop)
    },
  }
}
