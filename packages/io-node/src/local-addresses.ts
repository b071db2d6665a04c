import { networkInterfaces } from 'node:os'
import { Endpoint, IpAddress, IpPrefix } from '@zt/sansio'

/** Which of the machine's addresses are left out of `localAddresses` unless asked for. */
export interface LocalAddressOptions {
  /** 127.0.0.0/8 and ::1. Default false. */
  readonly loopback?: boolean
  /** 169.254.0.0/16 and fe80::/10. Default false. */
  readonly linkLocal?: boolean
  /** Interfaces that are likely to lead over a ZeroTier network or another tunnel: paths over those loop. Default false. */
  readonly tunnels?: boolean
}

/** One address of this machine. */
export interface LocalAddress {
  /** The system's name for the interface. */
  readonly interface: string
  /** The address and the length of its subnet's prefix. */
  readonly prefix: IpPrefix
}

/** The machine's addresses that physical paths may start from, in the system's order. */
export function localAddresses(options: LocalAddressOptions = {}): LocalAddress[] {
  const found: LocalAddress[] = []
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    if (!options.tunnels && TUNNEL_NAME.test(name)) continue
    for (const { address, cidr } of addresses ?? []) {
      const ip = IpAddress.tryParse(address)
      if (!ip || (ip.isLoopback && !options.loopback) || (ip.isLinkLocal && !options.linkLocal)) continue
      const bits = cidr === null ? (ip.isV4 ? 32 : 128) : Number(cidr.slice(cidr.indexOf('/') + 1))
      found.push({ interface: name, prefix: new IpPrefix(ip, bits) })
    }
  }
  return found
}

/** `localAddresses` with a port: where peers on the same network can reach a socket bound to every address. */
export function localEndpoints(port: number, options: LocalAddressOptions = {}): Endpoint[] {
  return localAddresses(options).map(({ prefix }) => new Endpoint(prefix.address, port))
}

/** How `watchLocalAddresses` looks. */
export interface WatchOptions extends LocalAddressOptions {
  /** How often to look; the platform tells nobody by itself. Default 30 s, at least 1 s. */
  readonly intervalMs?: number
  /** Where the list comes from. Default: this machine. */
  readonly read?: (options: LocalAddressOptions) => LocalAddress[]
}

/**
 * Call `onChange` whenever addresses have come or gone. Does not keep the process alive. Returns how to stop.
 */
export function watchLocalAddresses(options: WatchOptions, onChange: (addresses: LocalAddress[]) => void): () => void {
  const read = options.read ?? localAddresses
  let known = fingerprint(read(options))
  const timer = setInterval(
    () => {
      const addresses = read(options)
      const present = fingerprint(addresses)
      if (present === known) return
      known = present
      onChange(addresses)
    },
    Math.max(1000, options.intervalMs ?? 30_000),
  )
  timer.unref()
  return () => clearInterval(timer)
}

/** ZeroTier's own devices (`zt`, `feth`, "ZeroTier One [...]"), other tunnels, and taps; as upstream's OneService.cpp has it. */
const TUNNEL_NAME = /^(zt|feth|tun|utun|tap|zerotier)/i

function fingerprint(addresses: readonly LocalAddress[]): string {
  return addresses
    .map(({ interface: name, prefix }) => `${name} ${prefix}`)
    .sort()
    .join('\n')
}
