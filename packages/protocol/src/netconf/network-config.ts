import type { IpPrefix } from '@zt/sansio'
import type { Address } from '../address.js'
import type { Capability } from '../credentials/capability.js'
import type { CertificateOfMembership } from '../credentials/com.js'
import type { CertificateOfOwnership } from '../credentials/ownership.js'
import type { Tag } from '../credentials/tag.js'
import type { NetworkId } from '../network-id.js'
import type { Dns } from './dns.js'
import type { Route } from './route.js'
import type { Rule } from './rule.js'

/** Bits of `NetworkConfig.flags`. */
export const NetworkFlag = {
  EnableBroadcast: 0x02n,
  /** Members answer neighbour solicitations for derived addresses themselves. */
  NdpEmulation: 0x04n,
  /** What a match of an unknown type evaluates to. */
  UnknownMatchesHold: 0x08n,
  /** Do not compress multicast frames. */
  DisableCompression: 0x10n,
} as const

/** Bits of `Specialist.roles`. */
export const SpecialistRole = { ActiveBridge: 0x02, Anchor: 0x04, Replicator: 0x08, Relay: 0x10 } as const

/** A member with special duties. */
export interface Specialist {
  readonly address: Address
  readonly roles: number
}

/** What a member has to know to log in. Version 0 uses the first two texts, version 1 (OIDC) the others. */
export interface SingleSignOn {
  readonly version: number
  readonly enabled: boolean
  readonly authenticationUrl?: string
  /** When the present login ends, ms. */
  readonly authenticationExpiryTime?: number
  readonly issuerUrl?: string
  readonly centralUrl?: string
  readonly nonce?: string
  readonly state?: string
  readonly clientId?: string
  readonly provider?: string
}

/** Everything that a controller tells one member about a network. */
export interface NetworkConfig {
  readonly networkId: NetworkId
  /** Time of issue by the controller's clock, ms. */
  readonly timestamp: number
  /** How much the timestamps of credentials may differ from `timestamp`, ms. */
  readonly credentialTimeMaxDelta: number
  readonly revision: number
  /** The member this config is for. */
  readonly issuedTo: Address
  /** Where to send REMOTE_TRACE; 0 is nowhere. */
  readonly remoteTraceTarget: Address
  readonly remoteTraceLevel: number
  /** See `NetworkFlag`. */
  readonly flags: bigint
  /** How many members a multicast is sent to; 0 disables multicast. */
  readonly multicastLimit: number
  /** Members of public networks need no certificate of membership. */
  readonly isPublic: boolean
  readonly name: string
  readonly mtu: number
  readonly com?: CertificateOfMembership
  /** By ascending id. */
  readonly capabilities: readonly Capability[]
  /** By ascending id. */
  readonly tags: readonly Tag[]
  readonly ownerships: readonly CertificateOfOwnership[]
  readonly specialists: readonly Specialist[]
  readonly routes: readonly Route[]
  /** Own addresses, each with the prefix length of its subnet. */
  readonly staticIps: readonly IpPrefix[]
  /** None drops everything. */
  readonly rules: readonly Rule[]
  readonly dns?: Dns
  readonly sso?: SingleSignOn
}

/** Is this flag set? */
export function hasFlag(config: NetworkConfig, flag: bigint): boolean {
  return (config.flags & flag) !== 0n
}

/** The members that have this role. */
export function specialistsWith(config: NetworkConfig, role: number): Address[] {
  return config.specialists.filter(({ roles }) => roles & role).map(({ address }) => address)
}
