import type { AddressInfo, LookupFunction, SocketReadyState } from 'node:net'
import { addAbortSignal, Duplex } from 'node:stream'
import { Timer } from '@zt/ipstack'
import { Endpoint, IpAddress } from '@zt/sansio'
import type { TcpConnection, TcpInfo } from '@zt/tcp'
import { callerError, checkPort, fromStack, systemError } from './errno.js'
import { localhostFor, parseHost, resolve } from './resolve.js'
import type { HostResource, StackHost } from './stack-host.js'

/** What holds for a socket all its life. */
export interface SocketOptions {
  /** Go on writing when the peer has ended. Default false: our side ends then too. */
  readonly allowHalfOpen?: boolean | undefined
  /** Bytes that may lie in the stream's own buffer, each way, on top of TCP's. Default 64 KiB. */
  readonly highWaterMark?: number | undefined
  /** Destroys the socket when aborted, at any time of its life. */
  readonly signal?: AbortSignal | undefined
  readonly noDelay?: boolean | undefined
  readonly keepAlive?: boolean | undefined
  readonly keepAliveInitialDelay?: number | undefined
}

/** Where to connect to, and how. The names are those of `net.connect`. */
export interface ConnectOptions extends SocketOptions {
  readonly port: number | string
  /** An address or a name. Default: the stack's own loopback. */
  readonly host?: string | undefined
  readonly localAddress?: string | undefined
  readonly localPort?: number | undefined
  /** Which addresses of a name may be used: 4 or 6. Default: those that there is a route to. */
  readonly family?: number | undefined
  readonly lookup?: LookupFunction | undefined
  /** See `setTimeout`. */
  readonly timeout?: number | undefined
}

/**
 * A TCP connection of a user-space stack with the manners of `net.Socket`: a `Duplex` that `node:http`, `node:tls` and
 * most libraries take for the real one.
 *
 * Back-pressure goes from end to end: what is not read stays in TCP's receive buffer until the window is closed, and a
 * write is called back when TCP's send buffer has taken it.
 *
 * Errors have the codes of the system: ECONNREFUSED, ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EPIPE,
 * EADDRNOTAVAIL, EADDRINUSE; those of the resolver; and ABORT_ERR.
 */
export class TcpSocket extends Duplex implements HostResource {
  /** Is a connection being made? */
  connecting = false
  /** What `setTimeout` was given. */
  timeout: number | undefined
  readonly #host: StackHost
  readonly #timer = new Timer({ handleTimer: () => this.#host.stack.defer(() => this.#expire()) })
  #connection: TcpConnection | undefined
  /** Where the connection goes or went; known from the attempt on. */
  #local: Endpoint | undefined
  #remote: Endpoint | undefined
  #settings: SocketOptions
  #wantsBytes = false
  #hasEnded = false
  #isOver = false
  #willReset = false
  #bytesRead = 0
  #bytesWritten = 0
  #pendingWrite: PendingWrite | undefined
  #pendingFinal: ((error?: Error | null) => void) | undefined

  /** Not connected yet: see `connect`. */
  constructor(host: StackHost, options: SocketOptions = {}) {
    super({
      allowHalfOpen: options.allowHalfOpen ?? false,
      emitClose: false, // 'close' says whether there was an error, as that of net.Socket does
      highWaterMark: options.highWaterMark ?? 64 * 1024,
    })
    this.#host = host
    this.#settings = options
    if (options.signal) addAbortSignal(options.signal, this)
  }

  /** A socket that is being connected. `onConnect` is added to its 'connect' event. */
  static connect(host: StackHost, options: ConnectOptions, onConnect?: () => void): TcpSocket {
    return new TcpSocket(host, options).connect(options, onConnect)
  }

  /** @internal A socket for a connection that a listener accepted. */
  static accept(host: StackHost, connection: TcpConnection, options: SocketOptions): TcpSocket {
    const socket = new TcpSocket(host, options)
    socket.#adopt(connection)
    return socket
  }

  /** Make a connection; 'connect' follows, or 'error'. @throws ERR_SOCKET_BAD_PORT, ERR_INVALID_ARG_VALUE */
  connect(options: ConnectOptions, onConnect?: () => void): this
  connect(port: number | string, host: string, onConnect?: () => void): this
  connect(port: number | string, onConnect?: () => void): this
  connect(target: ConnectOptions | number | string, host?: string | (() => void), onConnect?: () => void): this {
    const options =
      typeof target === 'object' ? target : { port: target, ...(typeof host === 'string' ? { host } : {}) }
    const listener = typeof host === 'function' ? host : onConnect
    if ('path' in options && typeof options.path === 'string') {
      throw callerError(
        'ERR_INVALID_ARG_VALUE',
        'a user-space stack has no pipes: give a host and a port',
        TypeError as ErrorConstructor,
      )
    }
    const port = checkPort(options.port)
    if (options.localPort !== undefined) checkPort(options.localPort)
    const localIp = options.localAddress === undefined ? undefined : parseLocal(options.localAddress)
    if (this.connecting || this.#connection) throw systemError('EISCONN', 'connect', this.#remote)
    if (listener) this.once('connect', listener)
    if (this.destroyed) return this // by a signal that was aborted already
    this.#settings = { ...this.#settings, ...options }
    this.connecting = true
    this.#host.add(this)
    if (options.timeout !== undefined) this.setTimeout(options.timeout)
    const name = options.host || 'localhost'
    const wanted = name === 'localhost' ? localhostFor(localIp?.family ?? options.family) : name
    resolve(wanted, { family: options.family, lookup: options.lookup ?? this.#host.lookup }, (error, addresses) => {
      if (!parseHost(wanted)) this.emit('lookup', error, addresses[0]?.toString(), addresses[0]?.family, name)
      if (this.destroyed) return
      if (error) this.destroy(error)
      else this.#dial(this.#choose(addresses), port, localIp, options.localPort)
    })
    return this
  }

  /** Is there no connection yet? */
  get pending(): boolean {
    return !this.#connection || this.connecting
  }

  get readyState(): SocketReadyState {
    if (this.connecting) return 'opening'
    if (this.readable && this.writable) return 'open'
    if (this.readable) return 'readOnly'
    return this.writable ? 'writeOnly' : 'closed'
  }

  /** Our end, or an empty object before there is one. */
  address(): AddressInfo | Record<string, never> {
    return this.#local
      ? { address: this.#local.ip.toString(), family: familyOf(this.#local), port: this.#local.port }
      : {}
  }

  get localAddress(): string | undefined {
    return this.#local?.ip.toString()
  }

  get localPort(): number | undefined {
    return this.#local?.port
  }

  get localFamily(): string | undefined {
    return this.#local && familyOf(this.#local)
  }

  /** Kept after the end, for logs. */
  get remoteAddress(): string | undefined {
    return this.#remote?.ip.toString()
  }

  get remotePort(): number | undefined {
    return this.#remote?.port
  }

  get remoteFamily(): string | undefined {
    return this.#remote && familyOf(this.#remote)
  }

  get bytesRead(): number {
    return this.#bytesRead
  }

  /** Bytes given to `write`, whether or not they have been sent. */
  get bytesWritten(): number {
    return this.#bytesWritten + this.writableLength
  }

  /** Round trips, windows, retransmissions; `undefined` without a connection. */
  info(): TcpInfo | undefined {
    return this.#connection?.info()
  }

  /** Emit 'timeout' when nothing was sent or received for so many milliseconds; 0 stops that. The socket stays open. */
  setTimeout(milliseconds: number, onTimeout?: () => void): this {
    if (!Number.isFinite(milliseconds) || milliseconds < 0) {
      throw callerError(
        'ERR_OUT_OF_RANGE',
        `expected a number of milliseconds, got ${milliseconds}`,
        RangeError as ErrorConstructor,
      )
    }
    this.timeout = milliseconds
    if (onTimeout && milliseconds > 0) this.once('timeout', onTimeout)
    else if (onTimeout) this.removeListener('timeout', onTimeout)
    if (milliseconds > 0) this.#active()
    else this.#host.stack.timers.cancel(this.#timer)
    return this
  }

  setNoDelay(noDelay = true): this {
    this.#settings = { ...this.#settings, noDelay }
    this.#connection?.setNoDelay(noDelay)
    return this
  }

  /** Probe a silent peer; an initial delay of 0 leaves the one that holds already. */
  setKeepAlive(keepAlive = false, initialDelay = 0): this {
    this.#settings = { ...this.#settings, keepAlive, keepAliveInitialDelay: initialDelay }
    this.#connection?.setKeepAlive(keepAlive, initialDelay > 0 ? initialDelay : undefined)
    return this
  }

  /** For compatibility: what keeps the process alive is the node or link under the stack. */
  ref(): this {
    return this
  }

  /** For compatibility; see `ref`. */
  unref(): this {
    return this
  }

  /** Destroy when everything was written. */
  destroySoon(): void {
    if (this.writable) this.end()
    if (this.writableFinished) this.destroy()
    else this.once('finish', () => this.destroy())
  }

  /** Close with a reset: the peer sees ECONNRESET, nothing that waits is sent. */
  resetAndDestroy(): this {
    this.#willReset = true
    return this.destroy(this.#connection ? undefined : callerError('ERR_SOCKET_CLOSED', 'Socket is closed'))
  }

  /** @internal */
  releaseNow(): void {
    this.destroy()
  }

  /** Ends when everything was written, and waits for 'close'. */
  override async [Symbol.asyncDispose](): Promise<void> {
    if (this.closed) return
    const closed = new Promise<void>((done) => this.once('close', () => done()))
    this.on('error', () => {}) // whoever disposes of a socket wants no news of it
    this.destroySoon()
    await closed
  }

  /**
   * Chunks until the peer ends. Leaving early destroys the socket; coming to the end does not, unlike in other streams:
   * what is still being written goes out.
   */
  override async *[Symbol.asyncIterator](): AsyncGenerator<Buffer | string, void> {
    let isComplete = false
    try {
      for await (const chunk of this.iterator({ destroyOnReturn: false })) yield chunk as Buffer | string
      isComplete = true
    } finally {
      if (!isComplete) this.destroy()
    }
  }

  override _read(): void {
    this.#wantsBytes = true
    if (this.#connection) this.#pull()
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#begin({ chunks: [chunk], index: 0, offset: 0, done })
  }

  override _writev(chunks: { chunk: Buffer }[], done: (error?: Error | null) => void): void {
    this.#begin({ chunks: chunks.map(({ chunk }) => chunk), index: 0, offset: 0, done })
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#pendingFinal = done
    if (!this.connecting) this.#finish()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.connecting = false
    this.#host.stack.timers.cancel(this.#timer)
    this.#host.delete(this)
    const connection = this.#connection
    this.#connection = undefined
    if (connection && !this.#isOver) {
      this.#host.letGo(connection)
      if (this.#willReset) connection.abort()
      else connection.close()
    }
    const write = this.#pendingWrite
    this.#pendingWrite = undefined
    write?.done(error ?? systemError('ECANCELED', 'write'))
    done(error)
    process.nextTick(() => this.emit('close', error !== null))
  }

  /** Of several addresses, the first that there is a route to. */
  #choose(addresses: readonly IpAddress[]): IpAddress {
    const routed = addresses.find((address) => {
      try {
        return this.#host.stack.selectSource(address) !== undefined
      } catch {
        return false
      }
    })
    return routed ?? addresses[0]
  }

  #dial(ip: IpAddress, port: number, localIp: IpAddress | undefined, localPort: number | undefined): void {
    const remote = (this.#remote = new Endpoint(ip, port))
    try {
      if (port === 0) throw systemError('EADDRNOTAVAIL', 'connect', remote)
      this.#adopt(
        this.#host.tcp.connect({
          remote,
          ...(localIp ? { localIp } : {}),
          ...(localPort ? { localPort } : {}),
        }),
      )
    } catch (error) {
      this.destroy(fromStack(error, 'connect', remote))
    }
  }

  #adopt(connection: TcpConnection): void {
    this.#connection = connection
    this.#local = connection.local
    this.#remote = connection.remote
    this.#host.add(this)
    const { noDelay, keepAlive, keepAliveInitialDelay } = this.#settings
    if (noDelay) this.setNoDelay(true)
    if (keepAlive) this.setKeepAlive(true, keepAliveInitialDelay)
    connection.handler = {
      connected: () => this.#connected(),
      readable: () => {
        this.#active()
        this.#pull()
      },
      writable: () => this.#feed(),
      ended: () => this.#end(),
      closed: (error) => this.#over(error),
    }
    this.#feed()
    if (!this.connecting) this.read(0) // so that an end or a reset is noticed before anybody reads
  }

  #connected(): void {
    if (this.destroyed) return
    this.connecting = false
    this.#local = this.#connection?.local
    this.#active()
    this.emit('connect')
    this.emit('ready')
    if (this.#pendingFinal) this.#finish()
    if (!this.destroyed && !this.isPaused()) this.read(0)
  }

  /** Give the stream what TCP has, until the stream has enough: the rest stays where it closes the window. */
  #pull(): void {
    const connection = this.#connection
    if (!connection) return
    while (this.#wantsBytes) {
      const bytes = connection.read(READ_BYTES)
      if (!bytes) break
      this.#bytesRead += bytes.length
      this.#wantsBytes = this.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
      if (this.destroyed) return
    }
    if (this.#isOver && this.#wantsBytes) this.#end()
  }

  #end(): void {
    if (this.#hasEnded || this.destroyed) return
    this.#hasEnded = true
    this.push(null)
    this.read(0) // if nothing is buffered 'end' comes now, reader or not: our own end and 'close' depend on it
  }

  #over(error: Error | undefined): void {
    this.#isOver = true
    if (error)
      this.destroy(fromStack(error, this.connecting ? 'connect' : 'read', this.connecting ? this.#remote : undefined))
    else this.#pull()
  }

  #begin(write: PendingWrite): void {
    if (!this.#connection && !this.connecting) return write.done(callerError('ERR_SOCKET_CLOSED', 'Socket is closed'))
    this.#pendingWrite = write
    if (this.#connection) this.#feed()
  }

  /** Go on with a write. Its callback comes when TCP has taken the last byte. */
  #feed(): void {
    const [write, connection] = [this.#pendingWrite, this.#connection]
    if (!write || !connection) return
    let taken = 0
    try {
      for (; write.index < write.chunks.length; write.index++, write.offset = 0) {
        const chunk = write.chunks[write.index]
        const left = chunk.length - write.offset
        const n = left === 0 ? 0 : connection.write(chunk, write.offset, left)
        taken += n
        write.offset += n
        if (n < left) break
      }
    } catch (error) {
      this.#pendingWrite = undefined
      return write.done(fromStack(error, 'write'))
    }
    if (taken > 0) this.#active()
    if (write.index < write.chunks.length) return
    this.#pendingWrite = undefined
    for (const chunk of write.chunks) this.#bytesWritten += chunk.length
    write.done()
  }

  #finish(): void {
    const done = this.#pendingFinal
    this.#pendingFinal = undefined
    if (!done) return
    if (!this.#connection) return done(callerError('ERR_SOCKET_CLOSED', 'Socket is closed'))
    this.#connection.shutdownWrite()
    this.#host.stack.defer(() => {
      if (!this.destroyed) done() // 'finish' comes after the present turn, as with net.Socket
    })
  }

  /** Something moved: the time-out starts anew. */
  #active(): void {
    const { stack } = this.#host
    if (this.timeout && !this.destroyed) stack.timers.schedule(this.#timer, stack.touch() + this.timeout)
  }

  #expire(): void {
    if (!this.destroyed && this.timeout) this.emit('timeout')
  }
}

interface PendingWrite {
  readonly chunks: readonly Buffer[]
  /** The next chunk to write, and where in it. */
  index: number
  offset: number
  readonly done: (error?: Error | null) => void
}

/** As much at once as Node itself reads. */
const READ_BYTES = 64 * 1024

function familyOf(endpoint: Endpoint): 'IPv4' | 'IPv6' {
  return endpoint.ip.isV4 ? 'IPv4' : 'IPv6'
}

function parseLocal(text: string): IpAddress {
  const ip = IpAddress.tryParse(text)
  if (ip) return ip
  throw callerError('ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${text}`, TypeError as ErrorConstructor)
}
