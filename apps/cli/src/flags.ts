import { Endpoint, IpAddress, ZtError } from '@zt/sansio'
import type { Flags, Invocation } from './command.js'

/** Flags of every command. */
export const outputFlags = {
  json: { type: 'boolean', help: 'one JSON object a line on stdout; progress stays on stderr' },
  timeout: { type: 'string', value: 'SECONDS', help: 'give up after this long, exit code 5, or 3 if no root answered' },
} satisfies Flags

/** Flags of every command that runs a node. */
export const nodeFlags = {
  state: {
    type: 'string',
    value: 'DIR',
    help: 'where identity, planet and networks are kept, laid out as ZeroTierOne does (default: nowhere)',
  },
  planet: {
    type: 'string',
    value: 'FILE',
    help: 'world file with the roots to use (default: the one in --state, else the public planet)',
  },
  port: { type: 'string', value: 'N', help: 'UDP port (default: an ephemeral port)' },
  bind: { type: 'string', value: 'IP', help: 'send and receive on this local address only (default: all)' },
  'allow-loopback': {
    type: 'boolean',
    help: 'allow paths on 127.0.0.0/8 and ::1 (implied by a planet with only such endpoints)',
  },
  suite: {
    type: 'string',
    value: 'auto|1|3',
    help: 'cipher suite to send with: 1 Salsa20/12-Poly1305, 3 AES-GMAC-SIV (default: auto, the faster)',
  },
  counters: { type: 'boolean', help: 'print what was counted at the end: packets by suite, drops by reason' },
  ...outputFlags,
} satisfies Flags

/** Flags of every command that needs networks. */
export const networkFlags = {
  network: { type: 'string', value: 'NWID', multiple: true, help: 'network to join; 16 hexadecimal digits' },
  ...nodeFlags,
} satisfies Flags

/** The text of a flag, or `undefined` when it was not given. */
export function text(values: Invocation['values'], name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

/** All texts of a flag that may repeat. */
export function texts(values: Invocation['values'], name: string): string[] {
  const value = values[name]
  return Array.isArray(value) ? value.map(String) : value === undefined ? [] : [String(value)]
}

/** The text of a flag that must be there. */
export function required(values: Invocation['values'], name: string, why: string): string {
  const value = text(values, name)
  if (value === undefined) throw new ZtError('ZT_ARG_MISSING', `--${name} is needed: ${why}`)
  return value
}

/** A port number, 1 to 65535, or 0 where `zero` allows "any". */
export function portNumber(value: string, what: string, zero = false): number {
  const port = Number(value)
  if (!/^\d{1,5}$/.test(value) || port > 65535 || (port === 0 && !zero)) {
    throw new ZtError(
      'ZT_ARG_INVALID',
      `${what} must be a number from ${zero ? 0 : 1} to 65535, got ${JSON.stringify(value)}`,
    )
  }
  return port
}

/** `IP:PORT`, with brackets around an IPv6 address. */
export function ipAndPort(value: string, what: string): Endpoint {
  const { host, port } = hostAndPort(value, what)
  const ip = IpAddress.tryParse(host)
  if (!ip)
    throw new ZtError(
      'ZT_ARG_INVALID',
      `${what} must be IP:PORT such as 10.0.0.1:80 or [fd00::1]:80, got ${JSON.stringify(value)}`,
    )
  return new Endpoint(ip, port)
}

/** `HOST:PORT`, with brackets around an IPv6 address. */
export function hostAndPort(value: string, what: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(value)
  if (!match)
    throw new ZtError(
      'ZT_ARG_INVALID',
      `${what} must be HOST:PORT, an IPv6 address in brackets, got ${JSON.stringify(value)}`,
    )
  return { host: (match[1] ?? match[2])!, port: portNumber(match[3]!, `the port of ${what}`) }
}

/** A number of seconds that a timer can wait. */
export function seconds(value: string, what: string): number {
  const count = Number(value)
  if (!/^[\d.]+$/.test(value) || !(count > 0 && count <= 2_000_000)) {
    throw new ZtError(
      'ZT_ARG_INVALID',
      `${what} must be a number of seconds such as 30 or 0.5, got ${JSON.stringify(value)}`,
    )
  }
  return count
}

/** How many times. */
export function times(value: string | undefined, what: string, otherwise: number): number {
  if (value === undefined) return otherwise
  const count = Number(value)
  if (/^\d{1,9}$/.test(value) && count > 0) return count
  throw new ZtError('ZT_ARG_INVALID', `${what} must be a number from 1 on, got ${JSON.stringify(value)}`)
}

/** A size in bytes: `1000`, `64k`, `100M`, `1G` (powers of 1024). */
export function byteCount(value: string, what: string): number {
  const match = /^(\d+)([kMG]?)$/i.exec(value)
  if (!match)
    throw new ZtError(
      'ZT_ARG_INVALID',
      `${what} must be a number of bytes such as 1000000, 64k or 100M, got ${JSON.stringify(value)}`,
    )
  const count = Number(match[1]) * 1024 ** ['', 'k', 'm', 'g'].indexOf(match[2]!.toLowerCase())
  if (!Number.isSafeInteger(count))
    throw new ZtError('ZT_ARG_INVALID', `${what} is beyond what numbers can count: ${JSON.stringify(value)}`)
  return count
}
