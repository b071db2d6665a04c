/** One member of one network: what becomes of its credentials, and what it may do with them. */
import {
  type Capability,
  type Identity,
  type IdentityLookup,
  type NetworkConfig,
  comTimestamp,
  decodeCapability,
  decodeCom,
  decodeOwnership,
  decodeRevocation,
  decodeTag,
  parseIdentity,
  parseNetworkId,
} from '@zt/protocol'
import { ByteReader, IpAddress, IpPrefix, parseHex } from '@zt/sansio'
import { describe, expect, it } from 'vitest'
import { VectorFile } from '../../../../fixtures/vector-file.js'
import type { Added, Member } from '../../src/networks/member.js'
import type { Port } from '../../src/networks/port.js'
import { compileRules } from '../../src/rules/compile.js'
import { NO_TAG } from '../../src/rules/policy.js'
import { DataPath, configOf } from './data-path.js'

const file = new VectorFile('credentials.json')

interface Step {
  readonly add: 'com' | 'tag' | 'capability' | 'coo' | 'revocation' | null
  readonly why: string
  readonly bytes?: string
  readonly result?: 'new' | 'redundant' | 'rejected' | 'deferred'
  readonly allowed: boolean
  readonly comTimestamp: string
  readonly comRevocationThreshold: string
  readonly tags: Readonly<Record<string, number>>
  readonly capabilities: readonly number[]
  readonly owns: readonly boolean[]
}
interface Case {
  readonly network: {
    readonly nwid: string
    readonly myIdentity: string
    readonly timestamp: string
    readonly credentialTimeMaxDelta: string
    readonly type: number
    readonly flags: string
    readonly com: string | null
    readonly staticIps: readonly string[]
  }
  readonly member: string
  readonly known: readonly string[]
  readonly ownsQueries: readonly string[]
  readonly steps: readonly Step[]
}

const decodeWith = <T>(decode: (r: ByteReader) => T | undefined, text: string): T => {
  const decoded = decode(new ByteReader(parseHex(text)))
  if (decoded === undefined) throw new Error('expected a credential')
  return decoded
}

/** Hands a credential to the member it was issued to. */
const adders: Readonly<
  Record<NonNullable<Step['add']>, (member: Member, bytes: string, lookup: IdentityLookup) => Added>
> = {
  com: (member, bytes, lookup) => member.addCom(decodeWith(decodeCom, bytes), lookup),
  tag: (member, bytes, lookup) => member.addTag(decodeWith(decodeTag, bytes), lookup),
  capability: (member, bytes, lookup) => member.addCapability(decodeWith(decodeCapability, bytes), lookup),
  coo: (member, bytes, lookup) => member.addOwnership(decodeWith(decodeOwnership, bytes), lookup),
  revocation: (member, bytes, lookup) => member.addRevocation(decodeWith(decodeRevocation, bytes), lookup),
}
const results = { new: 'accepted', redundant: 'redundant', rejected: 'rejected', deferred: 'deferred' } as const

function configFor({ network }: Case, self: Identity): NetworkConfig {
  return configOf(parseNetworkId(network.nwid), self.address, {
    timestamp: Number(network.timestamp),
    credentialTimeMaxDelta: Number(network.credentialTimeMaxDelta),
    isPublic: network.type === 1,
    flags: BigInt(network.flags),
    staticIps: network.staticIps.map((text) => IpPrefix.parse(text)),
    ...(network.com !== null && { com: decodeWith(decodeCom, network.com) }),
  })
}

/** As the rules engine asks it about the sender of a frame (`SENDER_IP_AUTHENTICATED`, `SENDER_MAC_AUTHENTICATED`). */
function owns(port: Port, member: Member, query: string): boolean {
  if (/^[0-9a-f]{12}$/.test(query)) return member.ownsMac(Number.parseInt(query, 16))
  const { bytes } = IpAddress.parse(query)
  return member.ownsIp(bytes, 0, bytes.length) || (bytes.length === 16 && port.policy!.isEmulated(bytes, 0))
}

describe('credentials.json: membership-sequence', () => {
  it.each(file.cases<Case>('membership-sequence'))('$network.nwid', (c) => {
    const self = parseIdentity(c.network.myIdentity)
    const identity = parseIdentity(c.member)
    const path = new DataPath(self)
    const link = path.addPeer(identity, new Uint8Array(48), '203.0.113.7/9993')
    const port = path.addPort(configFor(c, self))
    const member = port.member(identity.address)

    const known = new Map([self, ...c.known.map((text) => parseIdentity(text))].map((each) => [each.address, each]))
    const capabilities = new Map<number, Capability>()
    const tagIds = new Set(c.steps.flatMap(({ tags }) => Object.keys(tags)))
    for (const step of c.steps) {
      if (step.add !== null) {
        const added = adders[step.add](member, step.bytes!, (address) => known.get(address))
        expect(added, step.why).toBe(results[step.result!])
        if (step.add === 'capability' && added === 'accepted') {
          const capability = decodeWith(decodeCapability, step.bytes!)
          capabilities.set(capability.id, capability)
        }
      }
      expect(port.admit(link) !== undefined, step.why).toBe(step.allowed)
      expect(member.com === undefined ? 0 : comTimestamp(member.com), step.why).toBe(Number(step.comTimestamp))
      // The threshold itself does not show; what it decides does. Ours never goes back, upstream's may.
      const isLiving = member.com !== undefined && Number(step.comTimestamp) > Number(step.comRevocationThreshold)
      expect(member.hasLivingCom, step.why).toBe(isLiving)
      const tags = [...tagIds].map((id) => [id, member.tag(Number(id))] as const)
      expect(Object.fromEntries(tags.filter(([, value]) => value !== NO_TAG)), step.why).toEqual(step.tags)
      expect(member.capabilities, step.why).toEqual(
        step.capabilities.map((id) => compileRules(capabilities.get(id)!.rules)),
      )
      expect(
        c.ownsQueries.map((query) => owns(port, member, query)),
        step.why,
      ).toEqual(step.owns)
    }
  })
})
