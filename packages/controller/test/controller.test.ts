import {
  capabilityIssuedTo,
  comIssuedTo,
  comsAgree,
  comTimestamp,
  CredentialType,
  decodeNetworkCredentials,
  hasFlag,
  ipThing,
  NetworkFlag,
  owns,
  PacketError,
  rfc4193Address,
  sixPlaneAddress,
  SpecialistRole,
  verifyCapability,
  verifyCom,
  verifyOwnership,
  verifyRevocation,
  verifyTag,
} from '@zt/protocol'
import { ByteReader, IpAddress } from '@zt/sansio'
import { SeededRandom } from '@zt/testkit'
import { describe, expect, test } from 'vitest'
import { configIn, drain, identities, newController, request, self, START } from './bench.js'

const [, alice, bob, carol] = identities
const lookup = (address: number) => (address === self.address ? self : undefined)

const lan = {
  name: 'lan',
  routes: [{ target: '10.20.0.0/16', via: null }],
  ipAssignmentPools: [{ ipRangeStart: '10.20.0.1', ipRangeEnd: '10.20.255.254' }],
  v4AssignMode: { zt: true },
}

function bytesOf(address: number): number[] {
  return [4, 3, 2, 1, 0].map((i) => Math.floor(address / 256 ** i) & 0xff)
}

describe('a request', () => {
  test('for a network that is not there is answered so, and not for a foreign one', () => {
    const controller = newController()
    const here = (BigInt(self.address) << 24n) | 7n
    expect(controller.handleRequest(START, request(here, alice))).toEqual([
      { type: 'refusal', to: alice.address, networkId: here, inReplyTo: 0x1234n, code: PacketError.ObjectNotFound },
    ])
    expect(controller.handleRequest(START, request((BigInt(alice.address) << 24n) | 7n, alice))).toEqual([])
  })

  test('of a member that is not authorised is refused, and remembered', () => {
    const controller = newController()
    const networkId = BigInt(`0x${controller.createNetwork(START, lan).id}`)
    const [answer] = controller.handleRequest(START, request(networkId, alice))
    expect(answer).toMatchObject({ type: 'refusal', code: PacketError.NetworkAccessDenied, inReplyTo: 0x1234n })
    expect(controller.member(networkId, alice.address)).toMatchObject({
      authorized: false,
      ipAssignments: [],
      vMajor: 1,
      vMinor: 14,
      vProto: 12,
      lastAuthorizedCredentialType: null,
    })
    // As soon as it is authorised it is told so.
    controller.authorize(START + 500, networkId, alice.address)
    const [push, ...more] = drain(controller)
    expect(more).toEqual([])
    expect(push).not.toHaveProperty('inReplyTo')
    expect(configIn(push).issuedTo).toBe(alice.address)
    expect(controller.member(networkId, alice.address)?.lastAuthorizedCredentialType).toBe('api')
  })

  test('is answered once a second', () => {
    const controller = newController()
    const networkId = BigInt(`0x${controller.createNetwork(START, { private: false }).id}`)
    expect(controller.handleRequest(START, request(networkId, alice))).toHaveLength(1)
    expect(controller.handleRequest(START + 1000, request(networkId, alice))).toHaveLength(0)
    expect(controller.handleRequest(START + 1000, request(networkId, bob))).toHaveLength(1)
    expect(controller.handleRequest(START + 1001, request(networkId, alice))).toHaveLength(1)
  })

  test('with the address of somebody else is refused', () => {
    const controller = newController()
    const networkId = BigInt(`0x${controller.createNetwork(START, { private: false }).id}`)
    controller.handleRequest(START, request(networkId, alice))
    const [answer] = controller.handleRequest(START + 5000, request(networkId, { ...bob, address: alice.address }))
    expect(answer).toMatchObject({ type: 'refusal', code: PacketError.NetworkAccessDenied })
  })

  test('may present a token', () => {
    const controller = newController()
    const networkId = BigInt(
      `0x${controller.createNetwork(START, { authTokens: { open: 0, old: START - 1, late: START + 60_000 } }).id}`,
    )
    const ask = (now: number, who: typeof alice, authentication: string): string => {
      return controller.handleRequest(now, request(networkId, who, { authentication }))[0].type
    }
    expect(ask(START, alice, 'token:old')).toBe('refusal')
    expect(ask(START + 2000, alice, 'token:toString')).toBe('refusal')
    expect(ask(START + 4000, alice, 'open')).toBe('refusal')
    expect(ask(START + 6000, alice, 'token:open')).toBe('config')
    expect(ask(START + 2000, bob, 'token:late')).toBe('config')
    expect(controller.member(networkId, bob.address)).toMatchObject({
      lastAuthorizedCredentialType: 'token',
      lastAuthorizedCredential: 'late',
    })
  })

  test('by strangers without end does not fill the memory', () => {
    const controller = newController()
    const networkId = BigInt(`0x${controller.createNetwork(START, {}).id}`)
    controller.updateMember(START, networkId, 1, { name: 'expected' })
    const random = new SeededRandom(4)
    for (let i = 0; i < 1100; i++) {
      const stranger = { address: 0x10_0000_0000 + i, publicKey: random.bytes(64) }
      controller.handleRequest(START + i, request(networkId, stranger))
    }
    const members = controller.members(networkId)
    expect(members).toHaveLength(1025)
    expect(members[0].name).toBe('expected')
    expect(controller.member(networkId, 0x10_0000_0000)).toBeUndefined()
    expect(controller.member(networkId, 0x10_0000_0000 + 1099)).toBeDefined()
  })

  test('of a version without rules engine gets a config that accepts everything', () => {
    const controller = newController()
    const rules = [{ type: 'ACTION_DROP' }] as const
    const networkId = BigInt(
      `0x${controller.createNetwork(START, { private: false, rules, tags: [{ id: 1, default: 1 }] }).id}`,
    )
    const config = configIn(controller.handleRequest(START, request(networkId, alice, { rulesEngineRevision: 0 }))[0])
    expect(config.rules).toEqual([{ type: 'ACTION_ACCEPT' }])
    expect(config.tags).toEqual([])
  })
})

test('whatever a member says about itself, it is answered', () => {
  const controller = newController()
  const networkId = BigInt(`0x${controller.createNetwork(START, { private: false }).id}`)
  const random = new SeededRandom('metadata')
  const whole = request(networkId, alice).metadata
  for (let i = 0; i < 60; i++) {
    const metadata = random.chance(0.5) ? random.bytes(random.below(200)) : whole.slice(0, random.below(whole.length))
    if (metadata.length > 0) metadata[random.below(metadata.length)] ^= 1 << random.below(8)
    const [answer] = controller.handleRequest(START + 1001 * i, { ...request(networkId, alice), metadata })
    expect(configIn(answer).issuedTo).toBe(alice.address)
  }
})

describe('a config', () => {
  test('has everything that the network says, and credentials that verify', () => {
    const controller = newController()
    const networkId = BigInt(
      `0x${
        controller.createNetwork(START, {
          ...lan,
          name: 'Büro',
          private: false,
          mtu: 1500,
          multicastLimit: 99,
          enableBroadcast: false,
          v6AssignMode: { zt: true, rfc4193: true, '6plane': true },
          routes: [
            { target: '10.20.0.0/16', via: null },
            { target: 'fd12::/64', via: null },
            { target: '192.168.0.0/16', via: '10.20.0.9' },
          ],
          ipAssignmentPools: [
            { ipRangeStart: '10.20.0.1', ipRangeEnd: '10.20.255.254' },
            { ipRangeStart: 'fd12::', ipRangeEnd: 'fd12::ffff:ffff:ffff:ffff' },
          ],
          rules: [
            { type: 'MATCH_ETHERTYPE', etherType: 0x0800, not: true },
            { type: 'ACTION_DROP' },
            { type: 'ACTION_ACCEPT' },
          ],
          tags: [
            { id: 9, default: 3 },
            { id: 4, default: null },
          ],
          capabilities: [
            { id: 2, default: true, rules: [{ type: 'ACTION_ACCEPT' }] },
            { id: 1, default: false, rules: [{ type: 'ACTION_ACCEPT' }] },
          ],
          dns: { domain: 'lan.example', servers: ['10.20.0.53'] },
          certificateTimeoutWindowSize: 600_000,
        }).id
      }`,
    )
    controller.updateMember(START, networkId, bob.address, { activeBridge: true })
    const config = configIn(controller.handleRequest(START + 0.5, request(networkId, alice))[0])
    expect(config).toMatchObject({
      networkId,
      timestamp: START,
      credentialTimeMaxDelta: 600_000,
      issuedTo: alice.address,
      name: 'Büro',
      mtu: 1500,
      multicastLimit: 99,
      isPublic: true,
      specialists: [{ address: bob.address, roles: SpecialistRole.ActiveBridge }],
    })
    expect(hasFlag(config, NetworkFlag.EnableBroadcast)).toBe(false)
    expect(hasFlag(config, NetworkFlag.NdpEmulation)).toBe(true)
    expect(config.rules.map(({ type }) => type)).toEqual(['MATCH_ETHERTYPE', 'ACTION_DROP', 'ACTION_ACCEPT'])
    expect(config.routes.map(({ target, via }) => `${target} ${via}`)).toEqual([
      '10.20.0.0/16 undefined',
      'fd12::/64 undefined',
      '192.168.0.0/16 10.20.0.9',
    ])
    expect(config.dns).toMatchObject({ domain: 'lan.example' })
    expect(config.dns?.servers.map(({ ip }) => ip.toString())).toEqual(['10.20.0.53'])

    const own = config.staticIps.map(String)
    expect(own).toHaveLength(4)
    expect(own[0]).toBe(`${rfc4193Address(networkId, alice.address)}/88`)
    expect(own[1]).toBe(`${sixPlaneAddress(networkId, alice.address)}/40`)
    // The first choice from an IPv6 pool is the address that ends in the member's own.
    expect(own[2]).toBe(
      `${IpAddress.of(Uint8Array.of(0xfd, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...bytesOf(alice.address)))}/64`,
    )
    expect(own[3]).toMatch(/^10\.20\..*\/16$/)

    expect(verifyCom(config.com!, lookup)).toBe('valid')
    expect(comIssuedTo(config.com!)).toBe(alice.address)
    expect(comTimestamp(config.com!)).toBe(START)
    expect(config.tags.map(({ id, value }) => [id, value])).toEqual([[9, 3]])
    expect(config.tags.map((tag) => verifyTag(tag, lookup))).toEqual(['valid'])
    expect(config.capabilities.map(({ id }) => id)).toEqual([2])
    expect(config.capabilities.map((capability) => verifyCapability(capability, lookup))).toEqual(['valid'])
    expect(capabilityIssuedTo(config.capabilities[0])).toBe(alice.address)
    expect(config.ownerships.map((ownership) => verifyOwnership(ownership, lookup))).toEqual(['valid'])
    for (const { address } of config.staticIps) expect(owns(config.ownerships[0], ipThing(address))).toBe(true)

    // Certificates of two members of one network agree.
    const other = configIn(controller.handleRequest(START + 60_000, request(networkId, carol))[0])
    expect(comsAgree(config.com!, other.com!, carol)).toBe(true)
    expect(comsAgree(other.com!, config.com!, alice)).toBe(true)
    expect(comsAgree(other.com!, config.com!, bob)).toBe(false)
  })

  test('comes in chunks that fit packets when it is large', () => {
    const controller = newController()
    const rules = Array.from(
      { length: 900 },
      (_, i) =>
        ({ type: 'MATCH_MAC_SOURCE', mac: `02:00:00:00:0d:${(i & 255).toString(16).padStart(2, '0')}` }) as const,
    )
    const networkId = BigInt(
      `0x${controller.createNetwork(START, { private: false, rules: [...rules, { type: 'ACTION_ACCEPT' }] }).id}`,
    )
    const [answer] = controller.handleRequest(START, request(networkId, alice))
    if (answer.type !== 'config') throw new Error('refused')
    expect(answer.chunks.length).toBe(2)
    expect(configIn(answer).rules).toHaveLength(901)
    controller.updateNetwork(START, networkId, {
      capabilities: Array.from({ length: 40 }, (_, id) => ({ id, default: false, rules: rules.slice(0, 64) })),
    })
    drain(controller)
    controller.updateMember(START, networkId, alice.address, {
      capabilities: Array.from({ length: 40 }, (_, id) => id),
    })
    const [push] = drain(controller)
    if (push.type !== 'config') throw new Error('refused')
    expect(push.chunks.length).toBeGreaterThan(3)
    for (const chunk of push.chunks) expect(chunk.length).toBeLessThanOrEqual(10024 - 28 - 9)
    expect(configIn(push).capabilities).toHaveLength(40)
  })
})

describe('an administrator', () => {
  test('can change a network: members that are online are told', () => {
    const controller = newController()
    const networkId = BigInt(`0x${controller.createNetwork(START, { private: false }).id}`)
    for (const who of [alice, bob]) controller.handleRequest(START, request(networkId, who))
    controller.handleRequest(START + 100_000, request(networkId, bob))
    controller.updateNetwork(START + 121_000, networkId, { name: 'renamed' })
    const pushes = drain(controller)
    expect(pushes.map(({ to }) => to)).toEqual([bob.address])
    expect(configIn(pushes[0])).toMatchObject({ name: 'renamed', revision: 2, timestamp: START + 121_000 })
    // Nothing changed: nothing is sent.
    controller.updateNetwork(START + 121_000, networkId, { name: 'renamed' })
    expect(drain(controller)).toEqual([])
  })

  test('can send a member away: the others are told to ignore it, and it can come back', () => {
    const controller = newController()
    const networkId = BigInt(`0x${controller.createNetwork(START, lan).id}`)
    for (const who of [alice, bob, carol]) {
      controller.authorize(START, networkId, who.address)
      expect(controller.handleRequest(START, request(networkId, who))[0].type).toBe('config')
    }
    drain(controller)
    controller.deauthorize(START + 5000, networkId, bob.address)
    const messages = drain(controller)
    expect(messages.map(({ type, to }) => [type, to])).toEqual(
      [alice, bob, carol].map(({ address }) => ['credentials', address]),
    )
    const [first] = messages
    if (first.type !== 'credentials') throw new Error('no credentials')
    const { revocations } = decodeNetworkCredentials(new ByteReader(first.payload))!
    expect(revocations).toHaveLength(1)
    expect(revocations[0]).toMatchObject({
      target: bob.address,
      type: CredentialType.Com,
      threshold: START + 5000,
      flags: 1n,
    })
    expect(verifyRevocation(revocations[0], lookup)).toBe('valid')
    expect(controller.handleRequest(START + 6000, request(networkId, bob))[0]).toMatchObject({
      code: PacketError.NetworkAccessDenied,
    })
    // Authorised again in the same millisecond, its certificate must still be younger than the revocation.
    controller.deauthorize(START + 8000, networkId, bob.address)
    controller.authorize(START + 5000, networkId, bob.address)
    const pushed = drain(controller).find(({ type }) => type === 'config')
    expect(comTimestamp(configIn(pushed).com!)).toBeGreaterThan(START + 5000)
  })

  test('can delete a network: all memberships are revoked', () => {
    const controller = newController()
    const networkId = BigInt(`0x${controller.createNetwork(START, { private: false }).id}`)
    for (const who of [alice, bob]) controller.handleRequest(START, request(networkId, who))
    expect(controller.deleteNetwork(START + 1, networkId)).toBe(true)
    expect(controller.deleteNetwork(START + 1, networkId)).toBe(false)
    const targets = drain(controller).map((message) => {
      if (message.type !== 'credentials') throw new Error('no credentials')
      return decodeNetworkCredentials(new ByteReader(message.payload))!.revocations.map(({ target }) => target)
    })
    expect(targets).toEqual([
      [alice.address, bob.address],
      [alice.address, bob.address],
    ])
    expect(controller.handleRequest(START + 9000, request(networkId, alice))[0]).toMatchObject({
      code: PacketError.ObjectNotFound,
    })
  })

  test('can delete a member, whose addresses are free then', () => {
    const controller = newController()
    const networkId = BigInt(`0x${controller.createNetwork(START, { ...lan, private: false }).id}`)
    controller.handleRequest(START, request(networkId, alice))
    const [ip] = controller.member(networkId, alice.address)!.ipAssignments
    controller.updateMember(START, networkId, bob.address, { ipAssignments: [ip] })
    expect(controller.deleteMember(START, networkId, alice.address)).toBe(true)
    expect(controller.deleteMember(START, networkId, alice.address)).toBe(false)
    controller.deleteMember(START, networkId, bob.address)
    controller.handleRequest(START + 2000, request(networkId, alice))
    expect(controller.member(networkId, alice.address)?.ipAssignments).toEqual([ip])
  })

  test('is told what is wrong, and nothing changes', () => {
    const controller = newController()
    const networkId = BigInt(`0x${controller.createNetwork(START, lan).id}`)
    const before = controller.network(networkId)
    const bad: [object, string][] = [
      [{ mtu: 100 }, 'mtu'],
      [{ name: 7 }, 'name'],
      [{ routes: [{ target: '10.0.0.0/33' }] }, 'routes[0].target'],
      [{ routes: [{ target: '10.0.0.0/8', via: 'fd00::1' }] }, 'routes[0].via'],
      [{ ipAssignmentPools: [{ ipRangeStart: '10.0.0.9', ipRangeEnd: '10.0.0.1' }] }, 'ipAssignmentPools[0]'],
      [{ rules: [{ type: 'ACTION_ACCEPT' }, { type: 'MATCH_ETHERTYPE', etherType: 'ip' }] }, 'rules[1].etherType'],
      [{ rules: [{ type: 'ACTION_EXPLODE' }] }, 'rules[0].type'],
      [
        { capabilities: [{ id: 1, rules: [{ type: 'MATCH_IPV6_DEST', ip: '10.0.0.0/8' }] }] },
        'capabilities[0].rules[0].ip',
      ],
      [{ tags: [{ id: -1 }] }, 'tags[0].id'],
      [{ dns: { domain: 'x', servers: ['x'] } }, 'dns.servers[0]'],
      [{ name: 'good', certificateTimeoutWindowSize: 1 }, 'certificateTimeoutWindowSize'],
    ]
    for (const [settings, field] of bad) {
      expect(() => controller.updateNetwork(START, networkId, settings)).toThrow(
        expect.objectContaining({ code: 'ZT_ARG_INVALID', field }),
      )
    }
    expect(controller.network(networkId)).toEqual(before)
    expect(() => controller.updateMember(START, networkId, alice.address, { ipAssignments: ['10.20.0.1/16'] })).toThrow(
      expect.objectContaining({ code: 'ZT_ARG_INVALID', field: 'ipAssignments[0]' }),
    )
    expect(() => controller.updateMember(START, networkId, 0, {})).toThrow(
      expect.objectContaining({ code: 'ZT_ARG_INVALID' }),
    )
    expect(controller.members(networkId)).toEqual([])
    expect(() => controller.updateNetwork(START, 5n, {})).toThrow(
      expect.objectContaining({ code: 'ZT_CONTROLLER_NETWORK_UNKNOWN' }),
    )
    expect(() => controller.createNetwork(START, {}, 5n)).toThrow(expect.objectContaining({ code: 'ZT_ARG_INVALID' }))
    expect(() => controller.createNetwork(START, {}, networkId)).toThrow(
      expect.objectContaining({ code: 'ZT_CONTROLLER_NETWORK_EXISTS' }),
    )
  })
})
