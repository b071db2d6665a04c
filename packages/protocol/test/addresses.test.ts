import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addressOfMac,
  controllerOf,
  formatAddress,
  formatNetworkId,
  isAdHoc,
  isMemberMac,
  isReservedAddress,
  macOf,
  packetErrorName,
  parseAddress,
  parseNetworkId,
  verbName,
} from '../src/index.js'
import * as any from './arbitraries.js'

describe('addresses and network ids', () => {
  it('have one text each', () => {
    fc.assert(
      fc.property(
        any.address,
        any.u64.filter((id) => id !== 0n),
        (address, networkId) => {
          expect(parseAddress(formatAddress(address))).toBe(address)
          expect(parseNetworkId(formatNetworkId(networkId))).toBe(networkId)
          expect(formatNetworkId(networkId).startsWith(formatAddress(controllerOf(networkId)))).toBe(true)
        },
      ),
    )
  })

  it.each(['', '0', 'bc95d77f1', 'bc95d77f191', '0000000000', 'ff00000001', 'bc95d77f1g'])(
    'refuse the address %j',
    (text) => {
      expect(() => parseAddress(text)).toThrowError(expect.objectContaining({ code: 'ZT_ARG_INVALID' }))
    },
  )

  it.each(['', '8056c2e21c00001', '8056c2e21c0000011', '0000000000000000', '0x56c2e21c000001'])(
    'refuse the network id %j',
    (text) => {
      expect(() => parseNetworkId(text)).toThrowError(expect.objectContaining({ code: 'ZT_ARG_INVALID' }))
    },
  )

  it('know what is reserved, and which networks have no controller', () => {
    expect([0, 1, 0xfe_ffff_ffff, 0xff_0000_0000].map(isReservedAddress)).toEqual([true, false, false, true])
    expect([isAdHoc(0xff00_1600_1600_0000n), isAdHoc(0x8056_c2e2_1c00_0001n)]).toEqual([true, false])
  })

  it('lead to a MAC and back', () => {
    fc.assert(
      fc.property(any.address, any.u64, (address, networkId) => {
        const mac = macOf(address, networkId)
        expect(addressOfMac(mac, networkId)).toBe(address)
        expect(isMemberMac(mac, networkId)).toBe(true)
        expect(Math.floor(mac / 2 ** 40) & 3).toBe(2)
      }),
    )
  })
})

describe('names', () => {
  it('of verbs and errors are those of the protocol', () => {
    expect([0x00, 0x01, 0x07, 0x0b, 0x10, 0x16, 0x1f].map(verbName)).toEqual([
      'NOP',
      'HELLO',
      'EXT_FRAME',
      'NETWORK_CONFIG_REQUEST',
      'PUSH_DIRECT_PATHS',
      'PATH_NEGOTIATION_REQUEST',
      'VERB_1f',
    ])
    expect([0x03, 0x09, 0x00, 0x42].map(packetErrorName)).toEqual([
      'OBJ_NOT_FOUND',
      'NETWORK_AUTHENTICATION_REQUIRED',
      'ERROR_00',
      'ERROR_42',
    ])
  })
})
