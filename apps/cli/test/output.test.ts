import { ZtError } from '@zt/sansio'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Output } from '../src/output.js'

let stdout: string
let stderr: string

beforeEach(() => {
  stdout = stderr = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((stdout += String(text)), true))
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((stderr += String(text)), true))
})
afterEach(() => {
  vi.restoreAllMocks()
  process.stdout.removeAllListeners('error')
  process.stderr.removeAllListeners('error')
})

test('results are for stdout: text for people, an object a line for programs', () => {
  new Output(false).result({ a: 1 }, 'one')
  new Output(true).result({ a: 1, id: 0x8056c2e21c000001n, bytes: Uint8Array.of(1, 255) }, 'one')
  expect(stdout).toBe('one\n{"a":1,"id":"8056c2e21c000001","bytes":"01ff"}\n')
  expect(stderr).toBe('')
})

test('progress is for stderr, always', () => {
  for (const json of [false, true]) new Output(json).progress('working')
  expect([stdout, stderr]).toEqual(['', 'working\nworking\n'])
})

test('an error says what to do, and is an object too with --json', () => {
  const error = new ZtError('ZT_NETWORK_DENIED', 'access is denied', { hint: 'have it authorised' })
  new Output(false).error(error, 4)
  expect([stdout, stderr]).toEqual(['', 'zt: access is denied\n    have it authorised\n'])
  new Output(true).error(error, 4)
  expect(JSON.parse(stdout)).toEqual({
    error: 'access is denied',
    code: 'ZT_NETWORK_DENIED',
    hint: 'have it authorised',
    exitCode: 4,
  })
})

test('what is no error can be told as well', () => {
  new Output(true).error('odd', 1)
  expect(JSON.parse(stdout)).toEqual({ error: 'odd', exitCode: 1 })
})

test('a reader that goes away is noticed', () => {
  const output = new Output(false)
  output.onClosed = vi.fn()
  expect(output.isClosed).toBe(false)
  process.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  expect(output.isClosed).toBe(true)
  expect(output.onClosed).toHaveBeenCalledOnce()
  expect(() => process.stdout.emit('error', Object.assign(new Error('disk full'), { code: 'ENOSPC' }))).toThrow(
    'disk full',
  )
})

test('bytes wait for room', async () => {
  const output = new Output(false)
  await output.bytes(Buffer.from('abc'))
  vi.mocked(process.stdout.write).mockReturnValueOnce(false)
  const waiting = output.bytes(Buffer.from('def'))
  process.stdout.emit('drain')
  await waiting
  vi.mocked(process.stdout.write).mockReturnValueOnce(false)
  const broken = output.bytes(Buffer.from('ghi'))
  process.stdout.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
  await expect(broken).rejects.toThrow('EPIPE')
})
