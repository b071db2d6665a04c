import {
  type CertificateOfOwnership,
  type Capability,
  decodeRules,
  MAX_CAPABILITY_RULES,
  MAX_NETWORK_RULES,
  type NetworkConfig,
  parseAddress,
  parseNetworkId,
  type Rule,
  type Tag,
  ThingType,
} from '@zt/protocol'
import { ByteReader, IpPrefix, parseHex } from '@zt/sansio'
import { describe, expect, test } from 'vitest'
import { VectorFile } from '../../../../fixtures/vector-file.js'
import { ownsThing } from '../../src/networks/member.js'
import { PortPolicy } from '../../src/networks/port-policy.js'
import { compileRules } from '../../src/rules/compile.js'
import { FrameFilter, Verdict } from '../../src/rules/filter.js'
import { type FilterMember, type FilterPolicy, NO_TAG } from '../../src/rules/policy.js'

interface VectorCredential {
  readonly id: number
  readonly timestamp?: string
}
interface VectorTag extends VectorCredential {
  readonly value: number
}
interface VectorCapability extends VectorCredential {
  readonly rulesBinary: string
}
interface VectorOwnership extends VectorCredential {
  readonly things: readonly (readonly [number, string])[]
}
interface VectorNetwork {
  readonly nwid: string
  readonly me: string
  readonly timestamp: string
  readonly credentialTimeMaxDelta: string
  readonly flags: string
  readonly staticIps: readonly string[]
  readonly rulesBinary: string
  readonly tags: readonly VectorTag[]
  readonly capabilities: readonly VectorCapability[]
  readonly coos: readonly VectorOwnership[]
  readonly peer: {
    readonly address: string
    readonly tags: readonly VectorTag[]
    readonly capabilities: readonly VectorCapability[]
    readonly coos: readonly VectorOwnership[]
    readonly revocations: readonly { readonly type: number; readonly id: number; readonly threshold: string }[]
  }
}
interface VectorCase {
  readonly network: number
  readonly dir: 'in' | 'out'
  readonly src: string
  readonly dst: string
  readonly etherType: number
  readonly vlanId?: number
  readonly ztDest?: string
  readonly noTee?: boolean
  readonly random?: readonly number[]
  readonly frame: string
  readonly expect: {
    readonly verdict: number
    readonly base: string
    readonly caps?: Readonly<Record<string, string>> | readonly { readonly id: number; readonly result: string }[]
    readonly forwards?: readonly { readonly to: string; readonly flags: number; readonly length: number }[]
  }
}

const file = new VectorFile('rules-filter.json')
const networks = file.part<readonly VectorNetwork[]>('networks')
const cases = file.cases<VectorCase>('filter')

const names = ['no-match', 'drop', 'redirect', 'accept', 'super-accept']

interface Setup {
  readonly policy: FilterPolicy
  readonly member: FilterMember
  readonly peer: number
  /** The peer's capabilities that are valid, with their ids. */
  readonly memberCapabilities: readonly VectorCapability[]
}

function setUp(network: VectorNetwork): Setup {
  const issued = { networkId: parseNetworkId(network.nwid), signedBy: 0, issuedTo: 0, signature: new Uint8Array(0) }
  const tag = ({ id, value }: VectorTag): Tag => ({ ...issued, timestamp: 0, id, value })
  const capability = ({ id, rulesBinary }: VectorCapability): Capability => ({
    networkId: issued.networkId,
    timestamp: 0,
    id,
    rules: rulesOf(rulesBinary, MAX_CAPABILITY_RULES),
    maxCustodyChain: 1,
    custody: [],
  })
  const ownership = ({ id, things }: VectorOwnership): CertificateOfOwnership => ({
    ...issued,
    timestamp: 0,
    flags: 0n,
    id,
    things: things.map(([type, value]) => ({ type, value: parseHex(value.padEnd(32, '0')) })),
  })
  const config: NetworkConfig = {
    networkId: issued.networkId,
    timestamp: Number(network.timestamp),
    credentialTimeMaxDelta: Number(network.credentialTimeMaxDelta),
    revision: 1,
    issuedTo: parseAddress(network.me),
    remoteTraceTarget: 0,
    remoteTraceLevel: 0,
    flags: BigInt(network.flags),
    multicastLimit: 32,
    isPublic: false,
    name: '',
    mtu: 2800,
    capabilities: network.capabilities.map(capability),
    tags: network.tags.map(tag),
    ownerships: network.coos.map(ownership),
    specialists: [],
    routes: [],
    staticIps: network.staticIps.map((text) => IpPrefix.parse(text)),
    rules: rulesOf(network.rulesBinary, MAX_NETWORK_RULES),
  }
  const { peer } = network
  const isValid = (type: number) => {
    return ({ id, timestamp }: VectorCredential): boolean => {
      const age = BigInt(timestamp!) - BigInt(network.timestamp)
      const isFresh = (age < 0n ? -age : age) <= BigInt(network.credentialTimeMaxDelta)
      const revoked = peer.revocations.find((revocation) => revocation.type === type && revocation.id === id)
      return isFresh && (revoked === undefined || BigInt(timestamp!) > BigInt(revoked.threshold))
    }
  }
  const memberCapabilities = peer.capabilities.filter(isValid(2))
  return {
    policy: new PortPolicy(config.issuedTo, config),
    member: memberWith(
      peer.tags.filter(isValid(3)).map(tag),
      memberCapabilities.map(capability),
      peer.coos.filter(isValid(4)).map(ownership),
    ),
    peer: parseAddress(peer.address),
    memberCapabilities,
  }
}

/** A member that has shown these credentials, all valid. */
function memberWith(
  tags: readonly Tag[],
  capabilities: readonly Capability[],
  ownerships: readonly CertificateOfOwnership[],
): FilterMember {
  const owns = (type: number, size: number, byteAt: (index: number) => number): boolean => {
    return ownerships.some((ownership) => ownsThing(ownership, type, size, byteAt))
  }
  return {
    tag: (id) => tags.find((tag) => tag.id === id)?.value ?? NO_TAG,
    capabilities: capabilities.map(({ rules }) => compileRules(rules)),
    ownsIp: (bytes, at, size) => owns(size === 4 ? ThingType.Ipv4 : ThingType.Ipv6, size, (i) => bytes[at + i]!),
    ownsMac: (mac) => owns(ThingType.Mac, 6, (i) => Math.floor(mac / 256 ** (5 - i)) & 0xff),
  }
}

function rulesOf(binary: string, limit: number): Rule[] {
  return decodeRules(new ByteReader(parseHex(binary)), limit)!
}

/** Hands out the numbers that the reference drew. */
function draws(numbers: readonly number[] = []): { fill: <T extends Uint8Array>(into: T) => T; u32: () => number } {
  let next = 0
  return {
    fill: (into) => into,
    u32: () => {
      if (next >= numbers.length) throw new Error('drew more random numbers than the reference')
      return numbers[next++]!
    },
  }
}

describe('rules-filter.json', () => {
  const setups = networks.map(setUp)

  test.each(cases.map((vector, index) => [index, vector] as const))('case %i', (_, vector) => {
    const { policy, member, peer, memberCapabilities } = setups[vector.network]!
    const isOut = vector.dir === 'out'
    const destination = isOut ? Number.parseInt(vector.ztDest ?? networks[vector.network]!.peer.address, 16) : 0
    // The frame lies somewhere in a larger buffer, as frames do.
    const frame = new Uint8Array(2048).fill(0xa5)
    const bytes = parseHex(vector.frame)
    frame.set(bytes, 37)
    const fill = (filter: FrameFilter): FrameFilter => {
      const [src, dst] = [Number.parseInt(vector.src, 16), Number.parseInt(vector.dst, 16)]
      filter.frame.set(src, dst, vector.etherType, frame, 37, bytes.length, vector.vlanId ?? 0)
      return filter
    }
    // As in the reference there is no member to consult where the frame goes to many.
    const other = isOut && (destination === 0 || destination !== peer) ? undefined : member

    const filter = fill(new FrameFilter(draws(vector.random)))
    const verdict = isOut
      ? Number(
          vector.noTee
            ? filter.outgoingReplica(policy, other, destination)
            : filter.outgoing(policy, other, destination),
        )
      : filter.incoming(policy, other, peer)
    const forwards = filter.forwards
      .slice(0, filter.forwardCount)
      .map(({ to, flags, length }) => ({ to, flags, length }))
    expect({ verdict, forwards }).toEqual({
      verdict: vector.expect.verdict,
      forwards: (vector.expect.forwards ?? []).map(({ to, flags, length }) => ({
        to: Number.parseInt(to, 16),
        flags,
        length,
      })),
    })

    const evaluate = (rules: FilterPolicy['rules']): string => {
      const fresh = fill(new FrameFilter(draws(vector.random)))
      const direction = isOut ? 'out' : 'in'
      return names[fresh.judgeTable(rules, direction, policy, other, isOut ? destination : peer)]!
    }
    expect(evaluate(policy.rules)).toBe(vector.expect.base)
    if (vector.expect.caps) {
      const tables = isOut ? networks[vector.network]!.capabilities : memberCapabilities
      const results = tables.map(({ id, rulesBinary }) => [
        `${id}`,
        evaluate(compileRules(rulesOf(rulesBinary, MAX_CAPABILITY_RULES))),
      ])
      expect(Object.fromEntries(results)).toEqual(vector.expect.caps)
    }
  })

  test('every verdict occurs', () => {
    expect(new Set(cases.map((vector) => vector.expect.base))).toEqual(new Set(names))
    expect(Object.keys(Verdict)).toHaveLength(names.length)
  })
})
