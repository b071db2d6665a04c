import fc from 'fast-check'
import { expect, test } from 'vitest'

test('fast-check draws from the seed that we set', () => {
  expect(fc.readConfigureGlobal()).toEqual({ seed: Number(process.env['ZT_SEED'] ?? 1) })
})
