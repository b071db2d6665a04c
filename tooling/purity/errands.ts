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
import { DEFAULT_PLANET, generateIdentity, formatNetworkId, parseNetworkId, type SecretIdentity, validateIdentity } from '@zt/protocol'
import { Endpoint, formatHex, fromLatin1, IpAddress, IpPrefix, latin1 } from '@zt/sansio'
import { Tcp } from '@zt/tcp'
import { etherPair, SeededRandom, SimNetwork, VirtualClock } from '@zt/testkit'
import { Udp } from '@zt/udp'

export const errands: Readonly<Record<string, () => unknown>> = {
  '@zt/sansio': () => [IpAddress.parse('fd00:0:0::1').toString(), IpPrefix.parse('10.0.0.0/8').contains(IpAddress.parse('10.9.8.7'))],

  '@zt/crypto': () => {
    const engine = createSalsaPoly()
    return [formatHex(sha512(fromLatin1('abc'))).slice(0, 16), engine.memory.length > 0]
  },

  '@zt/protocol': () => {
    const identity = generateIdentity(new SeededRandom('protocol'))
    return [validateIdentity(identity), formatNetworkId(parseNetworkId('8056c2e21c000001')), DEFAULT_PLANET.roots.length]
  },

  '@zt/ipstack': () => {
    const { clock, left } = twoStacks()
    let answer: unknown
    left.ping(IpAddress.parse('10.0.0.2'), {}, (result) => void (answer = result.ok && [String(result.from), result.rttMs]))
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
    return [String(paths.best(0)?.endpoint), isUsableEndpoint(Endpoint.parse('127.0.0.1/1'), { allowLoopback: false, isManaged: () => false })]
  },

  '@zt/dataplane': () => new PeerTable().get(1) === undefined,

  '@zt/controller': () => {
    const controller = new Controller({ identity: identityFor('controller'), random: new SeededRandom('network') })
    const { id } = controller.createNetwork(1_700_000_000_000, { name: 'bare' })
    return id.length
  },

  '@zt/testkit': () => {
    const clock = new VirtualClock()
    const network = new SimNetwork({ clock, random: new SeededRandom(1), link: { delayMs: 20 } })
    const [a, b] = [network.host('a', '198.51.100.1').open({ port: 1 }), network.host('b', '198.51.100.2').open({ port: 2 })]
    const heard: string[] = []
    b.receiver = { handleDatagram: (_socket, from, bytes) => void heard.push(`${from} ${formatHex(bytes)}`) }
    a.send(a.sockets[0].id, Endpoint.parse('198.51.100.2/2'), Uint8Array.of(0xab), 0, 1)
    clock.advance(20)
    return heard
  },
}

function identityFor(seed: string): SecretIdentity {
  return generateIdentity(new SeededRandom(seed))
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
