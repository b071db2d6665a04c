import { type Duration, equalBytes, type Instant } from '@zt/sansio'
import { Timer, type TimerOwner, type TimerWheel } from '../timer-wheel.js'

/** Pieces of one datagram: a full one at the smallest MTU that is usual, twice over. */
const MAX_FRAGMENTS = 128
const MAX_DATAGRAM = 65_535
/** Charged for every piece beside its bytes, so that tiny ones are not free. */
const OVERHEAD = 128

/** A piece of a datagram as it arrived. */
export interface Fragment {
  /** Says which datagram it belongs to: source, destination, identification, and for IPv4 the protocol. */
  readonly key: string
  readonly source: string
  /** The packet, borrowed; `headerLength` bytes at `offset` come before the fragmentable part. */
  readonly bytes: Uint8Array
  readonly offset: number
  readonly headerLength: number
  /** Where the payload begins in the packet (after the fragment header of IPv6), and its length. */
  readonly payload: number
  readonly length: number
  /** Its place in the datagram, in bytes. */
  readonly start: number
  readonly isLast: boolean
  /** A byte of the header to change in the whole. */
  readonly rename?: { readonly at: number; readonly to: number }
}

interface Piece {
  readonly start: number
  readonly bytes: Uint8Array
}

interface Datagram {
  readonly source: string
  readonly expires: Instant
  /** Sorted, without overlap. */
  pieces: Piece[]
  /** Header of the piece at 0. */
  header: Uint8Array | undefined
  /** Length of the fragmentable part, once the last piece has come. */
  total: number
  held: number
  charge: number
  /** Given up because pieces overlap: what is still to come is dropped too. */
  isDead: boolean
}

/** What becomes of fragments: `whole` is called within `add`, `expired` with the first piece if that had arrived. */
export interface ReassemblyOwner {
  readonly capacity: number
  readonly perSource: number
  readonly timeout: Duration
  count(reason: string): void
  /** `header` without a fragment header, directly followed by the payload. */
  whole(packet: Uint8Array, headerLength: number): void
  expired(firstFragment: Uint8Array, now: Instant): void
}

/**
 * Puts fragments together (RFC 815, RFC 8200 section 4.5) within fixed memory. Fragments that overlap condemn their
 * datagram (RFC 5722); an exact duplicate is let pass. When memory is short the oldest datagram goes.
 */
export class Reassembly implements TimerOwner {
  readonly #owner: ReassemblyOwner
  readonly #timers: TimerWheel
  readonly #timer = new Timer(this)
  /** In order of arrival, which is order of expiry. */
  readonly #datagrams = new Map<string, Datagram>()
  readonly #perSource = new Map<string, number>()
  #charged = 0

  constructor(owner: ReassemblyOwner, timers: TimerWheel) {
    this.#owner = owner
    this.#timers = timers
  }

  /** Bytes held, overhead included. */
  get charged(): number {
    return this.#charged
  }

  add(fragment: Fragment, now: Instant): void {
    if (fragment.start + fragment.length > MAX_DATAGRAM) return this.#owner.count('fragment-too-long')
    const datagram = this.#datagrams.get(fragment.key) ?? this.#begin(fragment, now)
    if (datagram === undefined || datagram.isDead) return this.#owner.count('fragment-refused')
    const end = fragment.start + fragment.length
    if (fragment.isLast ? datagram.total >= 0 && datagram.total !== end : datagram.total >= 0 && end > datagram.total) {
      return this.#condemn(datagram)
    }
    const place = this.#place(datagram, fragment)
    if (place < 0) return
    if (fragment.isLast) datagram.total = end
    const last = datagram.pieces.at(-1)
    if (datagram.total >= 0 && last !== undefined && last.start + last.bytes.length > datagram.total)
      return this.#condemn(datagram)
    if (datagram.pieces.length >= MAX_FRAGMENTS) return this.#condemn(datagram)
    this.#hold(fragment, datagram, place)
    if (datagram.held === datagram.total && datagram.header !== undefined) this.#complete(fragment.key, datagram)
    else this.#makeRoom(fragment.key)
  }

  handleTimer(now: Instant): void {
    for (const [key, datagram] of this.#datagrams) {
      if (datagram.expires > now) {
        this.#timers.schedule(this.#timer, datagram.expires)
        return
      }
      this.#remove(key, datagram)
      this.#owner.count('reassembly-timeout')
      const first = datagram.pieces[0]
      if (datagram.header !== undefined && first !== undefined) this.#owner.expired(join(datagram.header, [first]), now)
    }
  }

  /** Forget everything. */
  clear(): void {
    this.#datagrams.clear()
    this.#perSource.clear()
    this.#charged = 0
    this.#timers.cancel(this.#timer)
  }

  #begin(fragment: Fragment, now: Instant): Datagram | undefined {
    const { source } = fragment
    const others = this.#perSource.get(source) ?? 0
    if (others >= this.#owner.perSource) return undefined
    this.#perSource.set(source, others + 1)
    const expires = now + this.#owner.timeout
    const datagram = {
      source,
      expires,
      pieces: [],
      header: undefined,
      total: -1,
      held: 0,
      charge: OVERHEAD,
      isDead: false,
    }
    this.#charged += OVERHEAD
    if (this.#datagrams.size === 0) this.#timers.schedule(this.#timer, expires)
    this.#datagrams.set(fragment.key, datagram)
    return datagram
  }

  /** Where in the list of pieces it goes, or -1 if it is not to be held. */
  #place(datagram: Datagram, { bytes, payload, length, start }: Fragment): number {
    const { pieces } = datagram
    let place = pieces.length
    while (place > 0 && pieces[place - 1].start >= start) place--
    const after = pieces[place]
    const before = pieces[place - 1]
    if (after !== undefined && after.start === start && after.bytes.length === length) {
      if (equalBytes(after.bytes, bytes.subarray(payload, payload + length))) this.#owner.count('fragment-duplicate')
      else this.#condemn(datagram)
      return -1
    }
    const overlaps =
      (after !== undefined && after.start < start + length) ||
      (before !== undefined && before.start + before.bytes.length > start)
    if (!overlaps) return place
    this.#condemn(datagram)
    return -1
  }

  #hold(fragment: Fragment, datagram: Datagram, place: number): void {
    const { bytes, offset, headerLength, payload, length, start } = fragment
    datagram.pieces.splice(place, 0, { start, bytes: bytes.slice(payload, payload + length) })
    datagram.held += length
    let charge = length + OVERHEAD
    if (start === 0) {
      datagram.header = bytes.slice(offset, offset + headerLength)
      if (fragment.rename) datagram.header[fragment.rename.at] = fragment.rename.to
      charge += headerLength
    }
    datagram.charge += charge
    this.#charged += charge
  }

  #complete(key: string, datagram: Datagram): void {
    this.#remove(key, datagram)
    const header = datagram.header!
    this.#owner.whole(join(header, datagram.pieces), header.length)
  }

  #condemn(datagram: Datagram): void {
    this.#owner.count('fragment-overlap')
    this.#charged -= datagram.charge - OVERHEAD
    datagram.charge = OVERHEAD
    datagram.pieces = []
    datagram.header = undefined
    datagram.isDead = true
  }

  /** Drop the oldest datagrams, but for the one that has just grown. */
  #makeRoom(spared: string): void {
    if (this.#charged <= this.#owner.capacity) return
    for (const [key, datagram] of this.#datagrams) {
      if (key === spared) continue
      this.#remove(key, datagram)
      this.#owner.count('reassembly-evicted')
      if (this.#charged <= this.#owner.capacity) return
    }
  }

  #remove(key: string, datagram: Datagram): void {
    this.#datagrams.delete(key)
    this.#charged -= datagram.charge
    const others = this.#perSource.get(datagram.source)! - 1
    if (others > 0) this.#perSource.set(datagram.source, others)
    else this.#perSource.delete(datagram.source)
    if (this.#datagrams.size === 0) this.#timers.cancel(this.#timer)
  }
}

function join(header: Uint8Array, pieces: readonly Piece[]): Uint8Array {
  const last = pieces.at(-1)!
  const packet = new Uint8Array(header.length + last.start + last.bytes.length)
  packet.set(header)
  for (const piece of pieces) packet.set(piece.bytes, header.length + piece.start)
  return packet
}
