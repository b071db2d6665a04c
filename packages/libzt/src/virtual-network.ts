import { type Interface, IpStack, type Route as StackRoute } from '@zt/ipstack'
import type { Network } from '@zt/node'
import { formatNetworkId } from '@zt/protocol'
import type { Clock, IpPrefix, RandomSource } from '@zt/sansio'

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
    const wanted = this.#network.addresses
    for (const had of this.interface.addresses) {
      if (!had.address.isLinkLocal && !includes(wanted, had)) this.interface.removeAddress(had.address)
    }
    for (const prefix of wanted) {
      if (!includes(this.interface.addresses, prefix)) this.interface.addAddress(prefix)
    }
    for (const route of this.#routes) this.stack.removeRoute(route)
    this.#routes = this.#network.routes
      // What is on a subnet that we have an address in is reached already, by the address.
      .filter(({ target, via }) => via || !wanted.some((prefix) => prefix.network.equals(target.network)))
      .map(({ target, via }) => ({ prefix: target, nic: this.interface, ...(via ? { via } : {}) }))
    for (const route of this.#routes) this.stack.addRoute(route)
  }

  close(): void {
    this.stack.close()
  }
}

const includes = (prefixes: readonly IpPrefix[], one: IpPrefix): boolean =>
  prefixes.some((prefix) => prefix.equals(one))
