/** Which physical endpoints may ever become paths (ZeroTierOne node/Node.cpp, shouldUsePathForZeroTierTraffic). */
import { IpScope, ipScope, isPathScope } from '@zt/protocol'
import { type Endpoint, type IpAddress, IpPrefix } from '@zt/sansio'

/** A tunnel broker whose tunnels are slower than every relay. */
const TUNNEL_BROKER = IpPrefix.parse('2001:470::/32')

/** What this node excludes beside the rules that hold for everyone. */
export interface EndpointPolicy {
  /** Paths over 127.0.0.0/8 and ::1: never on a real node, handy on one machine. */
  readonly allowLoopback: boolean
  /** Is this address reached through a network of our own? ZeroTier must not be carried over itself. */
  isManaged(ip: IpAddress): boolean
}

/** May datagrams be exchanged with this endpoint? */
export function isUsableEndpoint(endpoint: Endpoint, policy: EndpointPolicy): boolean {
  return (
    endpoint.port !== 0 &&
    hasPathScope(endpoint.ip, policy.allowLoopback) &&
    !TUNNEL_BROKER.contains(endpoint.ip) &&
    !policy.isManaged(endpoint.ip)
  )
}

/** Is an address of a scope that is fit for a path, and worth telling others about? */
export function hasPathScope(ip: IpAddress, allowLoopback: boolean): boolean {
  const scope = ipScope(ip)
  return isPathScope(scope) || (allowLoopback && scope === IpScope.Loopback)
}

/** Equality without making text: endpoints are compared for every datagram. */
export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a === b || (a.port === b.port && sameIp(a.ip, b.ip))
}

/** Equality of addresses without making text. */
export function sameIp(a: IpAddress, b: IpAddress): boolean {
  if (a === b) return true
  const x = a.bytes
  const y = b.bytes
  if (x.length !== y.length) return false
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false
  return true
}
