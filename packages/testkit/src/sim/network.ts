import { type Clock, Counters, type Endpoint, IpAddress, ZtError } from '@zt/sansio'
import { SeededRandom } from '../seeded-random.js'
import { Channel, type Fate, type LinkProfile } from './channel.js'
import { SimHost, type SimSite } from './host.js'
import { type NatOptions, NatTable } from './nat.js'

/** What a simulated internet is made of. */
export interface SimNetworkOptions {
  readonly clock: Clock
  readonly random?: SeededRandom
  /** Ways across the internet, where no pair has its own. Default: 10 ms, 5 hops. */
  readonly link?: LinkProfile
}

/** What happened to one datagram, for taps: `delivered`, or why not. */
export interface DatagramEvent {
  /** Names of the sending host and, once known, of the receiving one. */
  readonly fromHost: string
  readonly toHost: string | undefined
  /** As seen by the receiver, or where it was dropped: after all translations so far. */
  readonly from: Endpoint
  readonly to: Endpoint
  /** Borrowed. */
  readonly bytes: Uint8Array
  readonly fate: 'delivered' | DatagramDrop
}

/** Why a datagram did not arrive. The same words are counted in `SimNetwork.counters`. */
export type DatagramDrop =
  Exclude<Fate, 'sent'> | 'no-route' | 'no-socket' | 'blocked' | 'filtered' | 'ttl-exceeded' | 'no-hairpin' | 'nat-full'

/**
 * A simulated internet: hosts with physical addresses, NATs with hosts (or more NATs) behind them, ways with delay and
 * loss between them, and rules that block. Everything happens on one virtual clock and is repeatable by seed.
 *
 * NATs translate outwards when a datagram is sent and inwards when it arrives, so that the race of two hosts that punch
 * holes towards each other is the real one.
 *
 *     const net = new SimNetwork({ clock })
 *     const root = net.host('root', '198.51.100.1')
 *     const home = net.nat('home', '203.0.113.7', { kind: 'symmetric' })
 *     const laptop = home.host('laptop', '192.168.1.2')
 */
export class SimNetwork {
  readonly clock: Clock
  readonly random: SeededRandom
  readonly counters = new Counters()
  /** Called with every datagram at its end. For recorders and assertions. */
  onDatagram: (event: DatagramEvent) => void = () => {}
  readonly #internet: Realm
  readonly #profiles = new Map<string, LinkProfile>()
  readonly #channels = new Map<string, Channel<Transit>>()
  readonly #blocked = new Map<string, number>()
  readonly #names = new Set<string>()

  constructor(options: SimNetworkOptions) {
    this.clock = options.clock
    this.random = options.random ?? new SeededRandom()
    this.#internet = new Realm('internet', undefined, options.link ?? { delayMs: 10, hops: 5 })
  }

  /** A host on the public internet. More addresses, also behind NATs, are given with `attach`. */
  host(name: string, ...addresses: string[]): SimHost {
    return this.#host(name, this.#internet, addresses)
  }

  /** A NAT with this public address. */
  nat(name: string, address: string, options: NatOptions & { readonly lan?: LinkProfile } = {}): SimNat {
    return this.#nat(name, this.#internet, address, options)
  }

  /** Give an existing host one more address: on the internet, or behind `where`. */
  attach(host: SimHost, address: string, where?: SimNat): void {
    this.#attach(host, address, where ? where.inner : this.#internet)
  }

  /** Give a pair of hosts or NATs a way of its own, in both directions unless told otherwise. */
  link(a: SimSite, b: SimSite, profile: LinkProfile, options: { readonly oneWay?: boolean } = {}): void {
    for (const [from, to] of options.oneWay
      ? [[a, b]]
      : [
          [a, b],
          [b, a],
        ]) {
      const key = pairKey(from.name, to.name)
      this.#profiles.set(key, profile)
      const channel = this.#channels.get(key)
      if (channel) channel.profile = profile
    }
  }

  /** Let nothing pass between these two any more. Returns how to let it pass again. */
  block(a: SimSite, b: SimSite, options: { readonly oneWay?: boolean } = {}): () => void {
    const keys = [pairKey(a.name, b.name), ...(options.oneWay ? [] : [pairKey(b.name, a.name)])]
    for (const key of keys) this.#blocked.set(key, (this.#blocked.get(key) ?? 0) + 1)
    let isBlocked = true
    return () => {
      if (!isBlocked) return
      isBlocked = false
      for (const key of keys) this.#blocked.set(key, this.#blocked.get(key)! - 1)
    }
  }

  #transmit(host: SimHost, realm: Realm, from: Endpoint, to: Endpoint, bytes: Uint8Array, ttl: number): void {
    const sites: SimSite[] = [host]
    let hops = ttl
    let source = from
    let here = realm
    // Outwards, through one NAT after the other, until the destination is an address of the realm.
    let station = here.find(to.ip)
    while (!station && here.gateway) {
      const nat: SimNat = here.gateway
      if (--hops <= 0) return this.#drop('ttl-exceeded', host, undefined, source, to, bytes)
      const outside = nat.table.outbound(source, to)
      if (!outside) return this.#drop('nat-full', host, undefined, source, to, bytes)
      if (to.ip.equals(nat.address) && !nat.hairpin) return this.#drop('no-hairpin', host, undefined, source, to, bytes)
      source = outside
      sites.push(nat)
      here = nat.outer
      station = here.find(to.ip)
    }
    if (!station) return this.#drop('no-route', host, undefined, source, to, bytes)
    const site = station.host ?? station.nat!
    const profile = this.#profileFor(sites, site, here)
    if (hops < (profile.hops ?? 1)) return this.#drop('ttl-exceeded', host, site.name, source, to, bytes)
    if (sites.some((from) => this.#isBlocked(from, site)))
      return this.#drop('blocked', host, site.name, source, to, bytes)
    const transit: Transit = { host, sites, from: source, to, station }
    const fate = this.#channel(sites, site, profile).send(bytes, 0, bytes.length, transit)
    if (fate !== 'sent') this.#drop(fate, host, site.name, source, to, bytes)
  }

  /** Inwards, through one NAT after the other, to a host. */
  #arrive(bytes: Uint8Array, transit: Transit): void {
    const { host: sender, from } = transit
    let { station, to } = transit
    while (station.nat) {
      const nat: SimNat = station.nat
      const inside = nat.table.inbound(to.port, from)
      if (!inside) return this.#drop('filtered', sender, nat.name, from, to, bytes)
      to = inside
      const next = nat.inner.find(to.ip)
      if (!next) return this.#drop('no-route', sender, nat.name, from, to, bytes)
      station = next
    }
    const host = station.host!
    if (transit.sites.some((site) => this.#isBlocked(site, host))) {
      return this.#drop('blocked', sender, host.name, from, to, bytes)
    }
    const refusal = host.refusal(from, to)
    if (refusal) return this.#drop(refusal, sender, host.name, from, to, bytes)
    this.counters.count('delivered')
    this.onDatagram({ fromHost: sender.name, toHost: host.name, from, to, bytes, fate: 'delivered' })
    host.deliver(from, to, bytes)
  }

  #drop(
    fate: DatagramDrop,
    host: SimHost,
    toHost: string | undefined,
    from: Endpoint,
    to: Endpoint,
    bytes: Uint8Array,
  ): void {
    this.counters.count(fate)
    this.onDatagram({ fromHost: host.name, toHost, from, to, bytes, fate })
  }

  #profileFor(sites: readonly SimSite[], to: SimSite, realm: Realm): LinkProfile {
    if (this.#profiles.size === 0) return realm.profile
    for (const from of sites) {
      const own = this.#profiles.get(pairKey(from.name, to.name))
      if (own) return own
    }
    return realm.profile
  }

  #channel(sites: readonly SimSite[], to: SimSite, profile: LinkProfile): Channel<Transit> {
    const key = pairKey(sites[sites.length - 1].name, to.name)
    const known = this.#channels.get(key)
    if (known) {
      known.profile = profile
      return known
    }
    const channel = new Channel<Transit>(this.clock, this.random.fork(key), profile, (bytes, transit) => {
      this.#arrive(bytes, transit)
    })
    this.#channels.set(key, channel)
    return channel
  }

  #isBlocked(from: SimSite, to: SimSite): boolean {
    return this.#blocked.size > 0 && (this.#blocked.get(pairKey(from.name, to.name)) ?? 0) > 0
  }

  #host(name: string, realm: Realm, addresses: readonly string[]): SimHost {
    this.#claimName(name)
    const host = new SimHost(this.clock, name)
    for (const address of addresses) this.#attach(host, address, realm)
    return host
  }

  #attach(host: SimHost, address: string, realm: Realm): void {
    const ip = IpAddress.parse(address)
    realm.attach(ip, { host })
    host.attach({
      ip,
      reaches: (other) => realm.find(other) !== undefined,
      transmit: (from, to, bytes, ttl) => this.#transmit(host, realm, from, to, bytes, ttl),
      detach: () => realm.detach(ip),
    })
  }

  #nat(name: string, outer: Realm, address: string, options: NatOptions & { readonly lan?: LinkProfile }): SimNat {
    this.#claimName(name)
    const ip = IpAddress.parse(address)
    const nat: SimNat = new SimNat(
      name,
      ip,
      outer,
      options.lan ?? { delayMs: 0.5 },
      options.hairpin ?? false,
      new NatTable(this.clock, this.random.fork(`nat ${name}`), ip, options),
      (hostName, addresses) => this.#host(hostName, nat.inner, addresses),
      (natName, natAddress, natOptions) => this.#nat(natName, nat.inner, natAddress, natOptions),
    )
    outer.attach(ip, { nat })
    return nat
  }

  #claimName(name: string): void {
    if (this.#names.has(name)) throw new ZtError('ZT_ARG_INVALID', `the name ${JSON.stringify(name)} is taken`)
    this.#names.add(name)
  }
}

type MakeNat = (name: string, address: string, options: NatOptions & { readonly lan?: LinkProfile }) => SimNat

/** A NAT and the private network behind it. */
export class SimNat implements SimSite {
  readonly name: string
  readonly address: IpAddress
  readonly hairpin: boolean
  readonly table: NatTable
  /** @internal */
  readonly outer: Realm
  /** @internal */
  readonly inner: Realm
  readonly #makeHost: (name: string, addresses: readonly string[]) => SimHost
  readonly #makeNat: MakeNat

  /** @internal Made by `SimNetwork.nat` and `SimNat.nat`. */
  constructor(
    name: string,
    address: IpAddress,
    outer: Realm,
    lan: LinkProfile,
    hairpin: boolean,
    table: NatTable,
    makeHost: (name: string, addresses: readonly string[]) => SimHost,
    makeNat: MakeNat,
  ) {
    this.name = name
    this.address = address
    this.hairpin = hairpin
    this.table = table
    this.outer = outer
    this.inner = new Realm(name, this, lan)
    this.#makeHost = makeHost
    this.#makeNat = makeNat
  }

  /** A host behind this NAT. */
  host(name: string, ...addresses: string[]): SimHost {
    return this.#makeHost(name, addresses)
  }

  /** A NAT behind this one, as providers have them. */
  nat(name: string, address: string, options: NatOptions & { readonly lan?: LinkProfile } = {}): SimNat {
    return this.#makeNat(name, address, options)
  }
}

/** @internal An address space: the internet, or what is behind a NAT. */
export class Realm {
  readonly name: string
  readonly gateway: SimNat | undefined
  readonly profile: LinkProfile
  readonly #stations = new Map<string, Station>()

  constructor(name: string, gateway: SimNat | undefined, profile: LinkProfile) {
    this.name = name
    this.gateway = gateway
    this.profile = profile
  }

  attach(ip: IpAddress, station: Station): void {
    if (this.#stations.has(`${ip}`)) throw new ZtError('EADDRINUSE', `${ip} is taken in ${this.name}`)
    this.#stations.set(`${ip}`, station)
  }

  detach(ip: IpAddress): void {
    this.#stations.delete(`${ip}`)
  }

  find(ip: IpAddress): Station | undefined {
    return this.#stations.get(`${ip}`)
  }
}

interface Station {
  readonly host?: SimHost
  readonly nat?: SimNat
}

interface Transit {
  readonly host: SimHost
  /** The sender and the NATs it went out through. */
  readonly sites: readonly SimSite[]
  readonly from: Endpoint
  readonly to: Endpoint
  readonly station: Station
}

function pairKey(from: string, to: string): string {
  return `${from} > ${to}`
}
