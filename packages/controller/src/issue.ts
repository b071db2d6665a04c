/**
 * What a controller signs for a member: a complete network config, with its certificates of membership and ownership,
 * tags and capabilities all issued at one time, and revocations. Source: ZeroTierOne
 * controller/EmbeddedNetworkController.cpp.
 */
import {
  type Address,
  type Capability,
  CredentialType,
  encodeNetworkCredentials,
  type Identity,
  ipThing,
  issueCom,
  MAX_NETWORK_CAPABILITIES,
  MAX_NETWORK_TAGS,
  MAX_OWNERSHIP_THINGS,
  MAX_STATIC_IPS,
  type NetworkConfig,
  NetworkFlag,
  type NetworkId,
  type RequestMetadata,
  REVOCATION_FAST_PROPAGATE,
  type Revocation,
  RFC4193_PREFIX_BITS,
  rfc4193Address,
  type SecretIdentity,
  signCapability,
  signOwnership,
  signRevocation,
  signTag,
  SIX_PLANE_PREFIX_BITS,
  sixPlaneAddress,
  SpecialistRole,
  type Tag,
} from '@zt/protocol'
import { ByteWriter, IpAddress, IpPrefix, type RandomSource } from '@zt/sansio'
import { prefixBits } from './assign-address.js'
import type { ConfigTemplate } from './config-template.js'
import type { MemberDefinition } from './member-definition.js'
import type { NetworkDefinition } from './network-definition.js'

/** Specialists that a 1.14 member reads. */
const MAX_SPECIALISTS = 256
/** One certificate of ownership holds all managed addresses. */
const OWNERSHIP_ID = 1
/** Revocations in one packet: 152 bytes each. */
const REVOCATIONS_PER_PACKET = 48

/** Who gets a config, of what. */
export interface Grant {
  readonly networkId: NetworkId
  readonly network: NetworkDefinition
  readonly template: ConfigTemplate
  readonly member: MemberDefinition
  /** The member's identity, to which its certificate of membership is bound. */
  readonly identity: Identity
  readonly metadata: RequestMetadata
  /** Members that are active bridges. */
  readonly bridges: readonly Address[]
  /** Of everything issued, ms: whole, and later than any revocation of this member's credentials. */
  readonly timestamp: number
}

/** Issue a config. */
export function issueConfig(grant: Grant, signer: SecretIdentity): NetworkConfig {
  const { networkId, network, template, member, identity, timestamp } = grant
  const { windowMs, routes, dns } = template
  const staticIps = managedAddresses(grant)
  const isEmulating = derivedAddresses(grant).length > 0
  const hasRules = grant.metadata.rulesEngineRevision > 0
  const trace = member.remoteTraceTarget === null ? network : member
  const issued = { networkId, timestamp, issuedTo: identity.address }
  return {
    networkId,
    timestamp,
    credentialTimeMaxDelta: windowMs,
    revision: network.revision,
    issuedTo: identity.address,
    remoteTraceTarget: Number.parseInt(trace.remoteTraceTarget ?? '0', 16),
    remoteTraceLevel: trace.remoteTraceLevel,
    flags: (network.enableBroadcast ? NetworkFlag.EnableBroadcast : 0n) | (isEmulating ? NetworkFlag.NdpEmulation : 0n),
    multicastLimit: network.multicastLimit,
    isPublic: !network.private,
    name: network.name,
    mtu: network.mtu,
    com: issueCom({ networkId, member: identity, timestamp, windowMs }, signer),
    // Software without a rules engine is let through; the members it talks to still judge its frames.
    rules: hasRules ? template.rules : [{ type: 'ACTION_ACCEPT' }],
    capabilities: hasRules ? issueCapabilities(grant, signer) : [],
    tags: hasRules ? issueTags(grant, signer) : [],
    ownerships:
      staticIps.length === 0
        ? []
        : [
            signOwnership(
              {
                ...issued,
                flags: 0n,
                id: OWNERSHIP_ID,
                things: staticIps.slice(0, MAX_OWNERSHIP_THINGS).map(({ address }) => ipThing(address)),
              },
              signer,
            ),
          ],
    specialists: grant.bridges
      .slice(0, MAX_SPECIALISTS)
      .map((address) => ({ address, roles: SpecialistRole.ActiveBridge })),
    routes,
    staticIps,
    ...(dns && { dns }),
  }
}

/** Derived addresses first, then those assigned, each with the prefix length of its route. */
function managedAddresses(grant: Grant): IpPrefix[] {
  const assigned = grant.member.ipAssignments.flatMap((text) => {
    const address = IpAddress.parse(text)
    const bits = prefixBits(address, grant.template.routes)
    return bits === undefined ? [] : [new IpPrefix(address, bits)]
  })
  return [...derivedAddresses(grant), ...assigned].slice(0, MAX_STATIC_IPS)
}

function derivedAddresses({ networkId, network, member, identity }: Grant): IpPrefix[] {
  const { v6AssignMode } = network
  if (member.noAutoAssignIps) return []
  return [
    ...(v6AssignMode.rfc4193 ? [new IpPrefix(rfc4193Address(networkId, identity.address), RFC4193_PREFIX_BITS)] : []),
    ...(v6AssignMode['6plane']
      ? [new IpPrefix(sixPlaneAddress(networkId, identity.address), SIX_PLANE_PREFIX_BITS)]
      : []),
  ]
}

function issueCapabilities(
  { networkId, template, member, identity, timestamp }: Grant,
  signer: SecretIdentity,
): Capability[] {
  const ids = [...new Set(member.capabilities)].sort((a, b) => a - b)
  return ids
    .flatMap((id) => {
      const rules = template.capabilities.get(id)
      return rules ? [{ id, rules }] : []
    })
    .slice(0, MAX_NETWORK_CAPABILITIES)
    .map(({ id, rules }) =>
      signCapability({ networkId, timestamp, id, rules, maxCustodyChain: 1 }, identity.address, signer),
    )
}

function issueTags({ networkId, member, identity, timestamp }: Grant, signer: SecretIdentity): Tag[] {
  return [...new Map(member.tags)]
    .sort(([a], [b]) => a - b)
    .slice(0, MAX_NETWORK_TAGS)
    .map(([id, value]) => signTag({ networkId, timestamp, id, value, issuedTo: identity.address }, signer))
}

/** Revoke a member's certificate of membership, and with it all credentials issued up to `threshold`. */
export function issueRevocation(
  networkId: NetworkId,
  target: Address,
  threshold: number,
  random: RandomSource,
  signer: SecretIdentity,
): Revocation {
  const flags = REVOCATION_FAST_PROPAGATE
  return signRevocation(
    { id: random.u32(), networkId, credentialId: 0, threshold, flags, target, type: CredentialType.Com },
    signer,
  )
}

/** Revocations as payloads of NETWORK_CREDENTIALS, as few as hold them. */
export function revocationPayloads(revocations: readonly Revocation[]): Uint8Array[] {
  const payloads: Uint8Array[] = []
  for (let i = 0; i < revocations.length; i += REVOCATIONS_PER_PACKET) {
    const w = new ByteWriter()
    const some = revocations.slice(i, i + REVOCATIONS_PER_PACKET)
    encodeNetworkCredentials(w, { coms: [], capabilities: [], tags: [], revocations: some, ownerships: [] })
    payloads.push(w.finish())
  }
  return payloads
}
