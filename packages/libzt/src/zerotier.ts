import { EventEmitter } from 'node:events'
import type { Agent, AgentOptions } from 'node:http'
import { type Controller, ControllerStore } from '@zt/controller'
import {
  type LocalAddress,
  localAddresses,
  NodeAes,
  type NodeDatagramPort,
  SystemClock,
  SystemRandom,
  watchLocalAddresses,
} from '@zt/io-node'
import { type NodeEvent, type RootStatus, ZtNode } from '@zt/node'
import {
  formatAddress,
  formatNetworkId,
  type NetworkId,
  parseNetworkId,
  type SecretIdentity,
  type World,
} from '@zt/protocol'
import { Driver, Endpoint, IpAddress, ZtError } from '@zt/sansio'
import { type ConnectOptions, HttpAgent, type TcpSocket } from '@zt/sockets'
import { describeRoots } from './describe-roots.js'
import type { ZeroTierEvents } from './events.js'
import { leftError, ZeroTierNetwork } from './network.js'
import { checkStartOptions, checkTimeout, type JoinOptions, type StartOptions } from './options.js'
import { openPort } from './port.js'
import { openPlanet, openState, type StartingState } from './state.js'
import { type PeerStatus, peerStatus } from './status.js'
import { type Patience, waitFor } from './waiting.js'

const DEFAULT_TIMEOUT = 60_000

/** What a node is put together from, once all of it is there. */
interface Parts {
  readonly state: StartingState
  readonly port: NodeDatagramPort
  readonly planet: World
  readonly clock: SystemClock
  readonly controller: Controller | undefined
  /** Keeps the records of the controller that runs on this node. */
  readonly kept: ControllerStore | undefined
}

/**
 * A ZeroTier node in this process: joins networks, and gives sockets on them.
 *
 * ```ts
 * await using node = await ZeroTier.start({ state: './node' })
 * const network = await node.join('8056c2e21c000001')
 * const socket = network.connect({ host: '10.147.17.5', port: 80 })
 * ```
 */
export class ZeroTier extends EventEmitter<ZeroTierEvents> implements AsyncDisposable {
  /** The address of this node: 10 hexadecimal digits. */
  readonly id: string
  readonly identity: SecretIdentity
  readonly planet: World
  readonly #state: StartingState
  readonly #clock: SystemClock
  readonly #kept: ControllerStore | undefined
  readonly #random = new SystemRandom()
  readonly #port: NodeDatagramPort
  readonly #node: ZtNode
  readonly #driver: Driver
  readonly #networks = new Map<NetworkId, ZeroTierNetwork>()
  /** Networks that are being left: they cannot be joined again before that is done. */
  readonly #leaving = new Map<NetworkId, Promise<void>>()
  /** How many calls of `join` want each network: one that all of them gave up is left again. */
  readonly #claims = new Map<ZeroTierNetwork, number>()
  /** To be called when what is waited for may have come. */
  readonly #waiting = new Set<() => void>()
  readonly #stopWatching: () => void
  #collision: ZtError | undefined
  #persisting: Promise<void> = Promise.resolve()
  #closing: Promise<void> | undefined

  /**
   * Start a node: open its state, bind its UDP sockets, begin to talk to the roots. It is not online yet then: `join`
   * waits for that, and so does `whenOnline`.
   * @throws ZT_ARG_INVALID, ZT_STATE_CORRUPT, ZT_PLANET_UNREADABLE, EADDRINUSE, and what the signal says.
   */
  static async start(options: StartOptions = {}): Promise<ZeroTier> {
    checkStartOptions(options)
    options.signal?.throwIfAborted()
    const state = await openState(options)
    const clock = new SystemClock()
    try {
      options.signal?.throwIfAborted()
      let node: ZeroTier | undefined
      const port = await openPort(options, state.store)
      port.receiver = { handleDatagram: (socket, from, bytes) => node?.receive(socket, from, bytes) }
      let kept: ControllerStore | undefined
      try {
        const planet = await openPlanet(options, state, port.sockets[0]?.local.port ?? 0)
        const controller =
          typeof options.controller === 'function' ? options.controller(state.identity) : options.controller
        const onError = (error: ZtError) => void node?.emit('warning', error)
        if (controller) kept = await ControllerStore.open(controller, state.store, { clock, onError })
        options.signal?.throwIfAborted()
        node = new ZeroTier(options, { state, port, planet, clock, controller, kept })
      } catch (error) {
        await port.close()
        await kept?.close()
        throw error
      }
      return node
    } catch (error) {
      clock.close()
      await state.close()
      throw error
    }
  }

  private constructor(options: StartOptions, { state, port, planet, clock, controller, kept }: Parts) {
    super()
    this.#clock = clock
    this.#kept = kept
    this.#state = state
    this.identity = state.identity
    this.planet = planet
    this.id = formatAddress(state.identity.address)
    this.#port = port
    const allowLoopback = options.allowLoopback ?? onlyLoopback(planet)
    this.#node = new ZtNode({
      now: this.#clock.now(),
      identity: state.identity,
      planet,
      port,
      random: this.#random,
      aes: new NodeAes(),
      restored: state.restored,
      allowLoopback,
      settings: { platform: `${process.platform}/${process.arch}`, ...options.settings },
      onTouched: () => this.#driver.touch(),
      ...(controller ? { controller } : {}),
    })
    this.#driver = new Driver(this.#node, this.#clock, () => this.#publish())
    const addresses = { loopback: allowLoopback }
    this.#tellAddresses(localAddresses(addresses))
    this.#stopWatching = watchLocalAddresses(addresses, (found) => this.#tellAddresses(found))
    if (controller) controller.onMessage = () => this.#driver.touch()
    port.onDrain = () => {
      for (const network of this.#networks.values()) network.linkDrained()
    }
    this.#driver.touch()
  }

  /** A datagram came in on a socket of ours. */
  private receive(socket: number, from: Endpoint, bytes: Uint8Array): void {
    this.#node.handleDatagram(this.#clock.now(), socket, from, bytes)
    this.#driver.touch()
  }

  /** Tell the engine where this machine can be reached: its peers may find a shorter way than the one they know. */
  #tellAddresses(found: readonly LocalAddress[]): void {
    const endpoints = this.#port.sockets.flatMap(({ local }) => {
      if (!local.ip.isUnspecified) return [local]
      const same = found.filter(({ prefix }) => prefix.address.family === local.ip.family)
      return same.map(({ prefix }) => new Endpoint(prefix.address, local.port))
    })
    this.#node.localAddressesChanged(this.#clock.now(), endpoints)
    this.#driver.touch()
  }

  /** Does a root answer? */
  get isOnline(): boolean {
    return this.#node.isOnline
  }

  /** The UDP port that the node is bound to. */
  get port(): number {
    return this.#port.sockets[0]?.local.port ?? 0
  }

  /** The networks that were joined and not left. */
  get networks(): readonly ZeroTierNetwork[] {
    return [...this.#networks.values()]
  }

  /** The roots, each with the reason why it is not reachable if it is not. */
  roots(): RootStatus[] {
    return this.#node.roots(this.#clock.now())
  }

  /** The peers known now, and how packets get to them. */
  peers(): PeerStatus[] {
    return this.#node.peers(this.#clock.now()).map(peerStatus)
  }

  /** What was counted: drops with their reasons, packets by suite, and more. */
  counters(): Record<string, number> {
    return this.#node.counters.snapshot()
  }

  /**
   * Wait until a root answers.
   * @throws ZT_NODE_OFFLINE with the reason per root when time is up, and what the signal says.
   */
  async whenOnline({ signal, timeoutMs = DEFAULT_TIMEOUT }: Omit<JoinOptions, 'waitForAccess'> = {}): Promise<void> {
    checkTimeout(timeoutMs)
    await this.#until(() => this.isOnline, { signal, timeoutMs, onTimeout: () => this.#offlineError(timeoutMs) })
  }

  /**
   * Join a network and wait until it can be used: configured, with the addresses assigned.
   * A network that could not be joined is left again; the configuration that it had in `state` stays there.
   * @throws ZT_NETWORK_DENIED, ZT_NETWORK_NOT_FOUND, ZT_NETWORK_AUTH_REQUIRED, ZT_NODE_OFFLINE (no root answered in
   *   time), ZT_TIMEOUT (the controller did not), ZT_IDENTITY_COLLISION, ZT_ARG_INVALID, and what the signal says.
   */
  async join(networkId: string | NetworkId, options: JoinOptions = {}): Promise<ZeroTierNetwork> {
    const { signal, timeoutMs = DEFAULT_TIMEOUT, waitForAccess = false } = options
    checkTimeout(timeoutMs)
    signal?.throwIfAborted()
    const id = typeof networkId === 'string' ? parseNetworkId(networkId) : networkId
    await this.#leaving.get(id)
    this.#checkOpen()
    const network = this.#networks.get(id) ?? this.#enter(id)
    this.#claims.set(network, (this.#claims.get(network) ?? 0) + 1)
    try {
      await this.#until(() => this.#joined(network, waitForAccess), {
        signal,
        timeoutMs,
        onTimeout: () => this.#joinTimeout(network, timeoutMs),
      })
      return network
    } catch (error) {
      const claims = (this.#claims.get(network) ?? 1) - 1
      this.#claims.set(network, claims)
      if (claims === 0) await this.#part(network, true)
      throw error
    }
  }

  /** Leave a network: its sockets are closed. Leaving a network that was not joined is no error. */
  async leave(networkId: string | NetworkId): Promise<void> {
    const id = typeof networkId === 'string' ? parseNetworkId(networkId) : networkId
    const network = this.#networks.get(id)
    await (network ? this.#part(network, false) : this.#leaving.get(id))
  }

  /**
   * The joined network through which an IP address is reached: the one with the most specific route.
   * @throws ENETUNREACH, ZT_ARG_INVALID for what is no IP address
   */
  networkFor(destination: IpAddress | string): ZeroTierNetwork {
    const ip = typeof destination === 'string' ? IpAddress.parse(destination) : destination
    let best: ZeroTierNetwork | undefined
    let bits = -1
    for (const network of this.#networks.values()) {
      const reach = network.routeBits(ip)
      if (reach > bits) [best, bits] = [network, reach]
    }
    if (best) return best
    throw new ZtError('ENETUNREACH', `no joined network has a route to ${ip}`, {
      address: String(ip),
      hint: `joined: ${this.networks.map((network) => network.id).join(', ') || 'none'}`,
    })
  }

  /** Open a TCP connection over the network that its address belongs to. `host` is an IP address. */
  connect(options: ConnectOptions): TcpSocket {
    return this.networkFor(options.host ?? '').connect(options)
  }

  /** An `http.Agent` whose requests go over the network that the address in the URL belongs to. */
  agent(options: AgentOptions = {}): Agent {
    return new HttpAgent((target) => this.connect(target), options)
  }

  /** Stop everything: sockets, networks, the node. Idempotent, and bounded in time. */
  close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = this.#close()
      this.#wake()
    }
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    this.#stopWatching()
    try {
      await Promise.all([
        ...[...this.#networks.values()].map((network) => network.closeSockets()),
        ...this.#leaving.values(),
      ])
      this.#node.flush(this.#clock.now())
      this.#publish()
      await this.#kept?.close()
    } finally {
      this.#networks.clear()
      this.#driver.close()
      this.#clock.close()
      await this.#port.close()
      await this.#persisting
      await this.#state.close()
    }
    this.emit('close')
  }

  #enter(id: NetworkId): ZeroTierNetwork {
    const engine = this.#node.join(this.#clock.now(), id)
    const network = new ZeroTierNetwork(engine, {
      clock: this.#clock,
      random: this.#random,
      peers: () => this.#node.peers(this.#clock.now()),
      leave: () => this.leave(id),
    })
    this.#networks.set(id, network)
    this.#driver.touch()
    return network
  }

  /** Leave a network; `keep` what is kept of it for the next time. */
  #part(network: ZeroTierNetwork, keep: boolean): Promise<void> {
    const id = parseNetworkId(network.id)
    if (this.#networks.get(id) !== network) return this.#leaving.get(id) ?? Promise.resolve()
    this.#networks.delete(id)
    this.#claims.delete(network)
    const parting = network.closeSockets().finally(() => {
      this.#node.leave(this.#clock.now(), id, keep)
      this.#driver.touch()
      this.#leaving.delete(id)
    })
    this.#leaving.set(id, parting)
    this.#wake()
    return parting
  }

  /** Is the network ready? Not yet while there is hope; throws when there is none. */
  #joined(network: ZeroTierNetwork, waitForAccess: boolean): boolean {
    const { id, status } = network
    const controller = id.slice(0, 10)
    if (network.isClosed) throw leftError(id)
    switch (status) {
      case 'ready':
        return true
      case 'denied':
        if (waitForAccess) return false
        throw new ZtError('ZT_NETWORK_DENIED', `access to network ${id} is denied to node ${this.id}`, {
          networkId: id,
          node: this.id,
          hint: `have node ${this.id} authorised on the controller ${controller} of the network, then join again`,
        })
      case 'not-found':
        throw new ZtError('ZT_NETWORK_NOT_FOUND', `there is no network ${id}`, {
          networkId: id,
          hint: `its controller ${controller} does not know it: check the network id`,
        })
      case 'auth-required': {
        const url = network.authenticationUrl
        throw new ZtError('ZT_NETWORK_AUTH_REQUIRED', `network ${id} wants its members to sign in`, {
          networkId: id,
          url,
          hint: url ? `sign in at ${url}, then join again` : 'ask the owner of the network how',
        })
      }
      case 'requesting':
        return false
    }
  }

  #joinTimeout(network: ZeroTierNetwork, timeoutMs: number): ZtError {
    if (!this.isOnline) return this.#offlineError(timeoutMs)
    const { id } = network
    const hint =
      network.status === 'denied'
        ? `have node ${this.id} authorised on the controller of the network`
        : `is the controller ${id.slice(0, 10)} running, and on this planet?`
    return new ZtError('ZT_TIMEOUT', `the controller of network ${id} did not answer within ${timeoutMs / 1000} s`, {
      networkId: id,
      hint,
    })
  }

  #offlineError(timeoutMs: number): ZtError {
    const roots = this.roots()
    return new ZtError('ZT_NODE_OFFLINE', `no root answered within ${timeoutMs / 1000} s: ${describeRoots(roots)}`, {
      roots,
      hint: 'is UDP allowed out of this machine, and is the planet the right one?',
    })
  }

  async #until(isReady: () => boolean, patience: Patience): Promise<void> {
    const subscribe = (wake: () => void) => {
      this.#waiting.add(wake)
      return () => void this.#waiting.delete(wake)
    }
    const ready = () => {
      this.#checkOpen()
      if (this.#collision) throw this.#collision
      return isReady() || undefined
    }
    await waitFor(ready, subscribe, patience)
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  #checkOpen(): void {
    if (this.#closing) throw new ZtError('ZT_NODE_CLOSED', 'the node was closed', { hint: 'start a new one' })
  }

  /** Hand out what the engine has to tell, after it is done with a burst. */
  #publish(): void {
    let changed = false
    for (let event = this.#node.pollEvent(); event; event = this.#node.pollEvent()) {
      changed = true
      this.#tell(event)
    }
    if (!changed) return
    this.#wake()
    this.emit('change')
  }

  #tell(event: NodeEvent): void {
    switch (event.type) {
      case 'online':
        return void this.emit('online')
      case 'offline':
        return void this.emit('offline', event.roots)
      case 'peer-direct':
        return void this.emit('peer', {
          id: formatAddress(event.address),
          direct: true,
          endpoint: String(event.endpoint),
        })
      case 'peer-relayed':
        return void this.emit('peer', {
          id: formatAddress(event.address),
          direct: false,
          via: event.via === undefined ? undefined : formatAddress(event.via),
        })
      case 'network-ready':
      case 'network-updated':
      case 'network-denied':
      case 'network-not-found':
      case 'network-auth-required':
        this.#networks.get(event.networkId)?.changed()
        return void this.emit('network', { id: formatNetworkId(event.networkId), what: event.type })
      case 'persist':
        return this.#keep(event.key, event.bytes)
      case 'identity-collision': {
        const hint = 'move identity.secret away and start again: the node gets a new identity and address'
        this.#collision = new ZtError(
          'ZT_IDENTITY_COLLISION',
          `another node has the address ${this.id}, says ${formatAddress(event.reportedBy)}`,
          { hint },
        )
        return void this.emit('collision', this.#collision)
      }
      case 'user-message':
        return void this.emit('message', {
          from: formatAddress(event.from),
          type: event.messageType,
          data: event.bytes,
        })
      case 'network-requesting':
      case 'network-left':
      case 'world-updated':
    }
  }

  /** Writes are made one after the other, in the order they were asked for. */
  #keep(key: string, bytes: Uint8Array | undefined): void {
    const { store } = this.#state
    this.#persisting = this.#persisting
      .then(() => (bytes ? store.write(key, bytes) : store.delete(key)))
      .catch((error: unknown) => void this.emit('warning', error instanceof Error ? error : new Error(String(error))))
  }
}

function onlyLoopback(planet: World): boolean {
  return (
    planet.roots.length > 0 &&
    planet.roots.every((root) => root.endpoints.length > 0 && root.endpoints.every(({ ip }) => ip.isLoopback))
  )
}
