import { validateIdentity } from '@zt/protocol'
import { expect, test } from 'vitest'
import { identities } from './identities.js'

test('every throw-away identity is valid', () => {
  expect(identities.length).toBe(40)
  for (const identity of identities) expect(validateIdentity(identity)).toBe(true)
})
