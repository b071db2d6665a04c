import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../root.js'
import { count } from '../suites.js'

const file = (name: string, statuses: readonly string[], more: { status?: string; message?: string } = {}) => ({
  name: join(root, name),
  status: statuses.includes('failed') ? 'failed' : 'passed',
  message: '',
  assertionResults: statuses.map((status, i) => ({ status, fullName: `case ${i}` })),
  ...more,
})

test('passed and failed tests are counted, and failures named', () => {
  expect(count({ testResults: [file('a.test.ts', ['passed', 'failed']), file('b.test.ts', ['passed'])] })).toEqual({
    passed: 2,
    failed: [join('a.test.ts: case 1')],
  })
})

test('a vector that is skipped has failed; another test that is skipped is not counted', () => {
  expect(
    count({ testResults: [file('a.vectors.test.ts', ['passed', 'skipped', 'todo']), file('b.test.ts', ['pending'])] }),
  ).toEqual({
    passed: 1,
    failed: ['a.vectors.test.ts: case 1 (skipped)', 'a.vectors.test.ts: case 2 (skipped)'],
  })
})

test('a file that cannot be loaded is one failure', () => {
  const broken = file('a.test.ts', [], { status: 'failed', message: 'SyntaxError: x\n  at y' })
  expect(count({ testResults: [broken] })).toEqual({ passed: 0, failed: ['a.test.ts: SyntaxError: x'] })
})
