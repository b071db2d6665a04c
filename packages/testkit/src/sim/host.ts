import {
  type Clock,
  type DatagramPort,
  type DatagramReceiver,
  type Duration,
  Endpoint,
  type Instant,
  IpAddress,
  type LocalSocket,
  ZtError,
} from '@zt/sansio'

/** What can be at an end of a way: a host or a NAT. */
export interface SimSite {
  readonly name: string
}

/** One address of a host, and the network that it belongs to. */
export interface Attachment {
  readonly ip: IpAddress
  /** Is this address in the same network, with no NAT between? */
  reaches(ip: IpAddress): boolean
  transmit(from: Endpoint, to: Endpoint, bytes: Uint8Array, ttl: number): void
  detach(): void
}

/** How UDP sockets of a simulated host are opened. */
export interface SimPortOptions {
  /** UDP port; 0 or nothing picks a free one. */
  readonly port?: number
  /** One socket on each of these addresses. The default is a wildcard socket per family that the host has. */
  readonly bind?: readonly string[]
  /** May also be set later: whoever is built from a port can then be its receiver. */
  readonly receiver?: DatagramReceiver
  /** A sender's own bottleneck: `send` answers `false` when this much waits. */
  readonly bytesPerSecond?: number
  readonly queueBytes?: number
}

/** A host of the simulated internet. */
export class SimHost implements SimSite {
  readonly name: string
  readonly #clock: Clock
  readonly #attachments: Attachment[] = []
  readonly #ports = new Set<SimDatagramPort>()
  readonly #endpoints: Endpoint[] = []
  readonly #admitted = new Map<string, Instant>()
  #nextPort = 49_152
  #firewall: Duration | undefined

  /** @internal Made by `SimNetwork.host` and `SimNat.host`. */
  constructor(clock: Clock, name: string) {
    this.#clock = clock
    this.name = name
  }

  get addresses(): readonly IpAddress[] {
    return this.#attachments.map(({ ip }) => ip)
  }

  /** From now on let in only answers: datagrams from where something was sent to within `timeoutMs`. */
  enableFirewall(timeoutMs: Duration = 120_000): void {
    this.#firewall = timeoutMs
  }

  /** Open UDP sockets. @throws EADDRINUSE, EADDRNOTAVAIL */
  open(options: SimPortOptions = {}): SimDatagramPort {
    const port = options.port || this.#freePort()
    const locals = options.bind
      ? options.bind.map((text) => IpAddress.parse(text))
      : [IpAddress.parse('0.0.0.0'), ...(this.addresses.some((ip) => ip.isV6) ? [IpAddress.parse('::')] : [])]
    for (const ip of locals) {
      if (!ip.isUnspecified && !this.addresses.some((address) => address.equals(ip))) {
        throw new ZtError('EADDRNOTAVAIL', `bind EADDRNOTAVAIL ${ip}: ${this.name} has no such address`)
      }
      if (this.#socketFor(ip, port)) throw new ZtError('EADDRINUSE', `bind EADDRINUSE ${ip}/${port} on ${this.name}`)
    }
    const sim = new SimDatagramPort(
      this,
      this.#clock,
      locals.map((ip) => new Endpoint(ip, port)),
      options,
    )
    this.#ports.add(sim)
    return sim
  }

  /** @internal */
  attach(attachment: Attachment): void {
    this.#attachments.push(attachment)
  }

  /** Take an address away, as when a cable is pulled. */
  detach(address: string): void {
    const ip = IpAddress.parse(address)
    const at = this.#attachments.findIndex((attachment) => attachment.ip.equals(ip))
    if (at >= 0) this.#attachments.splice(at, 1)[0].detach()
  }

  /** @internal Called by ports. `false`: there is no address to send from. */
  transmit(local: Endpoint, to: Endpoint, bytes: Uint8Array, ttl: number): boolean {
    const candidates = this.#attachments.filter(({ ip }) => ip.family === to.ip.family)
    const own = local.ip.isUnspecified
      ? (candidates.find((candidate) => candidate.reaches(to.ip)) ?? candidates[0])
      : candidates.find(({ ip }) => ip.equals(local.ip))
    if (!own) return false
    const from = this.#endpoint(own, local.port)
    if (this.#firewall !== undefined) this.#admitted.set(`${from}<${to}`, this.#clock.now())
    own.transmit(from, to, bytes, ttl)
    return true
  }

  /** One object per address and port: its text, which tables are keyed by, is then made once. */
  #endpoint({ ip }: Attachment, port: number): Endpoint {
    const known = this.#endpoints.find((endpoint) => endpoint.port === port && endpoint.ip === ip)
    if (known) return known
    const endpoint = new Endpoint(ip, port)
    this.#endpoints.push(endpoint)
    return endpoint
  }

  /** @internal Why a datagram would not be taken, or `undefined`. */
  refusal(from: Endpoint, to: Endpoint): 'filtered' | 'no-socket' | undefined {
    if (this.#firewall !== undefined) {
      const since = this.#admitted.get(`${to}<${from}`)
      if (since === undefined || since + this.#firewall <= this.#clock.now()) return 'filtered'
    }
    return this.#socketFor(to.ip, to.port) ? undefined : 'no-socket'
  }

  /** @internal */
  deliver(from: Endpoint, to: Endpoint, bytes: Uint8Array): void {
    const found = this.#socketFor(to.ip, to.port)
    found?.port.receiver?.handleDatagram(found.socket.id, from, bytes)
  }

  /** @internal */
  forget(port: SimDatagramPort): void {
    this.#ports.delete(port)
  }

  /** The socket bound to this address, or else the wildcard of its family. */
  #socketFor(ip: IpAddress, port: number): { port: SimDatagramPort; socket: LocalSocket } | undefined {
    let wildcard: { port: SimDatagramPort; socket: LocalSocket } | undefined
    for (const candidate of this.#ports) {
      for (const socket of candidate.sockets) {
        if (socket.local.port !== port || socket.local.ip.family !== ip.family) continue
        if (socket.local.ip.equals(ip)) return { port: candidate, socket }
        if (socket.local.ip.isUnspecified) wildcard = { port: candidate, socket }
      }
    }
    return wildcard
  }

  #freePort(): number {
    while ([...this.#ports].some((port) => port.sockets.some(({ local }) => local.port === this.#nextPort)))
      this.#nextPort++
    return this.#nextPort++
  }
}

/** The UDP sockets of one program on a `SimHost`. */
export class SimDatagramPort implements DatagramPort {
  /** Where datagrams go; without one they are lost. */
  receiver: DatagramReceiver | undefined
  readonly #host: SimHost
  readonly #clock: Clock
  readonly #bytesPerSecond: number
  readonly #queueBytes: number
  #sockets: readonly LocalSocket[]
  #busyUntil: Instant = 0

  /** @internal Made by `SimHost.open`. */
  constructor(host: SimHost, clock: Clock, locals: readonly Endpoint[], options: SimPortOptions) {
    this.#host = host
    this.#clock = clock
    this.receiver = options.receiver
    this.#sockets = locals.map((local, index) => ({ id: index + 1, local }))
    this.#bytesPerSecond = options.bytesPerSecond ?? Number.POSITIVE_INFINITY
    this.#queueBytes = options.queueBytes ?? 256 * 1024
  }

  get sockets(): readonly LocalSocket[] {
    return this.#sockets
  }

  get writable(): boolean {
    return this.#queued() <= this.#queueBytes / 2
  }

  send(socket: number, to: Endpoint, bytes: Uint8Array, offset: number, length: number, ttl = 64): boolean {
    const local = this.#sockets.find(({ id }) => id === socket)?.local
    if (!local || local.ip.family !== to.ip.family) return false
    const queued = this.#queued()
    if (queued > 0 && queued + length > this.#queueBytes) return false
    this.#busyUntil = Math.max(this.#clock.now(), this.#busyUntil) + (length * 1000) / this.#bytesPerSecond
    return this.#host.transmit(local, to, bytes.subarray(offset, offset + length), ttl)
  }

  /** Close every socket. */
  close(): void {
    this.#sockets = []
    this.#host.forget(this)
  }

  #queued(): number {
    if (this.#bytesPerSecond === Number.POSITIVE_INFINITY) return 0
    return Math.max(0, ((this.#busyUntil - this.#clock.now()) * this.#bytesPerSecond) / 1000)
  }
}
