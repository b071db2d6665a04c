import type { Clock, Duration, Instant } from '@zt/sansio'
import type { SeededRandom } from '../seeded-random.js'

/** What a way through the simulated world does to what is sent over it. Everything is optional: the default is perfect. */
export interface LinkProfile {
  /** One-way delay. */
  readonly delayMs?: Duration
  /** Up to this much more delay, evenly spread. Order is kept, as in a queue; see `reorder`. */
  readonly jitterMs?: Duration
  /** Probability of being lost. */
  readonly loss?: number
  /** Probability of arriving twice. */
  readonly duplicate?: number
  /** Probability of being held back for `reorderMs`, so that what is sent later overtakes it. */
  readonly reorder?: number
  readonly reorderMs?: Duration
  /** The largest thing carried, in bytes of what is sent (a UDP payload, an Ethernet payload, an IP packet). */
  readonly mtu?: number
  /** Bandwidth. What exceeds it waits, `queueBytes` at the most. */
  readonly bytesPerSecond?: number
  readonly queueBytes?: number
  /** Routers on the way: a datagram sent with a smaller time to live dies on it. */
  readonly hops?: number
  /** Says what gets through, by its number on this way (from 0) and content: for tests of one particular loss. */
  readonly admit?: (index: number, bytes: Uint8Array) => boolean
}

/** What became of something that was sent. */
export type Fate = 'sent' | 'lost' | 'too-big' | 'queue-full'

/**
 * One direction of a way. Bytes are copied on entry into buffers that are recycled, and overwritten after delivery: a
 * receiver that keeps borrowed bytes finds out at once.
 */
export class Channel<Note> {
  readonly #clock: Clock
  readonly #random: SeededRandom
  readonly #deliver: (bytes: Uint8Array, note: Note) => void
  /** In the order of arrival. A deque by `#head`, so that long queues cost nothing. */
  #inFlight: Parcel<Note>[] = []
  #head = 0
  readonly #free: Uint8Array<ArrayBuffer>[] = []
  #armedFor: Instant = Number.POSITIVE_INFINITY
  #disarm: (() => void) | undefined
  #lastArrival: Instant = 0
  #busyUntil: Instant = 0
  #index = 0
  /** May be replaced at any time; what is under way keeps its fate. */
  profile: LinkProfile

  constructor(
    clock: Clock,
    random: SeededRandom,
    profile: LinkProfile,
    deliver: (bytes: Uint8Array, note: Note) => void,
  ) {
    this.#clock = clock
    this.#random = random
    this.profile = profile
    this.#deliver = deliver
  }

  /** Bytes that wait for bandwidth. */
  get queuedBytes(): number {
    const rate = this.profile.bytesPerSecond
    return rate === undefined ? 0 : Math.max(0, ((this.#busyUntil - this.#clock.now()) * rate) / 1000)
  }

  /** Would something of this size find the queue full? */
  isFull(length: number): boolean {
    const queued = this.queuedBytes // one is always let in, however large
    return queued > 0 && queued + length > (this.profile.queueBytes ?? DEFAULT_QUEUE_BYTES)
  }

  /** When the queue will be half empty: the moment to tell a sender that waits. */
  halfEmptyAt(): Instant {
    const half = (this.profile.queueBytes ?? DEFAULT_QUEUE_BYTES) / 2
    const rate = this.profile.bytesPerSecond ?? Number.POSITIVE_INFINITY
    return Math.max(this.#clock.now(), this.#busyUntil - (half * 1000) / rate)
  }

  send(bytes: Uint8Array, offset: number, length: number, note: Note, overhead = 0): Fate {
    const { profile } = this
    if (length - overhead > (profile.mtu ?? Number.POSITIVE_INFINITY)) return 'too-big'
    if (this.isFull(length)) return 'queue-full'
    const now = this.#clock.now()
    let departure = now
    if (profile.bytesPerSecond !== undefined) {
      departure = this.#busyUntil = Math.max(now, this.#busyUntil) + (length * 1000) / profile.bytesPerSecond
    }
    const index = this.#index++
    if (profile.admit && !profile.admit(index, bytes.subarray(offset, offset + length))) return 'lost'
    if (this.#random.chance(profile.loss ?? 0)) return 'lost'
    this.#dispatch(departure, bytes, offset, length, note)
    if (this.#random.chance(profile.duplicate ?? 0)) this.#dispatch(departure, bytes, offset, length, note)
    return 'sent'
  }

  #dispatch(departure: Instant, bytes: Uint8Array, offset: number, length: number, note: Note): void {
    const { delayMs = 0, jitterMs = 0, reorder = 0, reorderMs = Math.max(1, delayMs / 2) } = this.profile
    let arrival = departure + delayMs + (jitterMs > 0 ? jitterMs * this.#random.float() : 0)
    if (this.#random.chance(reorder)) arrival += reorderMs
    else arrival = this.#lastArrival = Math.max(arrival, this.#lastArrival)
    let buffer = this.#free.pop()
    if (!buffer || buffer.length < length) buffer = new Uint8Array(Math.max(2048, length))
    copyInto(buffer, bytes, offset, length)
    const parcel = { arrival, buffer, length, note }
    // Nearly always the last place; only reordering inserts further ahead.
    const queue = this.#inFlight
    let at = queue.length
    while (at > this.#head && queue[at - 1].arrival > arrival) at--
    if (at === queue.length) queue.push(parcel)
    else queue.splice(at, 0, parcel)
    this.#arm()
  }

  #arm(): void {
    const next = this.#inFlight[this.#head]?.arrival ?? Number.POSITIVE_INFINITY
    if (next === this.#armedFor) return
    this.#disarm?.()
    this.#disarm = undefined
    this.#armedFor = next
    if (next === Number.POSITIVE_INFINITY) return
    if (next > this.#clock.now()) this.#disarm = this.#clock.at(next, this.#arrive)
    else this.#clock.soon(this.#arrive)
  }

  readonly #arrive = (): void => {
    const now = this.#clock.now()
    this.#armedFor = Number.POSITIVE_INFINITY
    this.#disarm = undefined
    // Only what is there now: a receiver that answers over a way without delay must not keep us here.
    let count = 0
    while (this.#head + count < this.#inFlight.length && this.#inFlight[this.#head + count].arrival <= now) count++
    while (count-- > 0) {
      const { buffer, length, note } = this.#inFlight[this.#head++]
      const whole = length === buffer.length ? buffer : buffer.subarray(0, length)
      this.#deliver(whole, note)
      whole.fill(POISON)
      if (this.#free.length < 1024) this.#free.push(buffer)
    }
    if (this.#head === this.#inFlight.length) {
      this.#inFlight = []
      this.#head = 0
    } else if (this.#head > 1024) {
      this.#inFlight = this.#inFlight.slice(this.#head)
      this.#head = 0
    }
    this.#arm()
  }
}

const DEFAULT_QUEUE_BYTES = 256 * 1024
const POISON = 0xdd

interface Parcel<Note> {
  readonly arrival: Instant
  readonly buffer: Uint8Array<ArrayBuffer>
  readonly length: number
  readonly note: Note
}

function copyInto(target: Uint8Array, bytes: Uint8Array, offset: number, length: number): void {
  target.set(offset === 0 && length === bytes.length ? bytes : bytes.subarray(offset, offset + length))
}
