import type { IpAddress } from '@zt/sansio'

/** How far an IP address reaches. The order is the order of preference for paths. Source: `node/InetAddress.cpp`. */
export const IpScope = {
  None: 0,
  Multicast: 1,
  Loopback: 2,
  /** Global by assignment, but used as private by convention (US military blocks, 240/4). */
  PseudoPrivate: 3,
  Global: 4,
  LinkLocal: 5,
  Shared: 6,
  Private: 7,
} as const

export type IpScope = (typeof IpScope)[keyof typeof IpScope]

/** RFC 1918, RFC 6598 (carriers' NAT), RFC 5737 (documentation), RFC 2544 (benchmarks). */
const privateNetworks: readonly (readonly [network: number, bits: number])[] = [
  [0x0a00_0000, 8],
  [0xac10_0000, 12],
  [0xc0a8_0000, 16],
  [0x6440_0000, 10],
  [0xc000_0200, 24],
  [0xc633_6400, 24],
  [0xcb00_7100, 24],
  [0xc612_0000, 15],
]

const pseudoPrivate: readonly number[] = [6, 11, 21, 22, 25, 26, 28, 29, 30, 51, 55, 56]

/** The scope of an IP address. Documentation and benchmark ranges count as private, which suits laboratories. */
export function ipScope(ip: IpAddress): IpScope {
  return ip.isV4 ? v4Scope(ip.u32) : v6Scope(ip)
}

/** May ZeroTier send datagrams to such an address, at its own choice? */
export function isPathScope(scope: IpScope): boolean {
  return scope === IpScope.PseudoPrivate || scope === IpScope.Global || scope >= IpScope.Shared
}

function v4Scope(ip: number): IpScope {
  const first = ip >>> 24
  if (first === 0 || first === 255) return IpScope.None
  if (first === 127) return IpScope.Loopback
  if (privateNetworks.some(([network, bits]) => isIn(ip, network, bits))) return IpScope.Private
  if (isIn(ip, 0xa9fe_0000, 16)) return IpScope.LinkLocal
  if (first >= 240 || pseudoPrivate.includes(first)) return IpScope.PseudoPrivate
  return first >= 224 ? IpScope.Multicast : IpScope.Global
}

function isIn(ip: number, network: number, bits: number): boolean {
  return (ip ^ network) >>> (32 - bits) === 0
}

function v6Scope(ip: IpAddress): IpScope {
  const first = ip.bytes[0]!
  if (first === 0xff) return IpScope.Multicast
  if (ip.isLinkLocal) return isHostOne(ip) ? IpScope.Loopback : IpScope.LinkLocal
  if ((first & 0xfe) === 0xfc) return IpScope.Private
  if (ip.isUnspecified) return IpScope.None
  return ip.isLoopback ? IpScope.Loopback : IpScope.Global
}

/** `fe80::1` is what some systems call their loopback interface. */
function isHostOne(ip: IpAddress): boolean {
  return ip.bytes[15] === 1 && ip.bytes.subarray(2, 15).every((byte) => byte === 0)
}
