/** A private world in the simulator: a root with a controller in the same process, and members around it. */
import { Controller, type NetworkSettings } from '@zt/controller'
import { type NodeEvent, type NodeOptions, type Network, ZtNode } from '@zt/node'
import type { SecretIdentity, World } from '@zt/protocol'
import { Driver, Endpoint, type Instant, type Mac } from '@zt/sansio'
import { type LinkProfile, SeededRandom, type SimHost, SimNetwork, Timeline, VirtualClock } from '@zt/testkit'
import { createRootNode, makePlanet } from '../src/index.js'
import { identities, isKnown } from './identities.js'

const PORT = 9993
const [rootIdentity, ...memberIdentities] = identities

/** A node on a host, run by a driver. */
export class Station {
  readonly node: ZtNode
  readonly events: NodeEvent[] = []
  readonly host: SimHost
  readonly driver: Driver
  readonly #clock: VirtualClock

  constructor(
    clock: VirtualClock,
    host: SimHost,
    options: Pick<NodeOptions, 'identity' | 'planet' | 'random' | 'controller' | 'validateIdentity'>,
    make: (options: NodeOptions) => ZtNode,
  ) {
    this.#clock = clock
    this.host = host
    const port = host.open({ port: PORT })
    this.node = make({ ...options, now: clock.now(), port })
    this.driver = new Driver(this.node, clock, () => {
      for (let event = this.node.pollEvent(); event; event = this.node.pollEvent()) this.events.push(event)
    })
    port.receiver = {
      handleDatagram: (socket, from, bytes) => {
        this.node.handleDatagram(clock.now(), socket, from, bytes, 0, bytes.length)
        this.driver.touch()
      },
    }
    this.node.localAddressesChanged(
      clock.now(),
      host.addresses.map((ip) => new Endpoint(ip, PORT)),
    )
    this.driver.touch()
  }

  get address(): number {
    return this.node.address
  }

  join(networkId: bigint): Network {
    const network = this.node.join(this.#clock.now(), networkId)
    this.driver.touch()
    return network
  }

  send(network: Network, to: Mac, text: string): boolean {
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0))
    const taken = network.link.send(to, ETHERTYPE, bytes, 0, bytes.length)
    this.driver.touch()
    return taken
  }

  /** Types of the events so far, each once. */
  get seen(): Set<NodeEvent['type']> {
    return new Set(this.events.map(({ type }) => type))
  }
}

/** Made for experiments by IEEE 802. */
const ETHERTYPE = 0x88b5

export class SmallWorld {
  readonly clock = new VirtualClock()
  readonly timeline: Timeline
  readonly random: SeededRandom
  readonly net: SimNetwork
  readonly planet: World
  readonly controller: Controller
  readonly root: Station
  readonly #members: Station[] = []

  constructor(seed: number | string, link: LinkProfile = { delayMs: 10 }, planet?: World) {
    const { clock } = this
    this.timeline = new Timeline(clock)
    this.random = new SeededRandom(seed)
    this.net = new SimNetwork({ clock, random: this.random.fork('net'), link })
    this.planet =
      planet ??
      makePlanet({
        roots: [{ identity: rootIdentity, endpoints: [Endpoint.parse(`198.51.100.1/${PORT}`)] }],
        timestamp: clock.now(),
        id: 4711n,
      })
    this.controller = new Controller({ identity: rootIdentity, random: this.random.fork('controller') })
    this.root = this.#station(
      this.net.host('root', '198.51.100.1'),
      rootIdentity,
      this.planet,
      createRootNode,
      this.controller,
    )
    this.controller.onMessage = () => this.root.driver.touch()
  }

  get now(): Instant {
    return this.clock.now()
  }

  createNetwork(settings: NetworkSettings = {}): bigint {
    return BigInt(`0x${this.controller.createNetwork(this.now, settings).id}`)
  }

  /** One more node, on the open internet unless `host` is given, and of this world unless `planet` is. */
  member(name: string, host?: SimHost, planet: World = this.planet): Station {
    const number = this.#members.length
    const identity = memberIdentities[number]
    const where = host ?? this.net.host(name, `203.0.113.${number + 1}`)
    const station = this.#station(where, identity, planet, (options) => new ZtNode(options))
    this.#members.push(station)
    return station
  }

  /** Let time pass until this holds. */
  until(predicate: () => boolean, limitMs = 30_000): boolean {
    return this.clock.runUntil(predicate, limitMs)
  }

  #station(
    host: SimHost,
    identity: SecretIdentity,
    planet: World,
    make: (options: NodeOptions) => ZtNode,
    controller?: Controller,
  ): Station {
    const random = this.random.fork(host.name)
    const options = { identity, planet, random, validateIdentity: isKnown, ...(controller && { controller }) }
    return new Station(this.clock, host, options, make)
  }
}
