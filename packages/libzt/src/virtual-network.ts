import { type Interface, IpStack, type Route as StackRoute } from '@zt/ipstack'
import type { Network } from '@zt/node'
import { formatNetworkId } from '@zt/protocol'
import type { Clock, IpAddress, IpPrefix, RandomSource } from '@zt/sansio'

/**
 * The first word to a member may have to wait until it was found by way of a root and its credentials were exchanged:
 * seconds, where Ethernet's own three tries would have given up.
 */
const NEIGHBOR_TRIES = 10

/**
 * The one place where the columns meet: the Ethernet frames of a ZeroTier network go into a TCP/IP stack of its own, and
 * the addresses and routes of its configuration become those of the stack's interface.
 */
export class VirtualNetwork {
  readonly stack: IpStack
  readonly interface: Interface
  readonly #network: Network
  #routes: readonly StackRoute[] = []

  constructor(network: Network, clock: Clock, random: RandomSource) {
    this.#network = network
    this.stack = new IpStack({ clock, random, settings: { neighborTries: NEIGHBOR_TRIES } })
    this.interface = this.stack.attachEther(network.link, { name: `zt${formatNetworkId(network.id)}` })
    this.sync()
  }

  /** Take over what the configuration in force says. */
  sync(): void {
    const wanted = this.#network.addresses.filter((prefix) => this.#isUsable(isHost(prefix.address)))
    for (const had of this.interface.addresses) {
      if (!had.address.isLinkLocal && !includes(wanted, had)) this.interface.removeAddress(had.address)
    }
    for (const prefix of wanted) {
      if (!includes(this.interface.addresses, prefix)) this.interface.addAddress(prefix)
    }
    for (const route of this.#routes) this.stack.removeRoute(route)
    this.#routes = this.#network.routes
      .filter(({ target, via }) => this.#isUsable(!via || (via.family === target.address.family && isHost(via))))
      // What is on a subnet that we have an address in is reached already, by the address.
      .filter(({ target, via }) => via || !wanted.some((prefix) => prefix.network.equals(target.network)))
      .map(({ target, via }) => ({ prefix: target, nic: this.interface, ...(via ? { via } : {}) }))
    for (const route of this.#routes) this.stack.addRoute(route)
  }

  close(): void {
    this.stack.close()
  }

  /** What a controller says comes from the wire: what cannot be used is counted and passed over. */
  #isUsable(isUsable: boolean): boolean {
    if (!isUsable) this.stack.counters.count('managed-address-unusable')
    return isUsable
  }
}

/** Can this be one host's address on a network? */
function isHost(address: IpAddress): boolean {
  const isBroadcast = address.isV4 && address.u32 === 0xffff_ffff
  return !address.isUnspecified && !address.isMulticast && !address.isLoopback && !isBroadcast
}

const includes = (prefixes: readonly IpPrefix[], one: IpPrefix): boolean =>
  prefixes.some((prefix) => prefix.equals(one))
