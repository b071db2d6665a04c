/**
 * Networks without a controller: their configuration follows from their id (ZeroTierOne node/Network.cpp,
 * requestConfiguration).
 *
 *     ff SSSS EEEE 000000     IPv6, with ports SSSS to EEEE open
 *     ff AA HHHHHHHHHH 01     IPv4 in AA.0.0.0/8, and IPv6; HHHHHHHHHH is a hub or zero
 */
import {
  type Address,
  type NetworkConfig,
  NetworkFlag,
  type NetworkId,
  DEFAULT_NETWORK_MTU,
  type Rule,
  SIX_PLANE_PREFIX_BITS,
  sixPlaneAddress,
} from '@zt/protocol'
import { type Instant, IpAddress, IpPrefix } from '@zt/sansio'

const IPV6 = 0x86dd
const ICMPV6 = 0x3a
const UDP = 0x11
const TCP = 0x06
const TCP_SYN = 0x02n
const TCP_ACK = 0x10n
const CREDENTIAL_WINDOW_MS = 7_200_000
const IPV4_MULTICAST_LIMIT = 1024

/** The configuration of an ad-hoc network for one member, or `undefined` for an id that means nothing. */
export function adHocConfig(now: Instant, networkId: NetworkId, member: Address): NetworkConfig | undefined {
  const sixPlane = new IpPrefix(sixPlaneAddress(networkId, member), SIX_PLANE_PREFIX_BITS)
  const common = {
    networkId,
    timestamp: Math.floor(now),
    credentialTimeMaxDelta: CREDENTIAL_WINDOW_MS,
    revision: 1,
    issuedTo: member,
    remoteTraceTarget: 0,
    remoteTraceLevel: 0,
    flags: NetworkFlag.NdpEmulation,
    isPublic: true,
    mtu: DEFAULT_NETWORK_MTU,
    capabilities: [],
    tags: [],
    ownerships: [],
    routes: [],
  }
  if ((networkId & 0xff_ffffn) === 0n) {
    const start = Number((networkId >> 40n) & 0xffffn)
    const end = Number((networkId >> 24n) & 0xffffn)
    if (end < start) return undefined
    const name = `adhoc-${hex16(start)}-${hex16(end)}`
    return { ...common, name, multicastLimit: 0, specialists: [], staticIps: [sixPlane], rules: portRules(start, end) }
  }
  if ((networkId & 0xffn) !== 1n) return undefined
  const first = Number((networkId >> 48n) & 0xffn)
  const hub = Number((networkId >> 8n) & 0xff_ffff_ffffn)
  const ipv4 = new IpPrefix(IpAddress.v4(first * 0x100_0000 + (member % 0x100_0000)), 8)
  return {
    ...common,
    name: `adhoc-${first}.0.0.0`,
    multicastLimit: IPV4_MULTICAST_LIMIT,
    specialists: hub === 0 ? [] : [{ address: hub, roles: 0 }],
    staticIps: [sixPlane, ipv4],
    rules: [{ type: 'ACTION_ACCEPT' }],
  }
}

/** IPv6 only: ICMP, and UDP and new TCP connections to these ports. */
function portRules(start: number, end: number): Rule[] {
  return [
    { type: 'MATCH_ETHERTYPE', etherType: IPV6, not: true },
    { type: 'ACTION_DROP' },
    { type: 'MATCH_IP_PROTOCOL', ipProtocol: ICMPV6 },
    { type: 'ACTION_ACCEPT' },
    { type: 'MATCH_IP_PROTOCOL', ipProtocol: UDP },
    { type: 'MATCH_IP_PROTOCOL', ipProtocol: TCP, or: true },
    { type: 'MATCH_IP_DEST_PORT_RANGE', start, end },
    { type: 'ACTION_ACCEPT' },
    { type: 'MATCH_CHARACTERISTICS', mask: TCP_SYN, not: true },
    { type: 'ACTION_ACCEPT' },
    { type: 'MATCH_CHARACTERISTICS', mask: TCP_SYN },
    { type: 'MATCH_CHARACTERISTICS', mask: TCP_ACK },
    { type: 'ACTION_ACCEPT' },
    { type: 'ACTION_DROP' },
  ]
}

function hex16(value: number): string {
  return value.toString(16).padStart(4, '0')
}
