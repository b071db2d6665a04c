import { SessionKeys } from '@zt/crypto'
import { Member, PeerLink, PeerTable, Port, type PortHost } from '@zt/dataplane'
import {
  CredentialType,
  type NetworkConfig,
  REVOCATION_FAST_PROPAGATE,
  issueCom,
  signOwnership,
  signRevocation,
  signTag,
  sixPlaneAddress,
  splitNetworkConfig,
  ipThing,
} from '@zt/protocol'
import { Endpoint, IpAddress } from '@zt/sansio'
import { SeededRandom } from '@zt/testkit'
import { describe, expect, it } from 'vitest'
import { adHocConfig } from '../src/networks/ad-hoc.js'
import { ConfigChunks } from '../src/networks/config-chunks.js'
import { decodeCachedPeer, encodeCachedPeer } from '../src/peers/cached-peer.js'
import { Surface } from '../src/surface.js'
import { identities } from './lab.js'

const NOW = 1_700_000_000_000
const [controller, alice, bob] = identities
const networkId = (BigInt(controller.address) << 24n) | 1n
const lookup = (address: number) => identities.find((identity) => identity.address === address)
const inWindow = { networkId, configTimestamp: NOW, credentialWindowMs: 600_000, epoch: 1 }

describe('the credentials of a member', () => {
  const com = (timestamp: number, signer = controller) =>
    issueCom({ networkId, member: alice, timestamp, windowMs: 600_000 }, signer)

  it('are taken if the controller signed them, newer over older', () => {
    const member = new Member(alice.address, 0, inWindow)
    expect(member.addCom(com(NOW), lookup)).toBe('accepted')
    expect(member.addCom(com(NOW), lookup)).toBe('redundant')
    expect(member.addCom(com(NOW - 1), lookup)).toBe('rejected')
    expect(member.addCom(com(NOW + 1, bob), lookup)).toBe('rejected')
    expect(member.addCom(com(NOW + 1), () => undefined)).toBe('deferred')
    expect(member.hasLivingCom).toBe(true)
  })

  it('show only within the window of our configuration', () => {
    const tag = (id: number, timestamp: number) =>
      signTag({ networkId, timestamp, id, value: 7, issuedTo: alice.address }, controller)
    const member = new Member(alice.address, 0, inWindow)
    expect(member.addTag(tag(1, NOW), lookup)).toBe('accepted')
    expect(member.addTag(tag(2, NOW - 600_001), lookup)).toBe('accepted')
    expect([member.tag(1), member.tag(2), member.tag(3)]).toEqual([7, -1, -1])
  })

  it('say which addresses it owns', () => {
    const ip = IpAddress.parse('10.0.0.7')
    const ownership = signOwnership(
      { networkId, timestamp: NOW, flags: 0n, id: 1, things: [ipThing(ip)], issuedTo: alice.address },
      controller,
    )
    const member = new Member(alice.address, 0, inWindow)
    member.addOwnership(ownership, lookup)
    expect(member.ownsIp(ip.bytes, 0, 4)).toBe(true)
    expect(member.ownsIp(IpAddress.parse('10.0.0.8').bytes, 0, 4)).toBe(false)
    expect(member.ownsMac(0x0200_0000_0001)).toBe(false)
  })

  it('end with a revocation, and begin again with a newer certificate', () => {
    const member = new Member(alice.address, 0, inWindow)
    member.addCom(com(NOW), lookup)
    const revocation = signRevocation(
      {
        id: 1,
        networkId,
        credentialId: 0,
        threshold: NOW,
        flags: REVOCATION_FAST_PROPAGATE,
        target: alice.address,
        type: CredentialType.Com,
      },
      controller,
    )
    expect(member.addRevocation(revocation, lookup)).toBe('accepted')
    expect(member.addRevocation(revocation, lookup)).toBe('redundant')
    expect(member.hasLivingCom).toBe(false)
    expect(member.addCom(com(NOW), lookup)).toBe('rejected')
    expect(member.addCom(com(NOW + 1), lookup)).toBe('accepted')
    expect(member.hasLivingCom).toBe(true)
  })
})

describe('a port', () => {
  const host: PortHost = {
    address: alice.address,
    peers: new PeerTable(),
    groupJoined: () => {},
    sendFrame: () => true,
  }

  it('admits nobody without a configuration', () => {
    const port = new Port(host, networkId)
    const link = new PeerLink(bob, new SessionKeys(new Uint8Array(48)), 1432)
    expect(port.isUp).toBe(false)
    expect(port.admit(link)).toBeUndefined()
    port.configure(NOW, adHocConfig(NOW, 0xff0a_0000_0000_0001n, alice.address)!)
    expect(port.isUp).toBe(true)
    expect(port.admit(link)?.address).toBe(bob.address)
    port.close()
    expect(port.admit(link)).toBeUndefined()
  })

  it('knows members by their MAC', () => {
    const port = new Port(host, networkId)
    const member = port.member(bob.address)
    expect(port.isMemberMac(member.mac)).toBe(true)
    expect(port.memberWithMac(member.mac)).toBe(member)
    expect(port.isMemberMac(0x0011_2233_4455)).toBe(false)
  })
})

describe('the chunks of a configuration', () => {
  const random = new SeededRandom('chunks')

  it('make a whole in any order, and count once each', () => {
    const dictionary = random.bytes(35_000)
    const chunks = splitNetworkConfig(networkId, dictionary, 5n, controller)
    expect(chunks.length).toBe(4)
    for (const order of [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [1, 3, 0, 2],
    ]) {
      const collector = new ConfigChunks()
      const results = order.map((i) => {
        expect(collector.wants(chunks[i])).toBe(true)
        return collector.add(chunks[i])
      })
      expect(results.slice(0, 3)).toEqual([undefined, undefined, undefined])
      expect(results[3]).toEqual(dictionary)
    }
    const collector = new ConfigChunks()
    collector.add(chunks[0])
    expect(collector.wants(chunks[0])).toBe(false)
  })

  it('are not wanted again once they made a whole', () => {
    const collector = new ConfigChunks()
    const [first, second] = [1n, 2n].map((id) => splitNetworkConfig(networkId, random.bytes(12_000), id, controller))
    expect(first.map((chunk) => collector.add(chunk)?.length)).toEqual([undefined, 12_000])
    collector.add(second[0])
    expect(first.map((chunk) => collector.wants(chunk))).toEqual([false, false])
    expect(first.map((chunk) => collector.add(chunk))).toEqual([undefined, undefined])
    expect(collector.add(second[1])).toHaveLength(12_000)
  })

  it('of more than three configurations are not kept', () => {
    const collector = new ConfigChunks()
    const firsts = [1n, 2n, 3n, 4n].map((id) => splitNetworkConfig(networkId, random.bytes(12_000), id, controller))
    for (const [first] of firsts) collector.add(first)
    expect(collector.add(firsts[0][1])).toBeUndefined()
    expect(collector.add(firsts[3][1])).toHaveLength(12_000)
  })
})

describe('ad-hoc networks', () => {
  it('open a range of ports over IPv6', () => {
    const config = adHocConfig(NOW, 0xff00_5000_5a00_0000n, alice.address) as NetworkConfig
    expect(config).toMatchObject({ name: 'adhoc-0050-005a', isPublic: true, multicastLimit: 0 })
    expect(config.staticIps.map(String)).toEqual([`${sixPlaneAddress(config.networkId, alice.address)}/40`])
  })

  it('have IPv4 where the id says so', () => {
    const config = adHocConfig(NOW, 0xff0a_0000_0000_0001n, alice.address) as NetworkConfig
    expect(config.name).toBe('adhoc-10.0.0.0')
    expect(config.staticIps[1].toString()).toMatch(/^10\.\d+\.\d+\.\d+\/8$/)
    expect(config.specialists).toEqual([])
  })

  it('are nothing for other ids', () => {
    expect(adHocConfig(NOW, 0xff00_5a00_5000_0000n, alice.address)).toBeUndefined()
    expect(adHocConfig(NOW, 0xff00_5000_5a00_0002n, alice.address)).toBeUndefined()
  })
})

describe('the surface', () => {
  const root = Endpoint.parse('198.51.100.1/9993')
  const me = Endpoint.parse('203.0.113.7/1000')

  it('is what others see of us', () => {
    const surface = new Surface(false)
    expect(surface.learn(NOW, 1, 1, root, me, true)).toBeUndefined()
    surface.learn(NOW, 2, 1, Endpoint.parse('198.51.100.2/9993'), me, false)
    surface.learn(NOW, 3, 1, root, Endpoint.parse('8.8.8.8/1'), false)
    surface.learn(NOW, 4, 1, Endpoint.parse('127.0.0.1/1'), Endpoint.parse('127.0.0.1/2'), false)
    expect(surface.endpoints(NOW).map(String)).toEqual(['203.0.113.7/1000'])
    expect(surface.endpoints(NOW + 600_000)).toEqual([])
  })

  it('has changed when a root says so, and not for another port', () => {
    const surface = new Surface(false)
    surface.learn(NOW, 1, 1, root, me, true)
    expect(surface.learn(NOW, 1, 1, root, Endpoint.parse('203.0.113.7/2000'), true)).toBeUndefined()
    const moved = Endpoint.parse('203.0.113.8/1000')
    expect(surface.learn(NOW, 9, 1, root, moved, false)).toBeUndefined()
    expect(surface.learn(NOW, 1, 1, root, moved, true)).toEqual({ scope: 7, family: 4 })
  })
})

describe('a kept peer', () => {
  it('reads as it was written, and nothing else reads at all', () => {
    const peer = {
      identity: { address: bob.address, publicKey: bob.publicKey },
      protocol: 12,
      software: { major: 1, minor: 14, revision: 1 },
      endpoints: [Endpoint.parse('203.0.113.7/9993'), Endpoint.parse('fd00::7/1')],
    }
    const bytes = encodeCachedPeer(peer)
    expect(decodeCachedPeer(bytes)).toEqual(peer)
    for (let length = 0; length < bytes.length; length++)
      expect(decodeCachedPeer(bytes.subarray(0, length))).toBeUndefined()
    expect(decodeCachedPeer(Uint8Array.of(1, ...bytes.subarray(1)))).toBeUndefined()
  })
})
