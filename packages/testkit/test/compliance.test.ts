import { MemoryStateStore } from '@zt/sansio'
import { describe, expect, test } from 'vitest'
import { stateStoreCases } from '../src/index.js'

describe('the reference store complies', () => {
  for (const { name, run } of stateStoreCases(async () => new MemoryStateStore())) test(name, run)
})

test('a store that does not keep copies is found out', async () => {
  const values = new Map<string, Uint8Array>()
  const careless = {
    read: async (key: string) => values.get(key),
    write: async (key: string, value: Uint8Array) => void values.set(key, value),
    delete: async (key: string) => void values.delete(key),
    list: async (prefix: string) => [...values.keys()].filter((key) => key.startsWith(prefix)),
  }
  const outcomes = await Promise.allSettled(stateStoreCases(async () => careless).map(({ run }) => run()))
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []))
  expect(failures.join('\n')).toContain('must not change what is stored')
})
