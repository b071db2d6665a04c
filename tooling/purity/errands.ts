/**
 * Something small and real with every package that promises to need no Node. bare-world.dist.test.ts bundles this file from
 * what is built, and runs it where ECMAScript is all there is. Results are JSON texts, as objects do not cross worlds.
 */
import { Controller } from '@zt/controller'
import { createSalsaPoly, sha512 } from '@zt/crypto'
import { PeerTable } from '@zt/dataplane'
import { IpStack } from '@zt/ipstack'
import { checksum } from '@zt/ipstack/wire'
import { isUsableEndpoint, PathSet } from '@zt/multipath'
import { type NodeOptions, ZtNode } from '@zt/node'
import {
  DEFAULT_PLANET,
  formatNetworkId,
  generateIdentity,
  parseNetworkId,
  type SecretIdentity,
  validateIdentity,
  type World,
} from '@zt/protocol'
import { createRootNode, makePlanet } from '@zt/root'
import { Driver, Endpoint, formatHex, fromLatin1, IpAddress, IpPrefix, latin1 } from '@zt/sansio'
import { Tcp } from '@zt/tcp'
import { etherPair, SeededRandom, type SimHost, SimNetwork, VirtualClock } from '@zt/testkit'
import { Udp } from '@zt/udp'

export const errands: Readonly<Record<string, () => unknown>> = {
  '@zt/sansio': () => [
    IpAddress.parse('fd00:0:0::1').toString(),
    IpPrefix.parse('10.0.0.0/8').contains(IpAddress.parse('10.9.8.7')),
  ],

  '@zt/crypto': () => {
    const engine = createSalsaPoly()
    return [formatHex(sha512(fromLatin1('abc'))).slice(0, 16), engine.memory.length > 0]
  },

  '@zt/protocol': () => {
    return [
      validateIdentity(identities.leaf),
      formatNetworkId(parseNetworkId('8056c2e21c000001')),
      DEFAULT_PLANET.roots.length,
    ]
  },

  '@zt/ipstack': () => {
    const { clock, left } = twoStacks()
    let answer: unknown
    left.ping(
      IpAddress.parse('10.0.0.2'),
      {},
      (result) => void (answer = result.ok && [String(result.from), result.rttMs]),
    )
    clock.advance(2000)
    return [checksum(Uint8Array.of(0x45, 0, 0, 0), 0, 4), answer]
  },

  '@zt/tcp': () => {
    const { clock, left, right } = twoStacks()
    new Tcp(right).listen({ port: 80, onConnection: (connection) => void connection.write(fromLatin1('hello')) })
    const connection = new Tcp(left).connect({ remote: Endpoint.parse('10.0.0.2/80') })
    clock.runUntil(() => connection.readableBytes === 5)
    return [latin1(connection.read()!), connection.state]
  },

  '@zt/udp': () => {
    const { clock, left, right } = twoStacks()
    const server = new Udp(right).bind({ port: 7 })
    const client = new Udp(left).bind()
    const heard: string[] = []
    server.onDatagram = ({ bytes }) => void heard.push(latin1(bytes))
    client.send(Endpoint.parse('10.0.0.2/7'), fromLatin1('ping'))
    clock.advance(2000)
    return heard
  },

  '@zt/multipath': () => {
    const paths = new PathSet()
    paths.learn(0, 1, Endpoint.parse('198.51.100.1/9993'))
    return [
      String(paths.best(0)?.endpoint),
      isUsableEndpoint(Endpoint.parse('127.0.0.1/1'), { allowLoopback: false, isManaged: () => false }),
    ]
  },

  '@zt/dataplane': () => new PeerTable().get(1) === undefined,

  '@zt/controller': () => {
    const controller = new Controller({ identity: identities.controller, random: new SeededRandom('network') })
    return controller.createNetwork(1_700_000_000_000, { name: 'bare' }).id.length
  },

  '@zt/node': () => {
    const { clock, net, planet } = privatePlanet()
    const { node } = start(
      clock,
      net.host('leaf', '203.0.113.1'),
      { identity: identities.leaf, planet },
      (options) => new ZtNode(options),
    )
    return clock.runUntil(() => node.isOnline)
  },

  /** A root, a controller behind it, a member that pings the controller's node over the network. */
  '@zt/root': () => {
    const { clock, net, planet } = privatePlanet()
    const make = (options: NodeOptions): ZtNode => new ZtNode(options)
    const controller = new Controller({ identity: identities.controller, random: new SeededRandom('network') })
    const networkId = parseNetworkId(
      controller.createNetwork(clock.now(), {
        private: false,
        ipAssignmentPools: [{ ipRangeStart: '10.1.0.1', ipRangeEnd: '10.1.0.9' }],
        routes: [{ target: '10.1.0.0/24', via: null }],
        v4AssignMode: { zt: true },
      }).id,
    )
    const host = start(
      clock,
      net.host('controller', '203.0.113.2'),
      { identity: identities.controller, planet, controller },
      make,
    )
    const leaf = start(clock, net.host('leaf', '203.0.113.1'), { identity: identities.leaf, planet }, make)
    const [theirs, ours] = [host, leaf].map(({ node, driver }) => {
      const network = node.join(clock.now(), networkId)
      driver.touch()
      clock.runUntil(() => network.status === 'ready')
      const stack = new IpStack({ clock, random: new SeededRandom(node.address) })
      for (const prefix of network.addresses) stack.attachEther(network.link).addAddress(prefix)
      return { stack, address: network.addresses[0]!.address }
    })
    let answer: unknown
    ours!.stack.ping(theirs!.address, {}, (result) => void (answer = result.ok && String(result.from)))
    clock.runUntil(() => answer !== undefined)
    return answer === String(theirs!.address)
  },

  '@zt/testkit': () => {
    const clock = new VirtualClock()
    const network = new SimNetwork({ clock, random: new SeededRandom(1), link: { delayMs: 20 } })
    const [a, b] = [
      network.host('a', '198.51.100.1').open({ port: 1 }),
      network.host('b', '198.51.100.2').open({ port: 2 }),
    ]
    const heard: string[] = []
    b.receiver = { handleDatagram: (_socket, from, bytes) => void heard.push(`${from} ${formatHex(bytes)}`) }
    a.send(a.sockets[0].id, Endpoint.parse('198.51.100.2/2'), Uint8Array.of(0xab), 0, 1)
    clock.advance(20)
    return heard
  },
}

/** Found once, as finding one takes a second. */
const identities = Object.fromEntries(
  (['root', 'controller', 'leaf'] as const).map((name) => [name, generateIdentity(new SeededRandom(name))]),
) as Record<'root' | 'controller' | 'leaf', SecretIdentity>

/** An internet with one root in it. */
function privatePlanet(): { clock: VirtualClock; net: SimNetwork; planet: World } {
  const clock = new VirtualClock()
  const net = new SimNetwork({ clock, random: new SeededRandom(1), link: { delayMs: 10 } })
  const { root: identity } = identities
  const planet = makePlanet({
    id: 1n,
    timestamp: clock.now(),
    roots: [{ identity, endpoints: [Endpoint.parse('198.51.100.1/9993')] }],
  })
  start(clock, net.host('root', '198.51.100.1'), { identity, planet }, createRootNode)
  return { clock, net, planet }
}

/** A node on a host, with its driver. */
function start(
  clock: VirtualClock,
  host: SimHost,
  options: Pick<NodeOptions, 'identity' | 'planet' | 'controller'>,
  make: (options: NodeOptions) => ZtNode,
): { node: ZtNode; driver: Driver } {
  const port = host.open({ port: 9993 })
  const random = new SeededRandom(options.identity.address)
  const node = make({ ...options, now: clock.now(), port, random, onTouched: () => driver.touch() })
  const driver = new Driver(node, clock)
  port.receiver = {
    handleDatagram(socket, from, bytes) {
      node.handleDatagram(clock.now(), socket, from, bytes)
      driver.touch()
    },
  }
  driver.touch()
  return { node, driver }
}

/** 10.0.0.1 and 10.0.0.2 on one wire. */
function twoStacks(): { clock: VirtualClock; left: IpStack; right: IpStack } {
  const clock = new VirtualClock()
  const [left, right] = etherPair({ clock, delayMs: 1 }).map((link, i) => {
    const stack = new IpStack({ clock, random: new SeededRandom(i) })
    stack.attachEther(link).addAddress(IpPrefix.parse(`10.0.0.${i + 1}/24`))
    return stack
  })
  return { clock, left: left!, right: right! }
}
