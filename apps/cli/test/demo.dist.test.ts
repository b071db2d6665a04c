import { afterAll, beforeAll, expect, test } from 'vitest'
import { Lab, linesOf } from './lab.js'

let lab: Lab
beforeAll(async () => {
  lab = await Lab.open()
})
afterAll(() => lab[Symbol.asyncDispose]())

test('the demo holds, and its last line is the result', async () => {
  const ended = await lab.run('demo', '--json')
  const lines = linesOf(ended)
  const result = lines.at(-1)!
  expect(result).toMatchObject({ result: 'ok', seconds: expect.any(Number) as number })
  const checks = result.checks as { name: string; held: boolean }[]
  expect(checks.filter(({ held }) => !held)).toEqual([])
  expect(checks.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'joined',
      'denied',
      'direct path',
      'ping',
      'http',
      'udp',
      'alice to bob',
      'bob to alice',
      'clean shutdown',
    ]),
  )
  for (const line of lines.slice(0, -1))
    expect(line).toMatchObject({ at: expect.any(Number) as number, actor: expect.any(String) as string })
  expect(ended.stderr).toBe('')
  expect(ended.code).toBe(0)
})
