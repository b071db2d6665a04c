import type { Command, Flags } from './command.js'

/** `zt help`: every command on a line. */
export function generalHelp(commands: Readonly<Record<string, Command>>): string {
  const rows = Object.entries(commands).map(
    ([name, command]) => [`${name} ${command.usage}`.trim(), command.summary] as const,
  )
  return [
    'zt: ZeroTier in a process of its own. No client to install, no TUN device, no privileges.',
    '',
    'Usage: zt COMMAND [FLAGS]        zt help COMMAND explains one.',
    '',
    table(rows),
    '',
    'A first look: zt demo',
    'Exit codes: 0 ok, 1 failure, 2 usage, 3 no root reachable, 4 access denied, 5 timeout, 6 not found.',
  ].join('\n')
}

/** `zt help NAME`: one command with its flags. */
export function commandHelp(name: string, command: Command): string {
  const parts = [`Usage: zt ${name} ${command.usage}`.trimEnd(), '', command.details.trim()]
  if (Object.keys(command.flags).length > 0) parts.push('', 'Flags:', table(flagRows(command.flags)))
  return parts.join('\n')
}

function flagRows(flags: Flags): (readonly [string, string])[] {
  return Object.entries(flags).map(([name, flag]) => {
    const repeated = 'multiple' in flag && flag.multiple ? ' …' : ''
    return [`--${name}${flag.value ? ` ${flag.value}` : ''}${repeated}`, flag.help] as const
  })
}

function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.min(44, Math.max(...rows.map(([left]) => left.length)))
  return rows
    .map(([left, right]) =>
      left.length > width ? `  ${left}\n  ${' '.repeat(width)}  ${right}` : `  ${left.padEnd(width)}  ${right}`,
    )
    .join('\n')
}
