import { fromLatin1 } from '@zt/sansio'
import { SeededRandom } from '@zt/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  Dictionary,
  MAX_CONFIG_CHUNK_LENGTH,
  type NetworkConfig,
  decodeAuthentication,
  decodeNetworkConfig,
  decodeRequestMetadata,
  encodeAuthentication,
  encodeNetworkConfig,
  encodeRequestMetadata,
  generateIdentity,
  ownMetadata,
  splitNetworkConfig,
  verifyNetworkConfigChunk,
} from '../../src/index.js'
import * as any from '../arbitraries.js'

describe('network configs', () => {
  it('give back what was written', () => {
    fc.assert(
      fc.property(any.networkConfig, (config) => {
        expect(decodeNetworkConfig(encodeNetworkConfig(config))).toEqual(config)
      }),
      { numRuns: 100 },
    )
  })

  it('survive truncation, flipped bits and any bytes', () => {
    const tolerate = (bytes: Uint8Array): void => {
      const config = decodeNetworkConfig(bytes)
      if (config) expect(decodeNetworkConfig(encodeNetworkConfig(config))).toBeDefined()
    }
    fc.assert(
      fc.property(any.networkConfig, fc.nat(), fc.nat(), (config, cut, flip) => {
        const bytes = encodeNetworkConfig(config)
        tolerate(bytes.subarray(0, cut % bytes.length))
        bytes[(flip >> 3) % bytes.length] ^= 1 << (flip & 7)
        tolerate(bytes)
      }),
      { numRuns: 300 },
    )
    fc.assert(fc.property(any.bytes(0, 300), tolerate))
    const parts = ['C', 'CAP', 'TAG', 'COO', 'S', 'RT', 'I', 'R', 'DNS']
    fc.assert(
      fc.property(fc.constantFrom(...parts), any.bytes(0, 200), (key, value) => {
        const dictionary = new Dictionary()
        dictionary.setU64('v', 7)
        dictionary.setU64('nwid', 1n)
        dictionary.setAddress('id', 1)
        dictionary.set(key, value)
        tolerate(dictionary.encode())
      }),
      { numRuns: 500 },
    )
  })

  it('are refused where they would be too large', () => {
    const config = decodeNetworkConfig(fromLatin1('v=7\nnwid=1\nid=0000000001')) as NetworkConfig
    const big = {
      ...config,
      rules: Array.from({ length: 2000 }, () => ({ type: 'UNKNOWN' as const, code: 60, data: new Uint8Array(255) })),
    }
    expect(() => encodeNetworkConfig(big)).toThrowError(expect.objectContaining({ code: 'ZT_ARG_INVALID' }))
    expect(decodeNetworkConfig(new Uint8Array(500_000))).toBeUndefined()
  })

  it('travel in signed chunks', () => {
    const random = new SeededRandom('chunks')
    const controller = generateIdentity(random)
    const stranger = { ...controller, publicKey: random.bytes(64) }
    const dictionary = random.bytes(2 * MAX_CONFIG_CHUNK_LENGTH + 1)
    const chunks = splitNetworkConfig(BigInt(controller.address) << 24n, dictionary, 7n, controller)
    expect(chunks.map(({ data, place }) => [place?.offset, data.length])).toEqual([
      [0, MAX_CONFIG_CHUNK_LENGTH],
      [MAX_CONFIG_CHUNK_LENGTH, MAX_CONFIG_CHUNK_LENGTH],
      [2 * MAX_CONFIG_CHUNK_LENGTH, 1],
    ])
    const joined = new Uint8Array(dictionary.length)
    for (const chunk of chunks) {
      expect(verifyNetworkConfigChunk(chunk, controller)).toBe(true)
      expect(verifyNetworkConfigChunk(chunk, stranger)).toBe(false)
      expect(verifyNetworkConfigChunk({ ...chunk, networkId: chunk.networkId + 1n }, controller)).toBe(false)
      joined.set(chunk.data, chunk.place?.offset)
    }
    expect(joined).toEqual(dictionary)
    expect(verifyNetworkConfigChunk({ networkId: 1n, data: dictionary }, controller)).toBe(false)
    expect(() => splitNetworkConfig(1n, new Uint8Array(500_000), 7n, controller)).toThrowError(
      expect.objectContaining({ code: 'ZT_ARG_INVALID' }),
    )
  })
})

describe('request metadata', () => {
  it('says who asks', () => {
    const own = ownMetadata({ major: 1, minor: 14, revision: 1 }, 'linux/x86_64')
    expect(decodeRequestMetadata(encodeRequestMetadata(own))).toEqual(own)
    const withToken = { ...own, authentication: 'token:sesame' }
    expect(decodeRequestMetadata(encodeRequestMetadata(withToken))).toEqual(withToken)
  })

  it('leaves out what does not fit, and reads any bytes', () => {
    const own = ownMetadata({ major: 1, minor: 14, revision: 1 })
    expect(decodeRequestMetadata(encodeRequestMetadata({ ...own, authentication: 'x'.repeat(2000) }))).toEqual(own)
    fc.assert(
      fc.property(any.bytes(0, 300), (bytes) => {
        expect(decodeRequestMetadata(bytes).configVersion).toBeTypeOf('number')
      }),
    )
  })
})

describe('what to log in with', () => {
  it.each([
    { version: 0, enabled: true, authenticationUrl: 'https://login.example/?a=b' },
    {
      version: 1,
      enabled: true,
      issuerUrl: 'i',
      centralUrl: 'c',
      nonce: 'n',
      state: 's',
      clientId: 'id',
      provider: 'okta',
    },
  ])('version $version', (sso) => {
    expect(decodeAuthentication(encodeAuthentication(sso))).toEqual(sso)
  })
})
