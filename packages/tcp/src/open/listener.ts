import { type AddressWords, V4_MARK, wordsOf } from '@zt/ipstack'
import { Endpoint, IpAddress } from '@zt/sansio'
import type { Connection } from '../connection.js'
import type { ListenRequest, TcpListener, TcpOptions } from '../tcp-connection.js'

const ACCEPT_BACKLOG = 256

/** What a listener asks of its stack. */
export interface ListenerOwner {
  /** Connections wait to be accepted. */
  wakeListener(listener: Listener): void
  closeListener(listener: Listener): void
}

/** A listening port: which addresses it serves, and the connections that wait for the application. */
export class Listener implements TcpListener {
  readonly id: number
  readonly local: Endpoint
  readonly options: TcpOptions
  readonly backlog: number
  /** Rows of the half-open table that belong to it. */
  halfOpen = 0
  readonly waiting: Connection[] = []
  isPaused = false
  isClosed = false
  readonly #owner: ListenerOwner
  readonly #onConnection: (connection: Connection) => void
  readonly #words: AddressWords | undefined
  readonly #servesV4: boolean
  readonly #servesV6: boolean

  constructor(id: number, request: ListenRequest, port: number, owner: ListenerOwner) {
    const { ip } = request
    this.id = id
    this.local = new Endpoint(ip ?? IpAddress.parse('::'), port)
    this.options = request.options ?? {}
    this.backlog = request.backlog ?? ACCEPT_BACKLOG
    this.#owner = owner
    this.#onConnection = (connection) => request.onConnection(connection)
    this.#words = ip === undefined || ip.isUnspecified ? undefined : wordsOf(ip)
    this.#servesV4 = ip === undefined || ip.isV4 || (ip.isUnspecified && request.ipv6Only !== true)
    this.#servesV6 = ip === undefined || ip.isV6
  }

  /** 2: it listens on this very address; 1: on any of that family; 0: not at all. */
  rank(w0: number, w1: number, w2: number, w3: number): 0 | 1 | 2 {
    const own = this.#words
    if (own !== undefined) return own.w3 === w3 && own.w2 === w2 && own.w1 === w1 && own.w0 === w0 ? 2 : 0
    const isV4 = w0 === 0 && w1 === 0 && w2 === V4_MARK
    return (isV4 ? this.#servesV4 : this.#servesV6) ? 1 : 0
  }

  /** Would both claim the same connections? A specific address beside any address is no conflict. */
  conflictsWith(other: Listener): boolean {
    if (this.local.port !== other.local.port) return false
    if ((this.#words === undefined) !== (other.#words === undefined)) return false
    if (this.#words !== undefined) return this.local.ip.equals(other.local.ip)
    return (this.#servesV4 && other.#servesV4) || (this.#servesV6 && other.#servesV6)
  }

  get isFull(): boolean {
    return this.waiting.length >= this.backlog
  }

  /** A handshake is complete. */
  enqueue(connection: Connection): void {
    this.waiting.push(connection)
    this.#owner.wakeListener(this)
  }

  /** Hand over one connection that waits. `false` if there is none, or the application has paused. */
  acceptOne(): boolean {
    if (this.isPaused || this.isClosed) return false
    const connection = this.waiting.shift()
    if (connection === undefined) return false
    this.#onConnection(connection)
    return true
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    if (!this.isPaused) return
    this.isPaused = false
    this.#owner.wakeListener(this)
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#owner.closeListener(this)
    for (const connection of this.waiting.splice(0)) connection.abort()
  }
}
