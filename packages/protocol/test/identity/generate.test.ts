import { SeededRandom } from '@zt/testkit'
import { describe, expect, it } from 'vitest'
import {
  IdentitySearch,
  formatAddress,
  formatIdentity,
  formatSecretIdentity,
  generateIdentity,
  isReservedAddress,
  parseIdentity,
  publicIdentity,
  validateIdentity,
} from '../../src/index.js'

describe('IdentitySearch', () => {
  it('finds an identity that validates, one try at a time', () => {
    const search = new IdentitySearch(new SeededRandom('search'))
    let identity = search.step()
    for (let tries = 1; !identity; tries++) {
      expect(search.tries).toBe(tries)
      identity = search.step()
    }
    expect(validateIdentity(identity)).toBe(true)
    expect(isReservedAddress(identity.address)).toBe(false)
    expect(parseIdentity(formatSecretIdentity(identity))).toEqual(identity)
    expect(parseIdentity(`${formatIdentity(identity)}\n`)).toEqual(publicIdentity(identity))
    expect(generateIdentity(new SeededRandom('search'))).toEqual(identity)
    expect(validateIdentity({ ...identity, address: identity.address ^ 1 })).toBe(false)
    expect(validateIdentity({ ...identity, address: 0 })).toBe(false)
  })
})

describe('identity text', () => {
  it.each([
    '',
    'x',
    'bc95d77f19:0:',
    `bc95d77f19:1:${'0'.repeat(128)}`,
    `ffffffffff:0:${'0'.repeat(128)}`,
    `bc95d77f19:0:${'0'.repeat(128)}:${'0'.repeat(126)}`,
  ])('refuses %j without repeating it', (text) => {
    expect(() => parseIdentity(text)).toThrowError(
      expect.objectContaining({ code: 'ZT_IDENTITY_INVALID', message: expect.not.stringContaining('0'.repeat(32)) }),
    )
  })

  it('names an address by ten digits', () => {
    expect(formatAddress(0x08ff5e0eb0)).toBe('08ff5e0eb0')
  })
})
