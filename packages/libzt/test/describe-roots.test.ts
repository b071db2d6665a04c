import type { RootStatus, RootTrouble } from '@zt/node'
import { Endpoint } from '@zt/sansio'
import { expect, test } from 'vitest'
import { describeRoots } from '../src/describe-roots.js'

const root = (trouble?: RootTrouble): RootStatus => ({
  address: 0x1a2440d163,
  endpoints: ['192.0.2.1/9993', '2001:db8::1/9993'].map((text) => Endpoint.parse(text)),
  isReachable: trouble === undefined,
  hellosSent: 1,
  ...(trouble ? { trouble } : {}),
})

const where = '1a2440d163 at 192.0.2.1/9993 2001:db8::1/9993'

test.each<[RootTrouble | undefined, string]>([
  ['no-route', 'none of our sockets can reach its endpoints'],
  ['no-reply', 'no reply to HELLO'],
  ['silent', 'it answered, and is silent now'],
  ['not-asked', 'not asked yet'],
  [undefined, 'reachable'],
])('%s', (trouble, said) => {
  expect(describeRoots([root(trouble)])).toBe(`${where}: ${said}`)
})

test('several roots, and none', () => {
  expect(describeRoots([root('no-reply'), root('silent')]).split('; ')).toHaveLength(2)
  expect(describeRoots([])).toBe('the planet has no roots')
})
