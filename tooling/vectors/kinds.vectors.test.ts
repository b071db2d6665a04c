/** Which tests hold which kinds of vectors: nothing that was recorded may be forgotten. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { VectorFile, vectorFiles } from '../../fixtures/vector-file.js'

/** By vector file and test file, the kinds whose every case the test holds. */
const tested: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'identity.json': {
    'packages/crypto/test/c25519.vectors.test.ts': ['agree', 'sign', 'verify', 'address-derivation'],
    'packages/protocol/test/identity/identity.vectors.test.ts': [
      'identity',
      'identity-string',
      'identity-binary',
      'agree',
      'sign',
      'verify',
      'address-derivation',
    ],
  },
  'primitives.json': {
    'packages/crypto/test/primitives.vectors.test.ts': [
      'salsa2012',
      'salsa2020',
      'poly1305',
      'sha512',
      'sha384',
      'hmac-sha384',
      'kbkdf',
      'aes256-ecb',
      'aes256-ctr',
      'gmac',
      'x25519',
      'x25519-base',
      'ed25519-public',
    ],
  },
  'packet-armor.json': {
    'packages/crypto/test/armor.vectors.test.ts': ['gmac-siv', 'gmac-siv-open'],
    'packages/protocol/test/packet/armor.vectors.test.ts': [
      'header',
      'armor',
      'dearmor',
      'trusted',
      'crypt-field',
      'compress',
      'uncompress',
    ],
  },
  'fragments.json': {
    'packages/protocol/test/packet/fragment.vectors.test.ts': ['fragment'],
    'packages/dataplane/test/vectors/fragments.vectors.test.ts': ['reassemble', 'forward'],
  },
  'inetaddress-mac-multicast.json': {
    'packages/protocol/test/addresses.vectors.test.ts': [
      'inet-serialize',
      'inet-deserialize',
      'ip-scope',
      'inet-parse',
      'inet-net',
      'inet-contains',
      'inet-matching-bits',
      'mac',
      'mac-to-address',
      'multicast-group',
      'derived-ipv6',
      'link-local',
    ],
    'packages/dataplane/test/vectors/frames-for-many.vectors.test.ts': ['ethernet-multicast', 'ndp-emulation'],
  },
  'world.json': {
    // Planets and moons with protocol's own functions; planets in a node, which orbits no moons yet.
    'packages/protocol/test/world/world.vectors.test.ts': [
      'default-planet',
      'world-make',
      'world-decode',
      'world-replace',
      'topology-sequence',
    ],
    'packages/node/test/vectors/topology.vectors.test.ts': ['topology-sequence'],
  },
  'dictionary-netconf.json': {
    'packages/protocol/test/netconf/netconf.vectors.test.ts': [
      'dict-encode',
      'dict-decode',
      'rules-codec',
      'netconf-encode',
      'netconf-decode',
    ],
  },
  'credentials.json': {
    'packages/protocol/test/credentials/credentials.vectors.test.ts': [
      'com',
      'tag',
      'capability',
      'coo',
      'revocation',
      'decode',
      'verify',
      'com-agree',
      'coo-owns',
    ],
    'packages/dataplane/test/vectors/membership.vectors.test.ts': ['membership-sequence'],
  },
  'rules-filter.json': {
    'packages/dataplane/test/rules/rules-filter.vectors.test.ts': ['filter'],
  },
  'verbs.json': {
    'packages/protocol/test/verbs/verbs.vectors.test.ts': ['packet', 'config-chunks'],
  },
}

/** Files that no test holds, with the reason. */
const untested: Readonly<Record<string, string>> = {
  'bond.json': 'a node has no bonds yet, and chooses among single paths in its own way',
}

describe('every kind of vectors is tested somewhere', () => {
  it.each(vectorFiles())('%s', (name) => {
    if (name in untested) return expect(tested[name]).toBeUndefined()
    const declared = Object.values(tested[name] ?? {}).flat()
    expect([...new Set(declared)].sort()).toEqual(new VectorFile(name).kinds)
  })

  it('and no file is missing', () => {
    expect(vectorFiles()).toEqual([...Object.keys(tested), ...Object.keys(untested)].sort())
  })

  const claims = Object.entries(tested).flatMap(([name, tests]) =>
    Object.entries(tests).map(([test, kinds]) => ({ name, test, kinds })),
  )
  it.each(claims)('$test reads $name', ({ name, test, kinds }) => {
    const text = readFileSync(fileURLToPath(new URL(`../../${test}`, import.meta.url)), 'utf8')
    expect(text).toContain(`'${name}'`)
    // By name in quotes, or as the key of a table.
    expect(kinds.filter((kind) => !new RegExp(`'${kind}'|^  ${kind}: `, 'm').test(text))).toEqual([])
  })
})
