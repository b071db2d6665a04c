import { generateKeyPair } from '@zt/crypto'
import { isWorldSignedBy, publicIdentity, verifyWorldUpdate, WorldType } from '@zt/protocol'
import { Endpoint } from '@zt/sansio'
import { SeededRandom } from '@zt/testkit'
import { describe, expect, test } from 'vitest'
import { formatWorld, isSelfSigned, makeMoon, makePlanet, parseWorld, updateWorld } from '../src/index.js'
import { identities } from './identities.js'

const [alpha, beta, gamma] = identities
const at = (...texts: string[]): Endpoint[] => texts.map((text) => Endpoint.parse(text))
const options = {
  roots: [{ identity: alpha, endpoints: at('192.0.2.1/9993', '2001:db8::1/9993') }],
  timestamp: 1_700_000_000_000,
  id: 77n,
}

describe('a planet', () => {
  test('goes into a file and comes back, without secrets', () => {
    const planet = makePlanet(options)
    const bytes = formatWorld(planet)
    expect(parseWorld(bytes)).toEqual(planet)
    expect(planet.roots[0].identity).toEqual(publicIdentity(alpha))
    expect(isSelfSigned(planet)).toBe(true)
    expect(isWorldSignedBy(planet, alpha.publicKey)).toBe(true)
    for (let length = 0; length < bytes.length; length++) {
      expect(() => parseWorld(bytes.subarray(0, length))).toThrow(expect.objectContaining({ code: 'ZT_WORLD_INVALID' }))
    }
  })

  test('may have a key of its own, which the next version needs', () => {
    const key = generateKeyPair(new SeededRandom(7))
    const next = generateKeyPair(new SeededRandom(8))
    const first = makePlanet({
      ...options,
      roots: [{ identity: publicIdentity(alpha), endpoints: at('192.0.2.1/9993') }],
      signingKey: key,
    })
    const roots = [{ identity: beta, endpoints: at('192.0.2.2/9993') }]
    const second = updateWorld(first, { roots, timestamp: first.timestamp + 1, signingKey: next }, key)
    expect(verifyWorldUpdate(first, second)).toBe(true)
    expect(second).toMatchObject({ type: WorldType.Planet, id: 77n, updatesMustBeSignedBy: next.publicKey })
    expect(() => updateWorld(second, { roots, timestamp: second.timestamp + 1 }, key)).toThrow('not the key')
    expect(() => updateWorld(second, { roots, timestamp: second.timestamp }, next)).toThrow('must be later')
    const third = updateWorld(second, { roots, timestamp: second.timestamp + 1 }, next)
    expect(verifyWorldUpdate(second, third)).toBe(true)
  })

  test('that nodes would not use is not made', () => {
    const place = options.roots[0]
    const bad: [object, string][] = [
      [{ roots: [] }, '1 to 4 roots'],
      [
        { roots: [alpha, beta, gamma, identities[3], identities[4]].map((identity) => ({ ...place, identity })) },
        '1 to 4 roots',
      ],
      [{ roots: [place, place] }, 'twice'],
      [{ roots: [{ ...place, endpoints: [] }] }, 'endpoints'],
      [{ roots: [{ ...place, endpoints: at('0.0.0.0/9993') }] }, '0.0.0.0/9993'],
      [{ roots: [{ ...place, endpoints: at('192.0.2.1/0') }] }, '192.0.2.1/0'],
      [{ roots: [{ ...place, identity: publicIdentity(alpha) }] }, 'no key'],
      [{ id: 0n }, 'not 0'],
      [{ id: 149604618n }, "ZeroTier's own planet"],
    ]
    for (const [change, sentence] of bad) expect(() => makePlanet({ ...options, ...change })).toThrow(sentence)
  })
})

test('a moon is a world of another type', () => {
  const moon = makeMoon({ ...options, id: BigInt(alpha.address) })
  expect(moon.type).toBe(WorldType.Moon)
  expect(parseWorld(formatWorld(moon))).toEqual(moon)
})
