import { describe, expect, test } from 'vitest'
import { defaultNetwork, parseNetwork, withNetworkSettings } from '../src/network-definition.js'

const base = defaultNetwork(0x12_3456_789a_0000_01n, 1_700_000_000_000.25)

describe('a network definition', () => {
  test('is private, accepts all frames, and has nothing else by default', () => {
    expect(base).toMatchObject({
      id: '123456789a000001',
      nwid: '123456789a000001',
      private: true,
      creationTime: 1_700_000_000_000,
      revision: 0,
      mtu: 2800,
      multicastLimit: 32,
      enableBroadcast: true,
      rules: [{ type: 'ACTION_ACCEPT' }],
    })
  })

  test('is kept in canonical form', () => {
    const changed = withNetworkSettings(base, {
      routes: [
        { target: '10.1.2.3/16', via: null },
        { target: 'FD00:0::1/64', via: 'fd00::0:5' },
      ],
      ipAssignmentPools: [{ ipRangeStart: 'fd00:0:0::1', ipRangeEnd: 'fd00::00ff' }],
      tags: [
        { id: 7, default: 1 },
        { id: 3, default: null },
        { id: 7, default: 2 },
      ],
      remoteTraceTarget: '89E92CEEE5',
      v6AssignMode: { rfc4193: true } as never,
    })
    expect(changed).toMatchObject({
      routes: [
        { target: '10.1.0.0/16', via: null },
        { target: 'fd00::/64', via: 'fd00::5' },
      ],
      ipAssignmentPools: [{ ipRangeStart: 'fd00::1', ipRangeEnd: 'fd00::ff' }],
      tags: [
        { id: 3, default: null },
        { id: 7, default: 2 },
      ],
      remoteTraceTarget: '89e92ceee5',
      v6AssignMode: { zt: false, rfc4193: true, '6plane': false },
    })
    expect(parseNetwork(JSON.parse(JSON.stringify(changed)))).toEqual(changed)
  })

  test('ignores what cannot be set', () => {
    const settings = { id: '0', revision: 99, objtype: 'x', nonsense: true } as object
    expect(withNetworkSettings(base, settings)).toEqual(base)
  })

  test('survives a token of any name', () => {
    const authTokens = JSON.parse('{"__proto__": 0, "constructor": 5}') as Record<string, number>
    const changed = withNetworkSettings(base, { authTokens })
    expect(Object.entries(changed.authTokens)).toEqual([
      ['__proto__', 0],
      ['constructor', 5],
    ])
  })
})
