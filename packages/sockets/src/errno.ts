/** Errors as Node's own sockets give them: code, errno, syscall, address and port, and a message made of these. */
import { getSystemErrorMap } from 'node:util'
import { type Endpoint, type ErrorCode, ZtError } from '@zt/sansio'

/** What was being done when it failed. */
export type Syscall = 'connect' | 'read' | 'write' | 'bind' | 'listen' | 'send' | 'getsockname' | 'ping'

/** An error of a system call: `connect ECONNREFUSED 10.0.0.1:80`. Numbers are this platform's. */
export function systemError(code: ErrorCode, syscall: Syscall, at?: Endpoint, cause?: unknown): ZtError {
  const where = at ? { address: at.ip.toString(), port: at.port } : {}
  const text = at ? ` ${at.ip}:${at.port}` : ''
  const known = numberOf(code)
  const errno = known === undefined ? {} : { errno: known }
  return new ZtError(code, `${syscall} ${code}${text}`, {
    ...errno,
    syscall,
    ...where,
    ...(cause === undefined ? {} : { cause }),
  })
}

/** The same from an error of the stack. What is not an error of a socket, a bug above all, stays what it is. */
export function fromStack(error: unknown, syscall: Syscall, at?: Endpoint): Error {
  const { code } = error as { code?: unknown }
  if (typeof code === 'string' && /^E[A-Z0-9]+$/.test(code)) return systemError(code as ErrorCode, syscall, at, error)
  return error instanceof Error ? error : new ZtError('ZT_BUG', `not an error: ${String(error)}`)
}

/** A mistake of the caller that has a name in Node. */
export function callerError(
  code: `ERR_${string}`,
  message: string,
  Kind: ErrorConstructor = Error,
): Error & { code: string } {
  const error = new Kind(message) as Error & { code: string }
  error.code = code
  return error
}

/** @throws ERR_SOCKET_BAD_PORT */
export function checkPort(port: unknown, least = 0): number {
  const number = typeof port === 'string' && port.trim() !== '' ? Number(port) : port
  if (typeof number === 'number' && Number.isInteger(number) && number >= least && number <= 65_535) return number
  throw callerError(
    'ERR_SOCKET_BAD_PORT',
    `Port should be >= ${least} and < 65536. Received ${String(port)}.`,
    RangeError as ErrorConstructor,
  )
}

let numbers: Map<string, number> | undefined

function numberOf(code: string): number | undefined {
  numbers ??= new Map([...getSystemErrorMap()].map(([errno, [name]]) => [name, errno]))
  return numbers.get(code)
}
