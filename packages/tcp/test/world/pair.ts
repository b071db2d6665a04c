import { IpStack, type Interface } from '@zt/ipstack'
import { Endpoint, type IpAddress, IpPrefix, type ZtError } from '@zt/sansio'
import { type LinkProfile, SeededRandom, VirtualClock, ipPair } from '@zt/testkit'
import { Tcp, type TcpConnection, type TcpHandler, type TcpSettings } from '../../src/index.js'

/** One host of a pair. */
export interface Host {
  readonly stack: IpStack
  readonly tcp: Tcp
  readonly nic: Interface
  readonly ip: IpAddress
}

export interface PairOptions extends LinkProfile {
  readonly seed?: number | string
  readonly family?: 4 | 6
  readonly settings?: Partial<TcpSettings>
  readonly peerSettings?: Partial<TcpSettings>
}

/** Two hosts with one link between them, in virtual time. */
export function pair(options: PairOptions = {}) {
  const { seed = 1, family = 4, settings, peerSettings, ...profile } = options
  const clock = new VirtualClock()
  const random = new SeededRandom(seed)
  const [linkA, linkB] = ipPair({ mtu: 1500, ...profile, clock, random: random.fork('link') })
  const host = (name: string, link: typeof linkA, address: string, own: Partial<TcpSettings> | undefined): Host => {
    const stack = new IpStack({ clock, random: random.fork(name) })
    const nic = stack.attachIp(link)
    const prefix = IpPrefix.parse(address)
    nic.addAddress(prefix)
    return { stack, tcp: new Tcp(stack, own), nic, ip: prefix.address }
  }
  const a = host('a', linkA, family === 4 ? '10.0.0.1/24' : 'fd00::1/64', settings)
  const b = host('b', linkB, family === 4 ? '10.0.0.2/24' : 'fd00::2/64', peerSettings ?? settings)
  return { clock, random, linkA, linkB, a, b }
}

/** A handler that keeps what it is told. */
export class Watcher implements TcpHandler {
  readonly events: string[] = []
  readonly chunks: Uint8Array[] = []
  error: ZtError | undefined
  connection: TcpConnection | undefined
  /** Read at once, or leave the bytes where they are. */
  reads = true

  connected(): void {
    this.events.push('connected')
  }

  readable(): void {
    this.events.push('readable')
    if (this.reads) this.drain()
  }

  writable(): void {
    this.events.push('writable')
  }

  ended(): void {
    this.events.push('ended')
  }

  closed(error?: ZtError): void {
    this.error = error
    this.events.push(error ? `closed ${error.code}` : 'closed')
  }

  drain(): void {
    for (let bytes = this.connection?.read(); bytes; bytes = this.connection?.read()) this.chunks.push(bytes)
  }

  get text(): string {
    return this.chunks.map((chunk) => new TextDecoder().decode(chunk)).join('')
  }

  has(event: string): boolean {
    return this.events.includes(event)
  }
}

/** A connection between the two hosts, established. */
export function connected(world: ReturnType<typeof pair>, port = 80) {
  const server = new Watcher()
  const client = new Watcher()
  const listener = world.b.tcp.listen({
    port,
    onConnection(connection) {
      server.connection = connection
      connection.handler = server
    },
  })
  client.connection = world.a.tcp.connect({ remote: new Endpoint(world.b.ip, port), handler: client })
  world.clock.runUntil(() => client.has('connected') && server.connection !== undefined)
  return { listener, client, server, c: client.connection, s: server.connection! }
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
