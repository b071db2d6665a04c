import type { IpAddress, IpPrefix } from '@zt/sansio'
import { type AddressWords, wordsOf } from '../address-words.js'
import { type Interface, isInPrefix } from '../interface.js'

/** A way to a set of destinations. */
export interface Route {
  readonly prefix: IpPrefix
  readonly nic: Interface
  /** The router to hand packets to; without one the destinations are on the link. */
  readonly via?: IpAddress
  /** Lower is preferred among routes of equal prefix length. Default 0. */
  readonly metric?: number
}

interface Entry {
  readonly route: Route
  readonly network: AddressWords
  /** Prefix length in the 128 bits of `AddressWords`. */
  readonly bits: number
  readonly isV4: boolean
}

/** Routes, longest prefix first. Flows remember what they found, so a plain list serves. */
export class RouteTable {
  #entries: readonly Entry[] = []

  add(route: Route): void {
    const { prefix } = route
    this.remove(route)
    const entry = {
      route,
      network: wordsOf(prefix.network.address),
      bits: prefix.address.isV4 ? prefix.bits + 96 : prefix.bits,
      isV4: prefix.address.isV4,
    }
    this.#entries = [...this.#entries, entry].sort(
      (a, b) => b.bits - a.bits || (a.route.metric ?? 0) - (b.route.metric ?? 0),
    )
  }

  /** Remove the route with this prefix, interface and gateway. False if there is none. */
  remove(route: Route): boolean {
    const before = this.#entries.length
    this.#entries = this.#entries.filter((entry) => !isSameRoute(entry.route, route))
    return this.#entries.length !== before
  }

  removeInterface(nic: Interface): void {
    this.#entries = this.#entries.filter((entry) => entry.route.nic !== nic)
  }

  /** The best route to a destination, through this interface only if one is given. */
  find(to: AddressWords, isV4: boolean, nic?: Interface): Route | undefined {
    for (const entry of this.#entries) {
      if (entry.isV4 !== isV4 || (nic !== undefined && entry.route.nic !== nic)) continue
      if (isInPrefix(entry.network, entry.bits, to.w0, to.w1, to.w2, to.w3)) return entry.route
    }
    return undefined
  }

  get routes(): readonly Route[] {
    return this.#entries.map((entry) => entry.route)
  }
}

function isSameRoute(a: Route, b: Route): boolean {
  if (a.nic !== b.nic || !a.prefix.network.equals(b.prefix.network)) return false
  return a.via === b.via || (a.via !== undefined && b.via !== undefined && a.via.equals(b.via))
}
