import { type AddressWords, isMulticastWords, isV4Words, wordsOf } from '../address-words.js'
import type { Interface } from '../interface.js'
import type { PathMtuCache } from './path-mtu.js'
import { RouteTable } from './route.js'
import { selectSource } from './source-address.js'

/** Why a packet cannot be sent, in Node's codes. */
export type PathProblem = 'ENETUNREACH' | 'EADDRNOTAVAIL'

/** How to reach a destination. */
export interface Path {
  readonly nic: Interface
  readonly source: AddressWords
  /** The neighbour to hand packets to: the destination itself or a router. */
  readonly nextHop: AddressWords
  readonly isBroadcast: boolean
}

/**
 * Decides interface, next hop and source address. Strong host model (RFC 1122 section 3.3.4.2): who speaks from an
 * address speaks through its interface.
 */
export class Router {
  readonly routes = new RouteTable()
  readonly pathMtus: PathMtuCache
  readonly loopback: Interface
  /** All interfaces, the loopback first; replaced, not changed. */
  interfaces: readonly Interface[]
  /** Changes whenever a flow may have to go another way or be of another size. */
  epoch = 0

  constructor(loopback: Interface, pathMtus: PathMtuCache) {
    this.loopback = loopback
    this.interfaces = [loopback]
    this.pathMtus = pathMtus
  }

  /** The way to a destination; `source` and `nic` narrow the choice. */
  find(to: AddressWords, source: AddressWords | undefined, nic: Interface | undefined): Path | PathProblem {
    const sourceOwner = source && this.ownerOf(source, nic)
    if (source && !sourceOwner) return 'EADDRNOTAVAIL'
    if (this.ownerOf(to, nic)) return { nic: this.loopback, source: source ?? to, nextHop: to, isBroadcast: false }
    const isV4 = isV4Words(to.w0, to.w1, to.w2)
    const isGroup = isMulticastWords(to.w0, to.w1, to.w2, to.w3) || (isV4 && to.w3 === -1)
    const through = nic ?? sourceOwner
    const route = this.routes.find(to, isV4, through)
    const out = isGroup ? (through ?? route?.nic ?? this.#firstWith(isV4)) : route?.nic
    if (out === undefined) return 'ENETUNREACH'
    const isBroadcast = isV4 && out.isBroadcast(to.w3)
    const nextHop = route?.via && !isGroup && !isBroadcast ? wordsOf(route.via) : to
    const from = source ?? selectSource(out, to, isV4)
    if (from === undefined) return 'EADDRNOTAVAIL'
    return { nic: out, source: from, nextHop, isBroadcast }
  }

  /** The interface that has this address; `preferred` decides when several do, as for link-local ones. */
  ownerOf(address: AddressWords, preferred?: Interface): Interface | undefined {
    const { w0, w1, w2, w3 } = address
    if (preferred?.owns(w0, w1, w2, w3)) return preferred
    for (const nic of this.interfaces) if (nic.owns(w0, w1, w2, w3)) return nic
    return undefined
  }

  #firstWith(isV4: boolean): Interface | undefined {
    return this.interfaces.find((nic) => !nic.isLoopback && nic.locals.some((local) => local.isV4 === isV4))
  }
}
