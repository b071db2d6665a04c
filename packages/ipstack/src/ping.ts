import { type Duration, type Instant, type IpAddress, type RandomSource, ZtError } from '@zt/sansio'
import type { Interface } from './interface.js'
import { Timer, type TimerOwner, type TimerWheel } from './timer-wheel.js'

/** Options of `IpStack.ping`. */
export interface PingOptions {
  /** Sent along and expected back. Default: 56 bytes. */
  readonly payload?: Uint8Array
  /** Default 5000. */
  readonly timeoutMs?: Duration
  readonly hopLimit?: number
  /** Speak from this address of ours. */
  readonly local?: IpAddress
  /** Only through this interface; a link-local destination needs it if there are several. */
  readonly nic?: Interface
}

/** How a ping ended: the reply, or a `ZtError` with ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, … */
export type PingResult =
  | {
      readonly ok: true
      readonly from: IpAddress
      readonly rttMs: Duration
      readonly hopLimit: number
      readonly length: number
    }
  | { readonly ok: false; readonly error: ZtError }

/** One echo request on its way. */
class PendingPing implements TimerOwner {
  readonly timer = new Timer(this)
  readonly key: number
  readonly to: IpAddress
  readonly payload: Uint8Array
  readonly sentAt: Instant
  readonly #pings: Pings
  readonly done: (result: PingResult) => void

  constructor(
    pings: Pings,
    key: number,
    to: IpAddress,
    payload: Uint8Array,
    sentAt: Instant,
    done: (result: PingResult) => void,
  ) {
    this.#pings = pings
    this.key = key
    this.to = to
    this.payload = payload
    this.sentAt = sentAt
    this.done = done
  }

  handleTimer(): void {
    this.#pings.fail(this.key, 'ETIMEDOUT')
  }
}

/** The echo requests that wait for an answer, of both families. */
export class Pings {
  readonly #timers: TimerWheel
  readonly #defer: (run: () => void) => void
  readonly #waiting = new Map<number, PendingPing>()
  #next: number

  /** `defer` runs a callback of the application after the burst. */
  constructor(timers: TimerWheel, random: RandomSource, defer: (run: () => void) => void) {
    this.#timers = timers
    this.#defer = defer
    this.#next = random.u32()
  }

  /** Note a request sent at `now`. The key to send in it: identifier and sequence number, 32 bits. */
  begin(
    to: IpAddress,
    payload: Uint8Array,
    now: Instant,
    timeout: Duration,
    done: (result: PingResult) => void,
  ): number {
    const key = (this.#next = (this.#next + 1) >>> 0)
    const ping = new PendingPing(this, key, to, payload, now, done)
    this.#waiting.set(key, ping)
    this.#timers.schedule(ping.timer, now + timeout)
    return key
  }

  /** A reply has come. Is it one that we wait for? */
  reply(
    key: number,
    from: IpAddress,
    bytes: Uint8Array,
    offset: number,
    length: number,
    hopLimit: number,
    now: Instant,
  ): boolean {
    const ping = this.#waiting.get(key)
    if (ping === undefined || length !== ping.payload.length || !from.equals(ping.to)) return false
    for (let i = 0; i < length; i++) if (bytes[offset + i] !== ping.payload[i]) return false
    this.#end(ping, { ok: true, from, rttMs: now - ping.sentAt, hopLimit, length })
    return true
  }

  /** Something has come back about the request with this key. False if there is no such. */
  fail(
    key: number,
    code: 'ETIMEDOUT' | 'EHOSTUNREACH' | 'ENETUNREACH' | 'EMSGSIZE' | 'EADDRNOTAVAIL' | 'EAGAIN',
    to?: IpAddress,
  ): boolean {
    const ping = this.#waiting.get(key)
    if (ping === undefined || (to !== undefined && !to.equals(ping.to))) return false
    const address = ping.to.toString()
    const error = new ZtError(code, `ping ${address}: ${MEANING[code]}`, { address, syscall: 'ping' })
    this.#end(ping, { ok: false, error })
    return true
  }

  /** Forget it; `done` is not called. */
  cancel(key: number): void {
    const ping = this.#waiting.get(key)
    if (ping === undefined) return
    this.#waiting.delete(key)
    this.#timers.cancel(ping.timer)
  }

  close(): void {
    for (const key of [...this.#waiting.keys()]) this.cancel(key)
  }

  #end(ping: PendingPing, result: PingResult): void {
    this.cancel(ping.key)
    this.#defer(() => ping.done(result))
  }
}

const MEANING = {
  ETIMEDOUT: 'no reply in time',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'there is no route',
  EMSGSIZE: 'the payload is too large',
  EADDRNOTAVAIL: 'there is no address to speak from',
  EAGAIN: 'the link is full',
}
