import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import {
  Counters,
  type DatagramPort,
  type DatagramReceiver,
  Endpoint,
  IpAddress,
  type LocalSocket,
  ZtError,
} from '@zt/sansio'
import { EndpointCache } from './endpoint-cache.js'

/** How UDP sockets are opened. */
export interface DatagramPortOptions {
  /** The same UDP port for all sockets. 0 or nothing: whichever is free. */
  readonly port?: number
  /** Local IP addresses, one socket each. Default: every address, of IPv4 and where there is any of IPv6. */
  readonly bind?: readonly string[]
  /** May also be set later; until then what arrives is dropped and counted. */
  readonly receiver?: DatagramReceiver
  /** What to ask the system for; it may grant less, see `receiveBufferBytes` of the port. Default 4 MiB. */
  readonly receiveBufferBytes?: number
  /** Default 1 MiB. */
  readonly sendBufferBytes?: number
  /** Bytes that may wait in the process, when the system's buffer is full, before `send` refuses. Default 256 KiB. */
  readonly sendQueueBytes?: number
}

/**
 * Open UDP sockets.
 *
 *     const port = await createDatagramPort({ port: 9993 })
 *     port.receiver = { handleDatagram: (socket, from, bytes) => … }
 *
 * @throws EADDRINUSE, EACCES, EADDRNOTAVAIL with a hint; ZT_ARG_INVALID for an unusable port or address.
 */
export async function createDatagramPort(options: DatagramPortOptions = {}): Promise<NodeDatagramPort> {
  const port = options.port ?? 0
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ZtError('ZT_ARG_INVALID', `expected a UDP port from 0 to 65535, got ${port}`)
  }
  const addresses = (options.bind ?? ['0.0.0.0', '::']).map((text) => IpAddress.parse(text))
  const optional = (ip: IpAddress) => options.bind === undefined && ip.isV6 // a machine may well have no IPv6
  // With an ephemeral port the first socket gets any, and the others may find just that one taken.
  for (let attempt = 1; ; attempt++) {
    const opened: OpenSocket[] = []
    try {
      for (const ip of addresses) {
        const wanted = opened[0]?.local.port ?? port
        const socket = await openSocket(ip, wanted, options).catch((error: unknown) => {
          if (optional(ip) && NO_SUCH_FAMILY.has(codeOf(error))) return undefined
          throw explain(error, ip, wanted)
        })
        if (socket) opened.push(socket)
      }
      return new NodeDatagramPort(opened, options)
    } catch (error) {
      await Promise.all(opened.map(({ socket }) => closeSocket(socket)))
      if (port !== 0 || addresses.length < 2 || codeOf(error) !== 'EADDRINUSE' || attempt >= EPHEMERAL_ATTEMPTS)
        throw error
    }
  }
}

/** UDP sockets of `node:dgram` as a `DatagramPort`. Datagrams are given to the receiver as they are read. */
export class NodeDatagramPort implements DatagramPort {
  receiver: DatagramReceiver | undefined
  /** Called when `writable` has become true again. */
  onDrain: () => void = () => {}
  /** Why datagrams were not taken or not delivered. */
  readonly counters = new Counters()
  readonly #endpoints = new EndpointCache()
  readonly #queueLimit: number
  readonly #scratch = new SendScratch()
  #drainTimer: NodeJS.Timeout | undefined
  /** By id; the last one used is remembered, since nearly all traffic uses one. */
  readonly #open = new Map<number, OpenSocket>()
  #sockets: readonly LocalSocket[]

  /** @internal Made by `createDatagramPort`. */
  constructor(opened: readonly OpenSocket[], options: DatagramPortOptions) {
    this.receiver = options.receiver
    this.#queueLimit = options.sendQueueBytes ?? 256 * 1024
    this.#sockets = opened.map(({ local }, index) => ({ id: index + 1, local }))
    for (const [index, open] of opened.entries()) {
      const id = index + 1
      this.#open.set(id, open)
      open.socket.on('message', (bytes, from) => this.#receive(id, bytes, from))
      open.socket.on('error', (error) => this.counters.count(`socket-error-${codeOf(error)}`))
    }
  }

  get sockets(): readonly LocalSocket[] {
    return this.#sockets
  }

  /** The smallest receive buffer that the system granted to one of the sockets, in bytes of its own accounting. */
  get receiveBufferBytes(): number {
    return Math.min(...[...this.#open.values()].map(({ socket }) => socket.getRecvBufferSize()))
  }

  /** Is nothing waiting in the process? Bulk traffic should wait while something is. */
  get writable(): boolean {
    for (const { socket } of this.#open.values()) if (socket.getSendQueueSize() > 0) return false
    return true
  }

  send(socket: number, to: Endpoint, bytes: Uint8Array, offset: number, length: number, ttl?: number): boolean {
    const open = this.#open.get(socket)
    // Port 0 can come from a peer's mouth, and dgram throws on it.
    if (!open || open.local.ip.family !== to.ip.family || to.port === 0 || length > MAX_UDP_PAYLOAD) {
      this.counters.count('unsendable')
      return false
    }
    const udp = open.socket
    if (udp.getSendQueueSize() > this.#queueLimit) {
      this.counters.count('send-queue-full')
      return false
    }
    // With the synchronous lookup the datagram has left when this returns, unless the system's buffer was full: then
    // libuv keeps a pointer to our bytes. They are in the scratch buffer, which is then left to it.
    const datagram = this.#scratch.place(bytes, offset, length)
    if (ttl === undefined) udp.send(datagram, to.port, to.ip.toString())
    else sendWithTtl(udp, datagram, to, ttl)
    if (udp.getSendQueueCount() > 0) {
      this.#scratch.abandon()
      this.#awaitDrain()
    }
    return true
  }

  /**
   * The system's buffer is full. It tells nobody when it is not any more, short of a callback for each datagram, which
   * costs more at the times that matter than looking once a millisecond at the time that is lost anyway.
   */
  #awaitDrain(): void {
    this.#drainTimer ??= setTimeout(() => {
      this.#drainTimer = undefined
      if (this.#open.size === 0) return
      if (this.writable) this.onDrain()
      else this.#awaitDrain()
    }, 1)
  }

  /** Let the sockets keep the process alive (the default). */
  ref(): this {
    for (const { socket } of this.#open.values()) socket.ref()
    return this
  }

  /** Let the process end although the sockets are open. */
  unref(): this {
    for (const { socket } of this.#open.values()) socket.unref()
    return this
  }

  /** Close every socket; fulfilled when the ports are free. What was sent before still leaves. */
  async close(): Promise<void> {
    const open = [...this.#open.values()]
    this.#open.clear()
    this.#sockets = []
    await Promise.all(open.map(({ socket }) => closeSocket(socket)))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #receive(id: number, bytes: Buffer, from: RemoteInfo): void {
    const endpoint = this.#endpoints.get(from.address, from.port)
    if (!endpoint) this.counters.count('source-with-zone')
    else if (!this.receiver) this.counters.count('no-receiver')
    else if (this.#open.has(id)) this.receiver.handleDatagram(id, endpoint, bytes)
  }
}

interface OpenSocket {
  readonly socket: Socket
  readonly local: Endpoint
}

/**
 * Where datagrams are copied to before they are sent: 0.03 us for 1400 bytes, less than the view that sending a part of
 * the caller's buffer needs, because the views on this one are kept, by length.
 */
class SendScratch {
  #buffer = Buffer.allocUnsafeSlow(VIEWED_LENGTH)
  #views: (Uint8Array | undefined)[] = []

  place(bytes: Uint8Array, offset: number, length: number): Uint8Array {
    const source = offset === 0 && length === bytes.length ? bytes : undefined
    if (length > VIEWED_LENGTH) return Uint8Array.prototype.slice.call(source ?? bytes, offset, offset + length)
    const view = (this.#views[length] ??= this.#buffer.subarray(0, length))
    if (source) view.set(source)
    else if (length > 64) view.set(bytes.subarray(offset, offset + length))
    else for (let i = 0; i < length; i++) view[i] = bytes[offset + i]
    return view
  }

  abandon(): void {
    this.#buffer = Buffer.allocUnsafeSlow(VIEWED_LENGTH)
    this.#views = []
  }
}

const VIEWED_LENGTH = 2048
const MAX_UDP_PAYLOAD = 65_507
const EPHEMERAL_ATTEMPTS = 16
/** The system's default time to live, which is put back after a datagram with another. */
const DEFAULT_TTL = 64
const NO_SUCH_FAMILY = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EPROTONOSUPPORT', 'EINVAL'])

function sendWithTtl(socket: Socket, datagram: Uint8Array, to: Endpoint, ttl: number): void {
  socket.setTTL(ttl)
  try {
    socket.send(datagram, to.port, to.ip.toString())
  } finally {
    socket.setTTL(DEFAULT_TTL)
  }
}

async function openSocket(ip: IpAddress, port: number, options: DatagramPortOptions): Promise<OpenSocket> {
  const family = ip.family
  const socket = createSocket({
    type: ip.isV4 ? 'udp4' : 'udp6',
    ipv6Only: ip.isV6,
    recvBufferSize: options.receiveBufferBytes ?? 4 << 20,
    sendBufferSize: options.sendBufferBytes ?? 1 << 20,
    // Only literals come here. Without this `send` goes through the resolver and the datagram leaves a tick later.
    lookup: (address, _options, done) => done(null, address, family),
  })
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind({ address: ip.toString(), port, exclusive: true }, () => {
        socket.off('error', reject)
        resolve()
      })
    })
    return { socket, local: new Endpoint(ip, socket.address().port) }
  } catch (error) {
    await closeSocket(socket)
    throw error
  }
}

function closeSocket(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('error', () => {})
    socket.close(() => resolve())
  })
}

function explain(error: unknown, ip: IpAddress, port: number): ZtError {
  const code = codeOf(error)
  const hints: Record<string, string> = {
    EADDRINUSE:
      'another program, perhaps another node, has this port; choose another one or let the system choose (port 0)',
    EACCES: 'ports below 1024 need privileges; choose a higher one',
    EADDRNOTAVAIL: 'this machine has no such address; see which it has with `ip address` or `ipconfig`',
  }
  const hint = hints[code]
  const where = { cause: error, syscall: 'bind', address: ip.toString(), port, ...(hint === undefined ? {} : { hint }) }
  return new ZtError(`E${code.slice(1)}`, `cannot open UDP port ${port} on ${ip}: ${code}`, where)
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'EUNKNOWN'
}
