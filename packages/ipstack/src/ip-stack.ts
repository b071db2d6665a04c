import {
  type Clock,
  Counters,
  type EtherLink,
  type Instant,
  type IpAddress,
  type IpLink,
  IpPrefix,
  type Mac,
  type RandomSource,
  RateGate,
  ZtError,
} from '@zt/sansio'
import { type AddressWords, addressOf, wordsOf } from './address-words.js'
import { Burst } from './burst.js'
import { Delivery } from './input/delivery.js'
import { Icmpv4Input } from './input/icmpv4-input.js'
import { Icmpv6Input } from './input/icmpv6-input.js'
import { Ipv4Input } from './input/ipv4-input.js'
import { Ipv6Input } from './input/ipv6-input.js'
import { Undeliverable } from './input/undeliverable.js'
import { Interface, type InterfaceOwner } from './interface.js'
import type { Attachment } from './link/attachment.js'
import { EtherAttachment, type EtherOwner, linkLocalAddress } from './link/ether.js'
import { IpAttachment } from './link/ip.js'
import { Loopback } from './link/loopback.js'
import { Flow, type FlowContext } from './output/flow.js'
import { IcmpErrors } from './output/icmp-error.js'
import { Identification } from './output/identification.js'
import { PathMtuCache } from './output/path-mtu.js'
import type { Route } from './output/route.js'
import { type PathProblem, Router } from './output/router.js'
import { Scratch, TRANSPORT_OFFSET } from './output/scratch.js'
import { type PingOptions, type PingResult, Pings } from './ping.js'
import { defaultSettings, type Settings } from './settings.js'
import { Timer, type TimerWheel } from './timer-wheel.js'
import type { IpInput, Transport } from './transport.js'
import { checksum } from './wire/checksum.js'
import { ICMPV4_ECHO_REQUEST } from './wire/icmpv4.js'
import { ICMPV6_ECHO_REQUEST } from './wire/icmpv6.js'
import { PROTOCOL_ICMPV4, PROTOCOL_ICMPV6 } from './wire/numbers.js'

/** Rounds of loopback delivery in one burst, so that two ends in this stack cannot keep it busy for ever. */
const LOOPBACK_ROUNDS = 16
const DEFAULT_PING_BYTES = 56

/** What a stack is made of. */
export interface IpStackOptions {
  readonly clock: Clock
  readonly random: RandomSource
  /** Overrides of `defaultSettings`. */
  readonly settings?: Partial<Settings>
  /** Told, at most five times at once and then once a second, that somebody else on a link uses an address of ours. */
  readonly onAddressConflict?: (nic: Interface, address: IpAddress, mac: Mac | undefined) => void
}

/** What a stack lets one choose about an interface. */
export interface AttachOptions {
  /** For people and diagnostics. Default `net0`, `net1`, … */
  readonly name?: string
}

/** Who is to talk to whom, as values. */
export interface FlowOptions {
  readonly protocol: number
  readonly remote: IpAddress
  /** Default: chosen by the stack. */
  readonly local?: IpAddress | undefined
  /** Only through this interface. */
  readonly nic?: Interface | undefined
}

/**
 * A host's network layer: interfaces, addresses, routes, IPv4, IPv6, ICMP and neighbours, for transports to build on.
 * It owns nothing outside itself: time and chance are given, links are attached.
 *
 * @example
 * const stack = new IpStack({ clock, random })
 * const nic = stack.attachIp(link, { name: 'tun0' })
 * nic.addAddress(IpPrefix.parse('10.0.0.1/24'))
 * stack.ping(IpAddress.parse('10.0.0.2'), {}, (result) => { … })
 */
export class IpStack {
  readonly counters = new Counters()
  readonly settings: Settings
  readonly random: RandomSource
  /** Where transports write what they send, from `TRANSPORT_OFFSET` on. Anyone may overwrite it at the next send. */
  readonly scratch = new Scratch()
  /** The timers of this stack and its transports. */
  readonly timers: TimerWheel
  readonly loopback: Interface
  readonly #burst: Burst
  readonly #router: Router
  readonly #flows: FlowContext
  readonly #delivery: Delivery
  readonly #ipv4: Ipv4Input
  readonly #ipv6: Ipv6Input
  readonly #looped: Loopback
  readonly #pings: Pings
  readonly #undeliverable: Undeliverable
  readonly #onAddressConflict: IpStackOptions['onAddressConflict']
  readonly #pathTimer = new Timer({ handleTimer: (now) => this.#expirePaths(now) })
  readonly #owner: InterfaceOwner = {
    addressAdded: (nic, local) => {
      this.#router.routes.add({ prefix: local.prefix.network, nic })
      this.#pathChanged()
    },
    addressRemoved: (nic, local) => {
      const { network } = local.prefix
      const isShared = nic.locals.some((other) => other.prefix.network.equals(network))
      if (!isShared) this.#router.routes.remove({ prefix: network, nic })
      this.#pathChanged()
    },
    detached: (nic) => {
      this.#router.routes.removeInterface(nic)
      this.#router.interfaces = this.#router.interfaces.filter((each) => each !== nic)
      this.#pathChanged()
    },
  }
  /** Registered ones, in order of registration. */
  readonly #transports: Transport[] = []
  #deferred: (() => void)[] = []
  #hasDrained = false
  #hasPathChange = false
  #nextName = 0
  #isClosed = false

  constructor(options: IpStackOptions) {
    const settings = (this.settings = { ...defaultSettings, ...options.settings })
    this.random = options.random
    this.#onAddressConflict = options.onAddressConflict
    this.#burst = new Burst(options.clock, (now) => this.#work(now))
    this.timers = this.#burst.timers
    this.#looped = new Loopback(settings.loopbackBytes)
    this.loopback = new Interface('lo', this.#looped, this.#owner, true)
    this.#router = new Router(this.loopback, new PathMtuCache(settings.pathMtus, settings.pathMtuAge))
    this.#flows = {
      router: this.#router,
      burst: this.#burst,
      scratch: this.scratch,
      replyScratch: new Scratch(),
      loopback: this.#looped,
      identification: new Identification(options.random),
    }
    const { counters } = this
    const errorGate = new RateGate(settings.errorInterval, settings.errorBurst)
    const errors = new IcmpErrors(this.#flows, counters, errorGate, settings.hopLimit)
    this.#delivery = new Delivery(errors, counters)
    this.#undeliverable = new Undeliverable(this.#delivery)
    const input = { settings, counters, router: this.#router, delivery: this.#delivery, errors, timers: this.timers }
    this.#ipv4 = new Ipv4Input(input)
    this.#ipv6 = new Ipv6Input(input)
    this.#pings = new Pings(this.timers, options.random, (run) => this.defer(run))
    const icmp = {
      flows: this.#flows,
      counters,
      delivery: this.#delivery,
      pings: this.#pings,
      echoGate: settings.answerEcho ? new RateGate(settings.echoInterval, settings.echoBurst) : undefined,
      hopLimit: settings.hopLimit,
      pathMtuFloorV4: settings.pathMtuFloorV4,
    }
    this.#delivery.transports[PROTOCOL_ICMPV4] = new Icmpv4Input(icmp)
    this.#delivery.transports[PROTOCOL_ICMPV6] = new Icmpv6Input(icmp)
    this.loopback.addAddress(IpPrefix.parse('127.0.0.1/8'), { wholePrefix: true })
    this.loopback.addAddress(IpPrefix.parse('::1/128'))
  }

  // Interfaces and routes

  /**
   * Use an Ethernet link: ARP and neighbour discovery run on it, and it gets the IPv6 link-local address of its MAC.
   * @throws ZT_CLOSED
   */
  attachEther(link: EtherLink, options: AttachOptions = {}): Interface {
    const nic = this.#attach(options, (owner) => new EtherAttachment(link, owner))
    nic.addAddress(new IpPrefix(linkLocalAddress(link.mac), 64))
    return nic
  }

  /** Use a link of bare IP packets. @throws ZT_CLOSED */
  attachIp(link: IpLink, options: AttachOptions = {}): Interface {
    return this.#attach(options, (owner) => new IpAttachment(link, owner))
  }

  /** All interfaces, the loopback first. */
  get interfaces(): readonly Interface[] {
    return this.#router.interfaces
  }

  /** Add a route, or change the metric of an equal one. @throws ZT_ARG_INVALID if prefix and gateway do not go together. */
  addRoute(route: Route): void {
    const { prefix, via, nic } = route
    if (via && via.isV4 !== prefix.address.isV4) {
      throw new ZtError('ZT_ARG_INVALID', `route ${prefix}: the gateway ${via} is of the other family`)
    }
    if (!this.interfaces.includes(nic))
      throw new ZtError('ZT_ARG_INVALID', `route ${prefix}: ${nic.name} is not attached here`)
    this.#router.routes.add(route)
    this.#pathChanged()
  }

  /** Remove the route of this prefix, interface and gateway. False if there is none. */
  removeRoute(route: Route): boolean {
    const wasThere = this.#router.routes.remove(route)
    if (wasThere) this.#pathChanged()
    return wasThere
  }

  /** All routes, those of the interfaces' own subnets included; the longest prefix first. */
  get routes(): readonly Route[] {
    return this.#router.routes.routes
  }

  /** Bytes held for IP datagrams of which not all fragments have come. */
  get reassemblyBytes(): number {
    return this.#ipv4.reassemblyCharged + this.#ipv6.reassemblyCharged
  }

  // For transports

  /** Serve a protocol. One transport for each. @throws EADDRINUSE */
  registerTransport(protocol: number, transport: Transport): void {
    if (this.#delivery.transports[protocol]) {
      throw new ZtError('EADDRINUSE', `IP protocol ${protocol} has a transport in this stack already`, { protocol })
    }
    this.#delivery.transports[protocol] = transport
    this.#transports.push(transport)
  }

  /**
   * There is something to flush. Returns the time of the burst that will do it: the `now` of everything until then.
   */
  touch(): Instant {
    return this.#burst.touch()
  }

  /** Call an application's callback at the end of this burst, when no transport is half-way through something. */
  defer(run: () => void): void {
    this.#deferred.push(run)
    this.#burst.touch()
  }

  /** A flow to a host. @throws ENETUNREACH, EADDRNOTAVAIL (if `local` is not ours, or there is none of that family) */
  openFlow(options: FlowOptions): Flow {
    const { protocol, remote, local, nic } = options
    const ends = { protocol, remote: wordsOf(remote), local: local && wordsOf(local), nic }
    const flow = this.tryFlow(ends.protocol, ends.remote, ends.local, nic)
    if (typeof flow !== 'string') return flow
    throw pathError(flow, remote, local)
  }

  /** The same with words, and a code instead of an error. */
  tryFlow(protocol: number, remote: AddressWords, local?: AddressWords, nic?: Interface): Flow | PathProblem {
    return Flow.open(this.#flows, { protocol, remote, local, nic }, this.settings.hopLimit)
  }

  /** A flow back to the sender of a packet, from the address it spoke to. `undefined` if it cannot be reached. */
  replyFlow(input: IpInput): Flow | undefined {
    const remote = { w0: input.src0, w1: input.src1, w2: input.src2, w3: input.src3 }
    const local = { w0: input.dst0, w1: input.dst1, w2: input.dst2, w3: input.dst3 }
    const flow = this.tryFlow(input.protocol, remote, local, input.nic.isLoopback ? undefined : input.nic)
    return typeof flow === 'string' ? undefined : flow
  }

  /** The address this host would speak from to a destination. @throws ENETUNREACH, EADDRNOTAVAIL */
  selectSource(destination: IpAddress, nic?: Interface): IpAddress {
    const path = this.#router.find(wordsOf(destination), undefined, nic)
    if (typeof path === 'string') throw pathError(path, destination, undefined)
    const { w0, w1, w2, w3 } = path.source
    return addressOf(w0, w1, w2, w3)
  }

  /** Is this an address of ours? */
  isLocal(address: IpAddress): boolean {
    return this.#router.ownerOf(wordsOf(address)) !== undefined
  }

  /**
   * A transport believes what it was told: packets to this destination may have at most `mtu` bytes. Every flow there
   * follows, until it is forgotten.
   */
  reportPathMtu(destination: AddressWords, mtu: number): void {
    const path = this.#router.find(destination, undefined, undefined)
    if (typeof path !== 'string' && mtu >= path.nic.mtu) return
    const expires = this.#router.pathMtus.lower(destination, mtu, this.touch())
    if (expires === undefined) return
    if (!this.#pathTimer.isArmed) this.timers.schedule(this.#pathTimer, expires)
    this.#pathChanged()
  }

  // Ping

  /**
   * Send an ICMP echo request; `done` is called once with the reply or an error, unless the ping is cancelled before by
   * the function returned. @throws ENETUNREACH, EADDRNOTAVAIL, EMSGSIZE
   */
  ping(destination: IpAddress, options: PingOptions, done: (result: PingResult) => void): () => void {
    const protocol = destination.isV4 ? PROTOCOL_ICMPV4 : PROTOCOL_ICMPV6
    const flow = this.openFlow({ protocol, remote: destination, local: options.local, nic: options.nic })
    const payload = options.payload?.slice() ?? Uint8Array.from({ length: DEFAULT_PING_BYTES }, (_, i) => i)
    const length = 8 + payload.length
    if (length > 65_507)
      throw new ZtError('EMSGSIZE', `a ping of ${payload.length} bytes is too large`, {
        address: destination.toString(),
      })
    flow.dontFragment = false
    flow.hopLimit = options.hopLimit ?? this.settings.hopLimit
    this.touch()
    const key = this.#pings.begin(destination, payload, this.#burst.exactNow(), options.timeoutMs ?? 5000, done)
    const { view, bytes } = this.scratch
    view.setUint32(TRANSPORT_OFFSET, (destination.isV4 ? ICMPV4_ECHO_REQUEST : ICMPV6_ECHO_REQUEST) << 24)
    view.setUint32(TRANSPORT_OFFSET + 4, key)
    bytes.set(payload, TRANSPORT_OFFSET + 8)
    const pseudo = destination.isV4 ? 0 : flow.pseudoSum + length
    view.setUint16(TRANSPORT_OFFSET + 2, checksum(bytes, TRANSPORT_OFFSET, length, pseudo))
    const result = flow.send(length)
    if (result !== 'sent')
      this.#pings.fail(key, result === 'full' ? 'EAGAIN' : result === 'too-big' ? 'EMSGSIZE' : 'EHOSTUNREACH')
    return () => this.#pings.cancel(key)
  }

  /** Detach every interface and stop: nothing is called any more. Idempotent. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const nic of this.interfaces) nic.detach()
    this.#pings.close()
    this.#ipv4.clear()
    this.#ipv6.clear()
    this.#burst.close()
  }

  #attach(options: AttachOptions, make: (owner: EtherOwner) => Attachment): Interface {
    if (this.#isClosed) throw new ZtError('ZT_CLOSED', 'the stack is closed')
    const link = make({
      settings: this.settings,
      counters: this.counters,
      timers: this.timers,
      now: () => this.#burst.touch(),
      handleIp: (bytes, offset, length, isUnicast) => this.#receive(nic, bytes, offset, length, isUnicast, false),
      handleDrain: () => this.#drained(),
      handleLinkChange: () => {
        this.#pathChanged()
        this.#drained()
      },
      handleConflict: ({ w0, w1, w2, w3 }, mac) => {
        const told = this.#onAddressConflict
        if (told) this.defer(() => told(nic, addressOf(w0, w1, w2, w3), mac))
      },
      handleUnreachable: (packet) => this.#undeliverable.report(packet, this.#burst.touch()),
    })
    const nic = new Interface(options.name ?? `net${this.#nextName++}`, link, this.#owner)
    this.#router.interfaces = [...this.#router.interfaces, nic]
    link.open()
    return nic
  }

  #receive(
    nic: Interface,
    bytes: Uint8Array,
    offset: number,
    length: number,
    isUnicast: boolean,
    isOwn: boolean,
  ): void {
    const now = this.#burst.touch()
    nic.inPackets++
    nic.inBytes += length
    if (length > 0 && bytes[offset] >> 4 === 6) this.#ipv6.handle(nic, bytes, offset, length, isUnicast, isOwn, now)
    else this.#ipv4.handle(nic, bytes, offset, length, isUnicast, isOwn, now)
  }

  /** What is left to do at the end of a burst; true if more is left after that. */
  #work(now: Instant): boolean {
    for (let round = 0; round < LOOPBACK_ROUNDS; round++) {
      for (const { bytes, via } of this.#looped.take())
        this.#receive(via ?? this.loopback, bytes, 0, bytes.length, true, true)
      if (this.#looped.takeWasFull()) this.#hasDrained = true
      this.#flush(now)
      if (this.#looped.isEmpty) break
    }
    this.#runDeferred()
    return !this.#looped.isEmpty || this.#hasDrained || this.#hasPathChange || this.#deferred.length > 0
  }

  #flush(now: Instant): void {
    const [hasDrained, hasPathChange] = [this.#hasDrained, this.#hasPathChange]
    this.#hasDrained = this.#hasPathChange = false
    for (const transport of this.#transports) {
      if (hasPathChange) transport.handlePathChange?.(now)
      if (hasDrained) transport.handleDrain?.(now)
      transport.flush(now)
    }
  }

  /** If one throws, the others still have their turn, in the next burst. */
  #runDeferred(): void {
    const due = this.#deferred
    if (due.length === 0) return
    this.#deferred = []
    let done = 0
    try {
      for (; done < due.length; done++) due[done]()
    } finally {
      if (done < due.length) this.#deferred = [...due.slice(done + 1), ...this.#deferred]
    }
  }

  #drained(): void {
    this.#hasDrained = true
    this.#burst.touch()
  }

  #pathChanged(): void {
    this.#router.epoch++
    this.#hasPathChange = true
    this.#burst.touch()
  }

  #expirePaths(now: Instant): void {
    const next = this.#router.pathMtus.expire(now)
    if (next !== undefined) this.timers.schedule(this.#pathTimer, next)
    this.#pathChanged()
  }
}

function pathError(code: PathProblem, remote: IpAddress, local: IpAddress | undefined): ZtError {
  const address = (code === 'EADDRNOTAVAIL' && local ? local : remote).toString()
  if (code === 'ENETUNREACH') return new ZtError(code, `no route to ${address}`, { address })
  const message = local ? `${address} is not an address of this host` : `no address of ours to reach ${address} from`
  return new ZtError(code, message, { address })
}
