import { EventEmitter, on } from 'node:events'
import type { AddressInfo, DropArgument, LookupFunction } from 'node:net'
import type { IpAddress } from '@zt/sansio'
import type { TcpConnection, TcpListener } from '@zt/tcp'
import { callerError, checkPort, fromStack } from './errno.js'
import { localhostFor, resolve } from './resolve.js'
import type { HostResource, StackHost } from './stack-host.js'
import { type SocketOptions, TcpSocket } from './tcp-socket.js'

/** What holds for every connection of a server. */
export interface ServerOptions extends Omit<SocketOptions, 'signal'> {
  /** Do not read before somebody asks for it. Default false. */
  readonly pauseOnConnect?: boolean | undefined
}

/** Where to listen, and how. The names are those of `net.Server.listen`. */
export interface ListenOptions extends ServerOptions {
  /** 0 or nothing: a free one; see `address`. */
  readonly port?: number | undefined
  /** An address or a name. Default: every address of both families. */
  readonly host?: string | undefined
  /** Connections that wait to be accepted. */
  readonly backlog?: number | undefined
  readonly ipv6Only?: boolean | undefined
  /** Closes the server when aborted. */
  readonly signal?: AbortSignal | undefined
  readonly lookup?: LookupFunction | undefined
}

/** The events of a `TcpServer`, which are those of `net.Server`. */
export interface TcpServerEvents {
  listening: []
  connection: [socket: TcpSocket]
  /** A connection was refused because there are `maxConnections`. */
  drop: [data?: DropArgument]
  error: [error: Error]
  /** It does not listen any more, and its last connection has closed. */
  close: []
}

/** A TCP server on a user-space stack with the manners of `net.Server`. Connections can also be had by `for await`. */
export class TcpServer extends EventEmitter<TcpServerEvents> implements HostResource, AsyncDisposable {
  /** More connections than this are reset at once. */
  maxConnections: number | undefined
  readonly #host: StackHost
  #options: ServerOptions
  #listener: TcpListener | undefined
  #isOpening = false
  #forgetSignal: (() => void) | undefined
  readonly #sockets = new Set<TcpSocket>()

  constructor(host: StackHost, options: ServerOptions = {}, onConnection?: (socket: TcpSocket) => void) {
    super()
    this.#host = host
    this.#options = options
    if (onConnection) this.on('connection', onConnection)
  }

  /** Start to listen; 'listening' follows, or 'error'. @throws ERR_SERVER_ALREADY_LISTEN, ERR_SOCKET_BAD_PORT */
  listen(options: ListenOptions, onListening?: () => void): this
  listen(port?: number, host?: string, backlog?: number, onListening?: () => void): this
  listen(port?: number, host?: string, onListening?: () => void): this
  listen(port?: number, backlog?: number, onListening?: () => void): this
  listen(port?: number, onListening?: () => void): this
  listen(onListening?: () => void): this
  listen(...args: unknown[]): this {
    const onListening = args.find((arg) => typeof arg === 'function') as (() => void) | undefined
    const options = listenOptions(args)
    if (this.#listener || this.#isOpening)
      throw callerError('ERR_SERVER_ALREADY_LISTEN', 'Listen method has been called more than once without closing.')
    const port = checkPort(options.port ?? 0)
    if (onListening) this.once('listening', onListening)
    if (options.signal?.aborted) {
      process.nextTick(() => this.close())
      return this
    }
    this.#options = { ...this.#options, ...options }
    this.#isOpening = true
    this.#host.add(this)
    if (options.host === undefined) this.#open(undefined, port, options)
    else {
      const host = options.host === 'localhost' ? localhostFor(undefined) : options.host
      resolve(host, { lookup: options.lookup ?? this.#host.lookup }, (error, addresses) => {
        if (!this.#isOpening) return
        if (error) this.#fail(error)
        else this.#open(addresses[0], port, options)
      })
    }
    return this
  }

  /** `listen`, fulfilled when it listens. @throws EADDRINUSE, EADDRNOTAVAIL, ABORT_ERR */
  async listenAsync(options: ListenOptions = {}): Promise<this> {
    options.signal?.throwIfAborted()
    await new Promise<void>((done, fail) => {
      const settle = (run: () => void) => (): void => {
        this.off('listening', succeeded).off('error', failed).off('close', closed)
        run()
      }
      const succeeded = settle(done)
      const failed = (error: Error): void => settle(() => fail(error))()
      const closed = settle(() => fail(callerError('ERR_SERVER_NOT_RUNNING', 'Server is not running.')))
      this.once('listening', succeeded).once('error', failed).once('close', closed)
      this.listen(options)
    })
    return this
  }

  get listening(): boolean {
    return this.#listener !== undefined
  }

  /** Where it listens, or `null`. */
  address(): AddressInfo | null {
    const local = this.#listener?.local
    return local ? { address: local.ip.toString(), family: local.ip.isV4 ? 'IPv4' : 'IPv6', port: local.port } : null
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size
  }

  getConnections(done: (error: Error | null, count: number) => void): this {
    process.nextTick(done, null, this.#sockets.size)
    return this
  }

  /**
   * Accept no more. 'close' follows when the connections that there are have closed; `onClose` is called then, with an
   * error if it did not listen.
   */
  close(onClose?: (error?: Error) => void): this {
    const wasRunning = this.#listener !== undefined || this.#isOpening
    if (onClose) {
      this.once('close', () =>
        wasRunning ? onClose() : onClose(callerError('ERR_SERVER_NOT_RUNNING', 'Server is not running.')),
      )
    }
    this.#listener?.close()
    this.#listener = undefined
    this.#isOpening = false
    this.#forgetSignal?.()
    this.#forgetSignal = undefined
    this.#host.delete(this)
    this.#closeIfDone()
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

  /** Closes, and waits for the connections to close. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#listener && !this.#isOpening && this.#sockets.size === 0) return
    await new Promise<void>((done) => {
      this.once('close', () => done())
      if (this.#listener || this.#isOpening) this.close()
    })
  }

  /** Connections as they come, until the server closes. */
  async *[Symbol.asyncIterator](): AsyncGenerator<TcpSocket, void> {
    for await (const [socket] of on(this, 'connection', { close: ['close'] })) yield socket as TcpSocket
  }

  /** @internal */
  releaseNow(): void {
    this.close()
  }

  #open(ip: IpAddress | undefined, port: number, options: ListenOptions): void {
    try {
      this.#listener = this.#host.tcp.listen({
        port,
        ...(ip ? { ip } : {}),
        ...(options.backlog === undefined ? {} : { backlog: options.backlog }),
        ...(options.ipv6Only === undefined ? {} : { ipv6Only: options.ipv6Only }),
        onConnection: (connection) => this.#accept(connection),
      })
    } catch (error) {
      return this.#fail(fromStack(error, 'listen'))
    }
    this.#isOpening = false
    const { signal } = options
    if (signal) {
      const onAbort = (): void => void this.close()
      signal.addEventListener('abort', onAbort, { once: true })
      this.#forgetSignal = () => signal.removeEventListener('abort', onAbort)
    }
    const listener = this.#listener
    process.nextTick(() => {
      if (this.#listener === listener) this.emit('listening')
    })
  }

  #fail(error: Error): void {
    this.#isOpening = false
    this.#host.delete(this)
    process.nextTick(() => this.emit('error', error))
  }

  #accept(connection: TcpConnection): void {
    if (this.maxConnections !== undefined && this.#sockets.size >= this.maxConnections) {
      const { local, remote } = connection
      connection.abort()
      this.emit('drop', {
        localAddress: local.ip.toString(),
        localPort: local.port,
        localFamily: local.ip.isV4 ? 'IPv4' : 'IPv6',
        remoteAddress: remote.ip.toString(),
        remotePort: remote.port,
        remoteFamily: remote.ip.isV4 ? 'IPv4' : 'IPv6',
      })
      return
    }
    const { pauseOnConnect, allowHalfOpen, highWaterMark, noDelay, keepAlive, keepAliveInitialDelay } = this.#options
    const socket = TcpSocket.accept(this.#host, connection, {
      allowHalfOpen,
      highWaterMark,
      noDelay,
      keepAlive,
      keepAliveInitialDelay,
    })
    if (pauseOnConnect) socket.pause()
    this.#sockets.add(socket)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      this.#closeIfDone()
    })
    this.emit('connection', socket)
  }

  #closeIfDone(): void {
    if (this.#listener || this.#isOpening || this.#sockets.size > 0) return
    process.nextTick(() => {
      if (!this.#listener && !this.#isOpening && this.#sockets.size === 0) this.emit('close')
    })
  }
}

function listenOptions(args: readonly unknown[]): ListenOptions {
  const [first, second, third] = args
  if (typeof first === 'object' && first !== null) {
    if ('path' in first || 'fd' in first || 'handle' in first) {
      throw callerError(
        'ERR_INVALID_ARG_VALUE',
        'a user-space stack has no pipes and no file descriptors: give a port',
        TypeError as ErrorConstructor,
      )
    }
    return first
  }
  const backlog = [second, third].find((arg) => typeof arg === 'number')
  return {
    port: typeof first === 'number' || typeof first === 'string' ? checkPort(first) : 0,
    ...(typeof second === 'string' ? { host: second } : {}),
    ...(typeof backlog === 'number' ? { backlog } : {}),
  }
}
