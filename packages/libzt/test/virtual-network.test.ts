import { IpPrefix, type EtherLink } from '@zt/sansio'
import type { Network } from '@zt/node'
import { etherPair, SeededRandom, VirtualClock } from '@zt/testkit'
import { expect, test } from 'vitest'
import { VirtualNetwork } from '../src/virtual-network.js'

/** A joined network as far as its stack is concerned. */
function joined(link: EtherLink, addresses: string[], routes: { target: string; via?: string }[]): Network {
  const prefixes = addresses.map((text) => IpPrefix.parse(text))
  return {
    id: 0x8056c2e21c000001n,
    link,
    addresses: prefixes,
    routes: routes.map(({ target, via }) => ({
      target: IpPrefix.parse(target),
      via: via === undefined ? undefined : IpPrefix.parse(via).address,
      flags: 0,
      metric: 0,
    })),
  } as unknown as Network
}

test('what a controller says and no host can use is counted, and the rest is used', () => {
  const clock = new VirtualClock()
  const random = new SeededRandom('unusable')
  const [link] = etherPair({ clock, random })
  const network = joined(
    link,
    ['10.1.2.3/24', '224.0.0.5/24', '0.0.0.0/24', '255.255.255.255/32', '127.0.0.1/8', 'ff02::1/16', 'fd00::1/88'],
    [
      { target: '10.1.2.0/24' },
      { target: '10.0.0.0/8', via: 'fe80::1' },
      { target: '10.9.0.0/16', via: '10.1.2.1' },
      { target: '10.8.0.0/16', via: '0.0.0.0' },
    ],
  )
  const virtual = new VirtualNetwork(network, clock, random)
  const own = virtual.interface.addresses.filter(({ address }) => !address.isLinkLocal)
  expect(own.map(String)).toEqual(['10.1.2.3/24', 'fd00::1/88'])
  expect(virtual.stack.routes.map(({ prefix, via }) => `${prefix} ${via ?? ''}`)).toContain('10.9.0.0/16 10.1.2.1')
  expect(virtual.stack.counters.get('managed-address-unusable')).toBe(7)
  virtual.close()
})
