/** PortPolicy: our own side of a network, made ready for the rules engine from a configuration. */
import {
  type Address,
  type CertificateOfOwnership,
  type NetworkConfig,
  NetworkFlag,
  RFC4193_PREFIX_BITS,
  SIX_PLANE_PREFIX_BITS,
  ThingType,
  hasFlag,
  rfc4193Address,
  sixPlaneAddress,
} from '@zt/protocol'
import type { IpAddress, Mac } from '@zt/sansio'
import { compileRules } from '../rules/compile.js'
import { type FilterPolicy, NO_TAG } from '../rules/policy.js'
import type { RuleTable } from '../rules/rule-table.js'
import { ownsThing } from './member.js'

/** An address of ours whose prefix maps to members' addresses by itself: neighbours in it need not be asked for. */
export interface EmulatedPrefix {
  readonly own: IpAddress
  /** The network part, in whole bytes. */
  readonly bytes: number
}

/** Made anew from each configuration. */
export class PortPolicy implements FilterPolicy {
  readonly self: Address
  readonly rules: RuleTable
  readonly unknownMatches: boolean
  readonly capabilities: readonly RuleTable[]
  /** Empty unless the network emulates neighbour discovery. */
  readonly emulated: readonly EmulatedPrefix[]
  private readonly tags: ReadonlyMap<number, number>
  private readonly ownerships: readonly CertificateOfOwnership[]

  constructor(self: Address, config: NetworkConfig) {
    this.self = self
    this.rules = compileRules(config.rules)
    this.unknownMatches = hasFlag(config, NetworkFlag.UnknownMatchesHold)
    this.capabilities = config.capabilities.map((capability) => compileRules(capability.rules))
    this.emulated = emulatedPrefixes(self, config)
    this.tags = new Map(config.tags.map((tag) => [tag.id, tag.value]))
    this.ownerships = config.ownerships
  }

  tag(id: number): number {
    return this.tags.get(id) ?? NO_TAG
  }

  ownsIp(bytes: Uint8Array, at: number, size: number): boolean {
    const type = size === 4 ? ThingType.Ipv4 : ThingType.Ipv6
    return this.ownerships.some((ownership) => ownsThing(ownership, type, size, (i) => bytes[at + i]!))
  }

  ownsMac(mac: Mac): boolean {
    const byteAt = (i: number): number => Math.floor(mac / 256 ** (5 - i)) & 0xff
    return this.ownerships.some((ownership) => ownsThing(ownership, ThingType.Mac, 6, byteAt))
  }

  isEmulated(bytes: Uint8Array, at: number): boolean {
    return this.emulated.some((prefix) => isInPrefix(prefix, bytes, at))
  }
}

/** Does the IPv6 address at `bytes[at]` lie in the prefix? */
export function isInPrefix(prefix: EmulatedPrefix, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < prefix.bytes; i++) if (bytes[at + i] !== prefix.own.bytes[i]) return false
  return true
}

function emulatedPrefixes(self: Address, config: NetworkConfig): EmulatedPrefix[] {
  if (!hasFlag(config, NetworkFlag.NdpEmulation)) return []
  const rfc4193 = rfc4193Address(config.networkId, self)
  const sixPlane = sixPlaneAddress(config.networkId, self)
  return config.staticIps.flatMap(({ address, bits }) => {
    if (bits === RFC4193_PREFIX_BITS && address.equals(rfc4193))
      return [{ own: address, bytes: RFC4193_PREFIX_BITS / 8 }]
    if (bits === SIX_PLANE_PREFIX_BITS && address.equals(sixPlane))
      return [{ own: address, bytes: SIX_PLANE_PREFIX_BITS / 8 }]
    return []
  })
}
