/** What scripts rely on: commands, flags, exit codes, words. */
import { ZtError, type ErrorCode } from '@zt/sansio'
import { describe, expect, test } from 'vitest'
import { commands } from '../src/commands.js'
import { formatBytes, formatSpeed } from '../src/describe.js'
import { ExitCode, exitCodeOf } from '../src/exit-code.js'
import { commandHelp, generalHelp } from '../src/help.js'

describe('exit codes', () => {
  test('are those of the contract', () => {
    expect(ExitCode).toEqual({ ok: 0, failure: 1, usage: 2, noRoot: 3, denied: 4, timeout: 5, notFound: 6 })
  })

  test.each<[ErrorCode, number]>([
    ['ZT_ARG_INVALID', 2],
    ['ZT_ARG_MISSING', 2],
    ['ZT_NODE_OFFLINE', 3],
    ['ZT_NETWORK_DENIED', 4],
    ['ZT_NETWORK_AUTH_REQUIRED', 4],
    ['ZT_TIMEOUT', 5],
    ['ETIMEDOUT', 5],
    ['ZT_NETWORK_NOT_FOUND', 6],
    ['ZT_STATE_CORRUPT', 1],
    ['ZT_STOPPED', 1],
    ['ECONNREFUSED', 1],
  ])('%s is %d', (code, exitCode) => {
    expect(exitCodeOf(new ZtError(code, 'x'))).toBe(exitCode)
    expect(exitCodeOf(Object.assign(new Error('x'), { code }))).toBe(exitCode)
  })

  test('anything else is a failure', () => {
    for (const error of [new Error('x'), 'x', undefined, null, { code: 'ZT_TIMEOUT' }])
      expect(exitCodeOf(error)).toBe(1)
    expect(exitCodeOf(Object.assign(new Error('x'), { code: 'ERR_PARSE_ARGS_UNKNOWN_OPTION' }))).toBe(2)
  })
})

describe('commands', () => {
  test('are those of the contract', () => {
    const names = 'demo join listen call expose udp-listen udp-send nc ping root controller version'.split(' ')
    const more = ['bench send', 'bench recv', 'bench ping', 'identity new', 'identity show', 'identity validate']
    expect(Object.keys(commands).sort()).toEqual([...names, ...more, 'planet create', 'planet show'].sort())
  })

  const nodeFlags = ['state', 'planet', 'port', 'bind', 'allow-loopback']
  const onNetworks = [
    'listen',
    'call',
    'expose',
    'udp-listen',
    'udp-send',
    'nc',
    'ping',
    'bench send',
    'bench recv',
    'bench ping',
  ]
  test.each(['join', 'root', 'controller', ...onNetworks])('%s has the flags of a node', (name) => {
    expect(Object.keys(commands[name]!.flags)).toEqual(expect.arrayContaining(nodeFlags))
  })
  test.each(onNetworks)('%s joins networks', (name) => {
    expect(commands[name]!.flags.network).toMatchObject({ type: 'string', multiple: true })
  })
  test.each(Object.keys(commands))('%s can speak JSON and be limited in time', (name) => {
    expect(Object.keys(commands[name]!.flags)).toEqual(expect.arrayContaining(['json', 'timeout']))
  })
})

describe('help', () => {
  test('names every command and every exit code', () => {
    const help = generalHelp(commands)
    for (const [name, { summary }] of Object.entries(commands)) {
      expect(help).toContain(`  ${name}`)
      expect(help).toContain(summary)
    }
    for (const code of Object.values(ExitCode)) expect(help).toContain(`${code} `)
  })

  test.each(Object.entries(commands))('of %s explains it and all its flags', (name, command) => {
    const help = commandHelp(name, command)
    expect(help).toMatch(new RegExp(`^Usage: zt ${name}`))
    expect(help).toContain(command.details.trim())
    for (const [flag, { value }] of Object.entries(command.flags)) {
      expect(help).toContain(`--${flag}${value ? ` ${value}` : ''}`)
    }
    for (const line of help.split('\n')) expect(line.length).toBeLessThanOrEqual(160)
  })
})

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [67_108_864, '67.1 MB'],
  [5e12, '5000.0 GB'],
])('%d bytes are %s', (bytes, said) => {
  expect(formatBytes(bytes)).toBe(said)
})

test('speed', () => {
  expect(formatSpeed(1_000_000, 10)).toBe('800 Mbit/s')
})
