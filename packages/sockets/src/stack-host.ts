import type { LookupFunction } from 'node:net'
import { type IpStack, Timer } from '@zt/ipstack'
import type { Duration } from '@zt/sansio'
import { Tcp, type TcpConnection, type TcpSettings } from '@zt/tcp'
import { Udp, type UdpSettings } from '@zt/udp'

/** What a host lets one choose. */
export interface StackHostOptions {
  /** How names become addresses, in the manner of `dns.lookup`, which is the default. */
  readonly lookup?: LookupFunction
  readonly tcp?: Partial<TcpSettings>
  readonly udp?: Partial<UdpSettings>
}

/** Something that a closing host closes. */
export interface HostResource {
  /** Give up whatever it has on the stack, now. */
  releaseNow(): void
}

/**
 * A stack with its transports, for sockets to live on: what the operating system is to `node:net`. Knows every open
 * socket and every connection that is still saying good-bye.
 *
 *     const host = new StackHost(stack)
 *     const socket = TcpSocket.connect(host, { host: '10.0.0.2', port: 80 })
 */
export class StackHost implements AsyncDisposable {
  readonly stack: IpStack
  readonly tcp: Tcp
  readonly udp: Udp
  readonly lookup: LookupFunction | undefined
  readonly #resources = new Set<HostResource>()
  readonly #leaving = new Set<TcpConnection>()
  #waiting: (() => void)[] = []

  /** @throws EADDRINUSE if the stack has TCP or UDP already: one host per stack. */
  constructor(stack: IpStack, options: StackHostOptions = {}) {
    this.stack = stack
    this.tcp = new Tcp(stack, options.tcp)
    this.udp = new Udp(stack, options.udp)
    this.lookup = options.lookup
  }

  /** Sockets and servers that are open. */
  get openSockets(): number {
    return this.#resources.size
  }

  /** Fulfilled when every connection whose socket was closed is over: what was written has been acknowledged. */
  drained(): Promise<void> {
    if (this.#leaving.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /**
   * Close every socket and server and wait until their peers know, `graceMs` at the most: those who do not answer cannot
   * hold us. The stack itself stays. Idempotent.
   */
  async close(graceMs: Duration = 1000): Promise<void> {
    for (const resource of [...this.#resources]) resource.releaseNow()
    if (this.#leaving.size === 0) return
    await new Promise<void>((resolve) => {
      const timer = new Timer({ handleTimer: () => resolve() })
      this.stack.timers.schedule(timer, this.stack.touch() + graceMs)
      void this.drained().then(() => {
        this.stack.timers.cancel(timer)
        resolve()
      })
    })
    for (const connection of [...this.#leaving]) connection.abort()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** @internal Called by sockets when they are open. */
  add(resource: HostResource): void {
    this.#resources.add(resource)
  }

  /** @internal Called by sockets when they are closed. */
  delete(resource: HostResource): void {
    this.#resources.delete(resource)
  }

  /** @internal Called by sockets: nobody listens to this connection any more, but it has things to send. */
  letGo(connection: TcpConnection): void {
    this.#leaving.add(connection)
    connection.handler = {
      closed: () => {
        this.#leaving.delete(connection)
        if (this.#leaving.size > 0) return
        const waiting = this.#waiting
        this.#waiting = []
        for (const resolve of waiting) resolve()
      },
    }
  }
}
