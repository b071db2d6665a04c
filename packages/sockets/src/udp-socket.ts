import type { RemoteInfo } from 'node:dgram'
import { EventEmitter } from 'node:events'
import type { AddressInfo, LookupFunction } from 'node:net'
import type { Interface } from '@zt/ipstack'
import { Endpoint, IpAddress } from '@zt/sansio'
import type { Datagram, UdpEndpoint } from '@zt/udp'
import { callerError, checkPort, fromStack, systemError } from './errno.js'
import { resolve } from './resolve.js'
import type { HostResource, StackHost } from './stack-host.js'

/** How a datagram socket is made. The names are those of `dgram.createSocket`. */
export interface UdpSocketOptions {
  readonly type: 'udp4' | 'udp6'
  readonly reuseAddr?: boolean
  readonly ipv6Only?: boolean
  /** Bytes that may wait to be read. */
  readonly recvBufferSize?: number
  readonly lookup?: LookupFunction
  /** Closes the socket when aborted. */
  readonly signal?: AbortSignal
}

/** Where to bind. */
export interface UdpBindOptions {
  readonly port?: number
  readonly address?: string
}

/** The events of a `UdpSocket`, which are those of `dgram.Socket`. */
export interface UdpSocketEvents {
  listening: []
  connect: []
  message: [bytes: Buffer, from: RemoteInfo]
  error: [error: Error]
  close: []
}

/** What can be sent: text as UTF-8, bytes, or pieces of both that make one datagram. */
export type UdpMessage = string | NodeJS.ArrayBufferView | readonly (string | NodeJS.ArrayBufferView)[]

/** Told when a datagram was sent, or why not. */
export type UdpSent = (error: Error | null, bytes: number) => void

/** A UDP socket of a user-space stack with the manners of `dgram.Socket`. */
export class UdpSocket extends EventEmitter<UdpSocketEvents> implements HostResource, AsyncDisposable {
  readonly type: 'udp4' | 'udp6'
  readonly #host: StackHost
  readonly #options: UdpSocketOptions
  readonly #configure: ((endpoint: UdpEndpoint) => void)[] = []
  #endpoint: UdpEndpoint | undefined
  #isBinding = false
  #isConnecting = false
  #isClosed = false
  /** What was asked for before the socket was bound, or connected. */
  #waiting: (() => void)[] = []
  #forgetSignal: (() => void) | undefined

  constructor(
    host: StackHost,
    options: UdpSocketOptions | 'udp4' | 'udp6',
    onMessage?: (bytes: Buffer, from: RemoteInfo) => void,
  ) {
    super()
    this.#host = host
    this.#options = typeof options === 'string' ? { type: options } : options
    this.type = this.#options.type
    if (this.type !== 'udp4' && this.type !== 'udp6') {
      throw callerError(
        'ERR_SOCKET_BAD_TYPE',
        'Bad socket type specified. Valid types are: udp4, udp6',
        TypeError as ErrorConstructor,
      )
    }
    if (onMessage) this.on('message', onMessage)
    const { signal } = this.#options
    if (!signal) return
    const onAbort = (): void => {
      if (!this.#isClosed) this.close()
    }
    if (signal.aborted) onAbort()
    else {
      signal.addEventListener('abort', onAbort, { once: true })
      this.#forgetSignal = () => signal.removeEventListener('abort', onAbort)
    }
  }

  /** Take a port; 'listening' follows, or 'error'. @throws ERR_SOCKET_ALREADY_BOUND, ERR_SOCKET_BAD_PORT */
  bind(options: UdpBindOptions, onListening?: () => void): this
  bind(port?: number, address?: string, onListening?: () => void): this
  bind(port?: number, onListening?: () => void): this
  bind(onListening?: () => void): this
  bind(...args: unknown[]): this {
    this.#requireOpen()
    if (this.#endpoint || this.#isBinding) throw callerError('ERR_SOCKET_ALREADY_BOUND', 'Socket is already bound')
    const options = (typeof args[0] === 'object' ? args[0] : { port: args[0], address: args[1] }) as UdpBindOptions
    const port = checkPort(typeof options.port === 'function' ? 0 : (options.port ?? 0))
    const onListening = args.find((arg) => typeof arg === 'function') as (() => void) | undefined
    if (onListening) this.once('listening', onListening)
    this.#host.add(this)
    this.#isBinding = true
    if (typeof options.address !== 'string' || options.address === '') this.#open(undefined, port)
    else {
      this.#resolve(options.address, (error, ip) => {
        if (this.#isClosed) return
        if (ip) this.#open(ip, port)
        else this.#failBind(error ?? systemError('EADDRNOTAVAIL', 'bind'))
      })
    }
    return this
  }

  /** Speak with one peer only; 'connect' follows, or 'error' if there is no `onConnect`. */
  connect(port: number, address?: string, onConnect?: (error?: Error) => void): void
  connect(port: number, onConnect?: (error?: Error) => void): void
  connect(port: number, address?: string | ((error?: Error) => void), onConnect?: (error?: Error) => void): void {
    this.#requireOpen()
    const checked = checkPort(port, 1)
    if (this.#isConnecting || this.#endpoint?.remote)
      throw callerError('ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected')
    const done = typeof address === 'function' ? address : onConnect
    const fail = (error: Error): void => {
      this.#isConnecting = false
      if (done) done(error)
      else this.emit('error', error)
      this.#runWaiting()
    }
    if (!this.#endpoint && !this.#isBinding) this.bind(0)
    this.#isConnecting = true
    const host = typeof address === 'string' ? address : this.#loopback()
    const dial = (error: Error | null, ip: IpAddress | undefined): void => {
      if (this.#isClosed) return
      if (!this.#endpoint || !ip) return fail(error ?? systemError('EADDRNOTAVAIL', 'connect'))
      const remote = new Endpoint(ip, checked)
      try {
        this.#endpoint.connect(remote)
      } catch (failure) {
        return fail(fromStack(failure, 'connect', remote))
      }
      this.#isConnecting = false
      if (done) this.once('connect', () => done())
      this.emit('connect')
      this.#runWaiting()
    }
    const begin = (): void => this.#resolve(host, (error, ip) => process.nextTick(dial, error, ip))
    if (this.#endpoint) begin()
    else this.once('listening', begin)
  }

  /** @throws ERR_SOCKET_DGRAM_NOT_CONNECTED */
  disconnect(): void {
    if (!this.#endpoint?.remote) throw callerError('ERR_SOCKET_DGRAM_NOT_CONNECTED', 'Not connected')
    this.#endpoint.disconnect()
  }

  /**
   * Send a datagram. The bytes are copied at once. Without a callback, failures to send are silent as in `dgram`; names
   * that cannot be resolved are an 'error'. The default address is the stack's own loopback.
   */
  send(message: UdpMessage, port?: number, address?: string, onSent?: UdpSent): void
  send(message: UdpMessage, port?: number, onSent?: UdpSent): void
  send(message: UdpMessage, onSent?: UdpSent): void
  send(
    message: string | NodeJS.ArrayBufferView,
    offset: number,
    length: number,
    port?: number,
    address?: string,
    onSent?: UdpSent,
  ): void
  send(message: string | NodeJS.ArrayBufferView, offset: number, length: number, port?: number, onSent?: UdpSent): void
  send(message: string | NodeJS.ArrayBufferView, offset: number, length: number, onSent?: UdpSent): void
  send(message: UdpMessage, ...args: unknown[]): void {
    this.#requireOpen()
    const isConnected = this.#isConnecting || this.#endpoint?.remote !== undefined
    const onSent = args.find((arg) => typeof arg === 'function') as UdpSent | undefined
    const values = args.filter((arg) => typeof arg !== 'function' && arg !== undefined && arg !== null)
    const address = values.find((value) => typeof value === 'string' && !isPortText(value)) as string | undefined
    const numbers = values.filter((value) => value !== address)
    const isRange = numbers.length === (isConnected ? 2 : 3)
    const bytes = isRange ? rangeOf(message, Number(numbers[0]), Number(numbers[1])) : bytesOf(message)
    const target = isRange ? numbers[2] : numbers[0]
    if (isConnected && (target !== undefined || address !== undefined))
      throw callerError('ERR_SOCKET_DGRAM_IS_CONNECTED', 'Already connected')
    const port = isConnected ? 0 : checkPort(target, 1)
    if (!this.#endpoint && !this.#isBinding) this.bind(0)
    const go = (): void => {
      if (isConnected) this.#send(undefined, bytes, onSent)
      else this.#sendTo(address ?? this.#loopback(), port, bytes, onSent)
    }
    if (this.#endpoint && !this.#isConnecting) go()
    else this.#waiting.push(go)
  }

  /** Where it is bound. @throws EBADF before that, ERR_SOCKET_DGRAM_NOT_RUNNING after `close` */
  address(): AddressInfo {
    this.#requireOpen()
    if (!this.#endpoint) throw systemError('EBADF', 'getsockname')
    return infoOf(this.#endpoint.local)
  }

  /** @throws ERR_SOCKET_DGRAM_NOT_CONNECTED */
  remoteAddress(): AddressInfo {
    this.#requireOpen()
    if (!this.#endpoint?.remote) throw callerError('ERR_SOCKET_DGRAM_NOT_CONNECTED', 'Not connected')
    return infoOf(this.#endpoint.remote)
  }

  /** Free the port; 'close' follows. @throws ERR_SOCKET_DGRAM_NOT_RUNNING if it is closed */
  close(onClose?: () => void): this {
    this.#requireOpen()
    if (onClose) this.once('close', onClose)
    this.#isClosed = true
    this.#waiting = []
    this.#endpoint?.close()
    this.#host.delete(this)
    this.#forgetSignal?.()
    process.nextTick(() => this.emit('close'))
    return this
  }

  /** Closes, if it is not closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isClosed) await new Promise<void>((done) => this.close(done))
  }

  setBroadcast(on: boolean): void {
    this.#set((endpoint) => (endpoint.broadcast = on))
  }

  setTTL(ttl: number): number {
    checkTtl(ttl, 1)
    this.#set((endpoint) => (endpoint.hopLimit = ttl))
    return ttl
  }

  setMulticastTTL(ttl: number): number {
    checkTtl(ttl, 0)
    this.#set((endpoint) => (endpoint.multicastHopLimit = ttl))
    return ttl
  }

  setMulticastLoopback(on: boolean): boolean {
    this.#set((endpoint) => (endpoint.multicastLoop = on))
    return on
  }

  /** By an address of the interface. @throws EADDRNOTAVAIL */
  setMulticastInterface(address: string): void {
    const nic = this.#interfaceOf(address)
    this.#set((endpoint) => (endpoint.multicastNic = nic))
  }

  /** Hear a group; binds the socket if it is not. @throws EADDRINUSE, ENETUNREACH, ZT_ARG_INVALID */
  addMembership(group: string, interfaceAddress?: string): void {
    this.#requireOpen()
    if (!this.#endpoint && !this.#isBinding) this.bind(0)
    this.#endpoint?.joinGroup(
      IpAddress.parse(group),
      interfaceAddress === undefined ? undefined : this.#interfaceOf(interfaceAddress),
    )
  }

  /** @throws EADDRNOTAVAIL if it is not in the group */
  dropMembership(group: string, interfaceAddress?: string): void {
    this.#requireOpen()
    this.#endpoint?.leaveGroup(
      IpAddress.parse(group),
      interfaceAddress === undefined ? undefined : this.#interfaceOf(interfaceAddress),
    )
  }

  /** Bytes that may wait to be read. */
  getRecvBufferSize(): number {
    return this.#options.recvBufferSize ?? this.#host.udp.settings.receiveBufferBytes
  }

  /** Nothing waits to be sent: what the link does not take at once is dropped, and the callback is told. */
  getSendQueueSize(): number {
    return 0
  }

  getSendQueueCount(): number {
    return 0
  }

  /** For compatibility: what keeps the process alive is the node or link under the stack. */
  ref(): this {
    return this
  }

  /** For compatibility; see `ref`. */
  unref(): this {
    return this
  }

  /** @internal */
  releaseNow(): void {
    if (!this.#isClosed) this.close()
  }

  #open(ip: IpAddress | undefined, port: number): void {
    const { reuseAddr, ipv6Only, recvBufferSize } = this.#options
    const local = ip ?? IpAddress.parse(this.type === 'udp4' ? '0.0.0.0' : '::')
    try {
      const endpoint = this.#host.udp.bind({
        ip: local,
        port,
        reuse: reuseAddr ?? false,
        v6Only: ipv6Only ?? false,
        ...(recvBufferSize === undefined ? {} : { receiveBufferBytes: recvBufferSize }),
      })
      endpoint.onDatagram = (datagram) => this.#receive(datagram)
      endpoint.onError = (error) => this.emit('error', fromStack(error, 'send', endpoint.remote))
      for (const configure of this.#configure) configure(endpoint)
      this.#endpoint = endpoint
    } catch (error) {
      return this.#failBind(fromStack(error, 'bind', new Endpoint(local, port)))
    }
    this.#isBinding = false
    process.nextTick(() => {
      if (this.#isClosed) return
      this.emit('listening')
      if (!this.#isConnecting) this.#runWaiting()
    })
  }

  #failBind(error: Error): void {
    this.#isBinding = false
    this.#waiting = []
    this.#host.delete(this)
    process.nextTick(() => {
      if (!this.#isClosed) this.emit('error', error)
    })
  }

  #runWaiting(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const run of waiting) if (!this.#isClosed) run()
  }

  #receive({ from, bytes }: Datagram): void {
    const info = infoOf(from)
    // A socket of IPv6 sees IPv4 senders as mapped addresses, as the system has it.
    const isMapped = this.type === 'udp6' && from.ip.isV4
    const address = isMapped ? `::ffff:${info.address}` : info.address
    const family = this.type === 'udp6' ? 'IPv6' : 'IPv4'
    this.emit('message', Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), {
      address,
      family,
      port: info.port,
      size: bytes.length,
    })
  }

  #sendTo(host: string, port: number, bytes: Buffer, onSent: UdpSent | undefined): void {
    this.#resolve(host, (error, ip) => {
      if (this.#isClosed) return
      if (ip) this.#send(new Endpoint(ip, port), bytes, onSent)
      else if (onSent) process.nextTick(onSent, error, 0)
      else process.nextTick(() => this.emit('error', error!))
    })
  }

  #send(to: Endpoint | undefined, bytes: Buffer, onSent: UdpSent | undefined): void {
    let failure: Error | undefined
    try {
      const endpoint = this.#endpoint
      if (to?.ip.isV6 && this.type === 'udp4') throw systemError('EINVAL', 'send', to)
      if (endpoint && !endpoint.send(to, bytes)) throw systemError('ENOBUFS', 'send', to)
    } catch (error) {
      failure = fromStack(error, 'send', to)
    }
    if (onSent) process.nextTick(onSent, failure ?? null, failure ? 0 : bytes.length)
  }

  #resolve(host: string, done: (error: Error | null, ip: IpAddress | undefined) => void): void {
    const lookup = this.#options.lookup ?? this.#host.lookup
    resolve(host, { family: this.type === 'udp4' ? 4 : 0, lookup }, (error, addresses) => {
      done(error, addresses[0])
    })
  }

  #set(configure: (endpoint: UdpEndpoint) => void): void {
    this.#requireOpen()
    if (this.#endpoint) configure(this.#endpoint)
    else this.#configure.push(configure)
  }

  #interfaceOf(address: string): Interface {
    const ip = IpAddress.parse(address)
    const nic = this.#host.stack.interfaces.find((each) => each.addresses.some((prefix) => prefix.address.equals(ip)))
    if (nic) return nic
    throw systemError('EADDRNOTAVAIL', 'bind', new Endpoint(ip, 0))
  }

  #loopback(): string {
    return this.type === 'udp4' ? '127.0.0.1' : '::1'
  }

  #requireOpen(): void {
    if (this.#isClosed) throw callerError('ERR_SOCKET_DGRAM_NOT_RUNNING', 'Not running')
  }
}

function infoOf({ ip, port }: Endpoint): AddressInfo & { family: 'IPv4' | 'IPv6' } {
  return { address: ip.toString(), family: ip.isV4 ? 'IPv4' : 'IPv6', port }
}

function isPortText(value: string): boolean {
  return /^\d{1,5}$/.test(value)
}

function checkTtl(ttl: number, least: number): void {
  if (!Number.isInteger(ttl) || ttl < least || ttl > 255) throw systemError('EINVAL', 'send')
}

/** A copy: the caller may use its memory again at once. */
function bytesOf(message: UdpMessage): Buffer {
  if (typeof message === 'string') return Buffer.from(message)
  if (!ArrayBuffer.isView(message)) return Buffer.concat(message.map(bytesOf))
  return Buffer.from(new Uint8Array(message.buffer, message.byteOffset, message.byteLength))
}

function rangeOf(message: UdpMessage, offset: number, length: number): Buffer {
  const bytes = bytesOf(message)
  if (
    Number.isInteger(offset) &&
    Number.isInteger(length) &&
    offset >= 0 &&
    length >= 0 &&
    offset + length <= bytes.length
  ) {
    return bytes.subarray(offset, offset + length)
  }
  throw callerError(
    'ERR_BUFFER_OUT_OF_BOUNDS',
    'Attempt to access memory outside buffer bounds',
    RangeError as ErrorConstructor,
  )
}
