import { EventEmitter } from 'node:events'
import type { Agent, AgentOptions, Server as HttpServer } from 'node:http'
import type { Network, NetworkStatus, PeerSnapshot } from '@zt/node'
import { addressOfMac, formatAddress, formatNetworkId } from '@zt/protocol'
import { type Clock, formatMac, IpAddress, type IpPrefix, type RandomSource, ZtError } from '@zt/sansio'
import {
  type ConnectOptions,
  HttpAgent,
  type ListenOptions,
  ping,
  type PingOptions,
  type PingResult,
  serveHttp,
  StackHost,
  TcpServer,
  TcpSocket,
  UdpSocket,
  type UdpSocketOptions,
} from '@zt/sockets'
import { VirtualNetwork } from './virtual-network.js'

/** A route of a network. */
export interface NetworkRoute {
  readonly target: IpPrefix
  /** The gateway, or `undefined` for what is on the network itself. */
  readonly via: IpAddress | undefined
}

/** What a network needs from the node that joined it. */
export interface NetworkSurroundings {
  readonly clock: Clock
  readonly random: RandomSource
  readonly peers: () => PeerSnapshot[]
  readonly leave: () => Promise<void>
}

interface NetworkEvents {
  /** The configuration or the status changed. */
  update: []
  /** The network was left. */
  close: []
}

/** A joined network: its configuration, and sockets on it. Made by `ZeroTier.join`. */
export class ZeroTierNetwork extends EventEmitter<NetworkEvents> {
  /** 16 hexadecimal digits. */
  readonly id: string
  readonly #engine: Network
  readonly #virtual: VirtualNetwork
  readonly #host: StackHost
  readonly #peers: () => PeerSnapshot[]
  readonly #leave: () => Promise<void>
  #closing: Promise<void> | undefined

  /** Use `ZeroTier.join`. */
  constructor(engine: Network, { clock, random, peers, leave }: NetworkSurroundings) {
    super()
    this.#leave = leave
    this.id = formatNetworkId(engine.id)
    this.#engine = engine
    this.#peers = peers
    this.#virtual = new VirtualNetwork(engine, clock, random)
    this.#host = new StackHost(this.#virtual.stack)
  }

  /** Was it left, or its node closed? */
  get isClosed(): boolean {
    return this.#closing !== undefined
  }

  get status(): NetworkStatus {
    return this.#engine.status
  }

  /** The name that its owner gave it. */
  get name(): string {
    return this.#engine.name
  }

  get type(): 'private' | 'public' {
    return this.#engine.config?.isPublic ? 'public' : 'private'
  }

  /** Our MAC address on this network. */
  get mac(): string {
    return formatMac(this.#engine.mac)
  }

  get mtu(): number {
    return this.#engine.mtu
  }

  /** Our addresses with their prefix lengths, IPv4 first. */
  get addresses(): readonly IpPrefix[] {
    return [...this.#engine.addresses].sort((a, b) => a.address.family - b.address.family)
  }

  get routes(): readonly NetworkRoute[] {
    return this.#engine.routes.map(({ target, via }) => ({ target, via }))
  }

  /** Where to sign in, while the status is `auth-required`. */
  get authenticationUrl(): string | undefined {
    return this.#engine.authenticationUrl
  }

  /** The stack under the sockets: counters, captures, and other transports. */
  get stack(): VirtualNetwork['stack'] {
    return this.#virtual.stack
  }

  /** Open a TCP connection. The socket has the manners of `net.Socket`. */
  connect(options: ConnectOptions): TcpSocket {
    this.#checkOpen()
    return TcpSocket.connect(this.#host, options)
  }

  /** A TCP server with the manners of `net.Server`; `listen` starts it. */
  createServer(onConnection?: (socket: TcpSocket) => void): TcpServer {
    this.#checkOpen()
    const server = new TcpServer(this.#host)
    if (onConnection) server.on('connection', onConnection)
    return server
  }

  /** A TCP server that listens already, on every managed address unless told otherwise. @throws EADDRINUSE */
  async listen(options: ListenOptions): Promise<TcpServer> {
    const server = this.createServer()
    await server.listenAsync(options)
    return server
  }

  /** Let a stock `http.Server` serve this network. Resolves when it listens. @throws EADDRINUSE */
  async serveHttp(server: HttpServer, options: ListenOptions): Promise<TcpServer> {
    const tcp = await this.listen(options)
    serveHttp(server, tcp)
    return tcp
  }

  /** A UDP socket with the manners of `dgram.Socket`. */
  createSocket(options: 'udp4' | 'udp6' | UdpSocketOptions): UdpSocket {
    this.#checkOpen()
    return new UdpSocket(this.#host, options)
  }

  /** An `http.Agent` whose connections go over this network. */
  agent(options: AgentOptions = {}): Agent {
    return new HttpAgent((target) => this.connect(target), options)
  }

  /** ICMP echo. @throws ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, ZT_ARG_INVALID, and what the signal says */
  async ping(target: IpAddress | string, options: PingOptions = {}): Promise<PingResult> {
    this.#checkOpen()
    return ping(this.#host, typeof target === 'string' ? IpAddress.parse(target) : target, options)
  }

  /** Is what goes to this member's address going straight to it? `unknown` until its MAC is resolved. */
  pathTo(target: IpAddress): string {
    const mac = this.#virtual.interface.macOf(target)
    const member = mac === undefined ? undefined : addressOfMac(mac, this.#engine.id)
    const peer = member === undefined ? undefined : this.#peers().find((each) => each.address === member)
    if (!peer) return 'unknown'
    if (!peer.isDirect) return peer.relayedBy === undefined ? 'relayed' : `relayed by ${formatAddress(peer.relayedBy)}`
    return `direct at ${peer.paths.find((path) => path.isPreferred)?.endpoint ?? '?'}`
  }

  /** Fulfilled when nothing waits to go out that was sent before. */
  drained(): Promise<void> {
    return this.#host.drained()
  }

  /** Leave the network: its sockets are closed. */
  leave(): Promise<void> {
    return this.#leave()
  }

  /** How specific a route to this address we have: prefix bits, or -1. */
  routeBits(destination: IpAddress): number {
    let bits = -1
    for (const prefix of this.#engine.addresses) if (prefix.contains(destination)) bits = Math.max(bits, prefix.bits)
    for (const { target } of this.#engine.routes) if (target.contains(destination)) bits = Math.max(bits, target.bits)
    return bits
  }

  /** The node: the configuration or status of this network changed. */
  changed(): void {
    if (this.#closing) return
    this.#virtual.sync()
    this.emit('update')
  }

  /** The node: there is room on its sockets again. */
  linkDrained(): void {
    this.#engine.link.onDrain()
  }

  /** The node: this network is being left. */
  closeSockets(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    await this.#host.close()
    this.#virtual.close()
    this.emit('close')
  }

  #checkOpen(): void {
    if (this.#closing) throw leftError(this.id)
  }
}

/** What calls on a network get that was left. */
export function leftError(id: string): ZtError {
  return new ZtError('ZT_NETWORK_LEFT', `network ${id} was left`, { networkId: id, hint: 'join it again' })
}
