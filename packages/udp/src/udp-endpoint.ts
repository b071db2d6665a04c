import {
  type AddressWords,
  type Flow,
  type Interface,
  type IpInput,
  type IpStack,
  PROTOCOL_UDP,
  TRANSPORT_OFFSET,
  checksum,
  isMulticastWords,
  wordsOf,
} from '@zt/ipstack'
import { BoundedMap, Endpoint, type ErrorCode, IpAddress, ZtError } from '@zt/sansio'
import type { UdpSettings } from './settings.js'
import { UDP_HEADER_LENGTH } from './wire/header.js'

/** The largest payload: what the length field and an IPv4 packet leave. IPv6 has room for 20 more, nobody uses it. */
export const MAX_UDP_PAYLOAD = 65_507

/** Charged for every datagram in a queue beside its bytes, so that empty ones are not free. */
const OVERHEAD = 128

/** A datagram that has arrived; the bytes are the receiver's own. */
export interface Datagram {
  readonly from: Endpoint
  /** The address of ours, or the group, that it was sent to. */
  readonly to: IpAddress
  readonly nic: Interface
  readonly bytes: Uint8Array
}

/** What `Udp.bind` may be told. */
export interface BindOptions {
  /** An address of ours. `0.0.0.0` is every IPv4 address, `::` or nothing every address of both families. */
  readonly ip?: IpAddress
  /** Default: a free one. */
  readonly port?: number
  /** Share the port with others that say the same. */
  readonly reuse?: boolean
  /** With `::`: no IPv4. */
  readonly v6Only?: boolean
  /** Only through this interface. */
  readonly nic?: Interface
  /** Overrides the setting of the same name. */
  readonly receiveBufferBytes?: number
}

/** What an endpoint needs of `Udp`. */
export interface UdpEndpointOwner {
  readonly stack: IpStack
  readonly settings: UdpSettings
  release(endpoint: UdpEndpoint): void
}

/**
 * A bound UDP port. What arrives waits in a bounded queue and is handed to `onDatagram` at the end of the burst; while
 * there is no `onDatagram` it stays in the queue, for `receive`. What does not fit is dropped and counted in `dropped`.
 */
export class UdpEndpoint {
  readonly port: number
  readonly isShared: boolean
  readonly nic: Interface | undefined
  readonly takesV4: boolean
  readonly takesV6: boolean
  /** Told about errors that come back for a connected endpoint: ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EMSGSIZE. */
  onError: (error: ZtError) => void = () => {}
  /** Allow sending to broadcast addresses; otherwise EACCES. */
  broadcast = false
  /** TTL or hop limit of what is sent; 0 for the stack's default. */
  hopLimit = 0
  /** The same towards multicast groups, which stay on the link by default (RFC 1112 section 6.1). */
  multicastHopLimit = 1
  /** Hear what we send to a group that we are in. */
  multicastLoop = true
  /** The interface by which multicast and broadcast leave, where the address does not say. */
  multicastNic: Interface | undefined
  /** Refuse what does not fit the path (EMSGSIZE) instead of fragmenting it. */
  dontFragment = false
  /** Datagrams that arrived and were dropped since the queue was full. */
  dropped = 0
  readonly #owner: UdpEndpointOwner
  readonly #bound: IpAddress | undefined
  readonly #boundWords: AddressWords | undefined
  readonly #capacity: number
  readonly #flows: BoundedMap<string, Flow>
  readonly #groups: { readonly group: IpAddress; readonly words: AddressWords; readonly nic: Interface }[] = []
  #remote: Endpoint | undefined
  #remoteWords: AddressWords | undefined
  #onDatagram: ((datagram: Datagram) => void) | undefined
  #queue: Datagram[] = []
  #head = 0
  #queued = 0
  #isDelivering = false
  #isClosed = false
  // The ends of the last datagram, since those of the next are often the same.
  #lastFrom: Endpoint | undefined
  #lastFromWords: AddressWords | undefined
  #lastTo: IpAddress | undefined
  #lastToWords: AddressWords | undefined

  /** @internal Made by `Udp.bind`. */
  constructor(owner: UdpEndpointOwner, port: number, options: BindOptions) {
    const { ip } = options
    this.#owner = owner
    this.port = port
    this.isShared = options.reuse ?? false
    this.nic = options.nic
    this.#bound = ip?.isUnspecified === true ? undefined : ip
    this.#boundWords = this.#bound && wordsOf(this.#bound)
    this.takesV4 = ip === undefined || ip.isV4 || (ip.isUnspecified && options.v6Only !== true)
    this.takesV6 = ip === undefined || ip.isV6
    this.#capacity = options.receiveBufferBytes ?? owner.settings.receiveBufferBytes
    this.#flows = new BoundedMap(owner.settings.flowsPerEndpoint)
  }

  /** Where it is bound; the address is unspecified if it is bound to all. */
  get local(): Endpoint {
    const any = this.takesV6 ? IpAddress.parse('::') : IpAddress.parse('0.0.0.0')
    return new Endpoint(this.#bound ?? any, this.port)
  }

  /** The one peer of a connected endpoint. */
  get remote(): Endpoint | undefined {
    return this.#remote
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Bytes that wait, with what is charged for each datagram. */
  get queuedBytes(): number {
    return this.#queued
  }

  /** Takes what has arrived, at once and from now on. Without it datagrams wait in the queue. */
  set onDatagram(handler: ((datagram: Datagram) => void) | undefined) {
    this.#onDatagram = handler
    if (this.#queued > 0) this.#deliverSoon()
  }

  get onDatagram(): ((datagram: Datagram) => void) | undefined {
    return this.#onDatagram
  }

  /** The next datagram of the queue, or `undefined`. */
  receive(): Datagram | undefined {
    const datagram = this.#queue[this.#head]
    if (datagram === undefined) return undefined
    this.#head++
    this.#queued -= datagram.bytes.length + OVERHEAD
    if (this.#head === this.#queue.length) {
      this.#queue = []
      this.#head = 0
    }
    return datagram
  }

  /**
   * Send a datagram to `to`, or without it to the peer of a connected endpoint. The bytes are borrowed for the call.
   * False if the link had no room and the datagram was dropped.
   *
   * @throws EMSGSIZE, ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL, EACCES (broadcast that was not allowed), EDESTADDRREQ,
   * EISCONN (a destination although connected), ENOTCONN after `close`
   */
  send(to: Endpoint | undefined, bytes: Uint8Array): boolean {
    const target = this.#target(to)
    if (bytes.length > MAX_UDP_PAYLOAD)
      throw this.#error('EMSGSIZE', `a datagram of ${bytes.length} bytes is too large`, target)
    const flow = this.#flowTo(target)
    const { scratch } = this.#owner.stack
    const length = UDP_HEADER_LENGTH + bytes.length
    scratch.view.setUint32(TRANSPORT_OFFSET, (this.port << 16) | target.port)
    scratch.view.setUint32(TRANSPORT_OFFSET + 4, length << 16)
    scratch.bytes.set(bytes, TRANSPORT_OFFSET + UDP_HEADER_LENGTH)
    // A sum of zero would mean "not computed"; its other form means the same (RFC 768).
    const sum = checksum(scratch.bytes, TRANSPORT_OFFSET, length, flow.pseudoSum + length) || 0xffff
    scratch.view.setUint16(TRANSPORT_OFFSET + 6, sum)
    const result = flow.send(length)
    if (result === 'sent') return true
    if (result === 'too-big')
      throw this.#error('EMSGSIZE', `${length} bytes do not fit the path (${flow.maxSegment})`, target)
    if (result === 'unreachable')
      throw this.#error(flow.problem ?? 'EHOSTUNREACH', 'the host cannot be reached', target)
    this.#owner.stack.counters.count('udp-link-full')
    return false
  }

  /**
   * Speak with one peer only: `send` needs no destination, others are not heard, and errors that come back are reported
   * to `onError`. @throws ENETUNREACH, EADDRNOTAVAIL, EINVAL for port 0, ENOTCONN after `close`
   */
  connect(remote: Endpoint): void {
    this.#requireOpen()
    if (remote.port === 0) throw this.#error('EINVAL', 'port 0 is nobody', remote)
    this.#flows.clear()
    this.#flowTo(remote)
    this.#remote = remote
    this.#remoteWords = wordsOf(remote.ip)
  }

  /** Undo `connect`. */
  disconnect(): void {
    this.#remote = undefined
    this.#flows.clear()
  }

  /** Hear a multicast group on an interface; without one on that which leads to the group. @throws ZT_ARG_INVALID, ENETUNREACH, EADDRINUSE */
  joinGroup(group: IpAddress, nic?: Interface): void {
    this.#requireOpen()
    const through =
      nic ?? this.multicastNic ?? this.nic ?? this.#owner.stack.openFlow({ protocol: PROTOCOL_UDP, remote: group }).nic
    if (this.#groups.some((each) => each.nic === through && each.group.equals(group))) {
      throw new ZtError('EADDRINUSE', `already in group ${group} on ${through.name}`, { address: group.toString() })
    }
    through.joinGroup(group)
    this.#groups.push({ group, words: wordsOf(group), nic: through })
  }

  /** @throws EADDRNOTAVAIL if it is not in the group. */
  leaveGroup(group: IpAddress, nic?: Interface): void {
    const at = this.#groups.findIndex((each) => each.group.equals(group) && (nic === undefined || each.nic === nic))
    if (at < 0) throw new ZtError('EADDRNOTAVAIL', `not in group ${group}`, { address: group.toString() })
    const [left] = this.#groups.splice(at, 1)
    left.nic.leaveGroup(group)
  }

  /** Free the port; what waits is dropped, nothing is called any more. Idempotent. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const { group, nic } of this.#groups) nic.leaveGroup(group)
    this.#groups.length = 0
    this.#queue = []
    this.#head = this.#queued = 0
    this.#owner.release(this)
  }

  /**
   * How well a datagram fits, to find the most specific endpoint; 0 not at all.
   * @internal
   */
  match(input: IpInput, fromPort: number): number {
    if (!(input.family === 4 ? this.takesV4 : this.takesV6)) return 0
    if (this.nic !== undefined && this.nic !== input.nic) return 0
    const bound = this.#boundWords
    if (bound !== undefined && !isWords(bound, input.dst0, input.dst1, input.dst2, input.dst3)) return 0
    if (isMulticastWords(input.dst0, input.dst1, input.dst2, input.dst3) && !this.#isInGroup(input)) return 0
    const fit = (bound === undefined ? 1 : 3) + (this.nic === undefined ? 0 : 1)
    if (this.#remote === undefined) return fit
    const isPeer =
      this.#remote.port === fromPort && isWords(this.#remoteWords!, input.src0, input.src1, input.src2, input.src3)
    return isPeer ? fit + 5 : 0
  }

  /**
   * Take a copy of a datagram's payload.
   * @internal
   */
  take(input: IpInput, fromPort: number, bytes: Uint8Array, offset: number, length: number): void {
    const charge = length + OVERHEAD
    if (this.#queued + charge > this.#capacity) {
      this.dropped++
      this.#owner.stack.counters.count('udp-queue-full')
      return
    }
    this.#queued += charge
    const datagram = {
      from: this.#sender(input, fromPort),
      to: this.#receiver(input),
      nic: input.nic,
      bytes: bytes.slice(offset, offset + length),
    }
    this.#queue.push(datagram)
    if (this.#onDatagram !== undefined) this.#deliverSoon()
  }

  /**
   * An error about a datagram from this port to there. Only a connected endpoint wants to know.
   * @internal
   */
  fail(code: ErrorCode, remote: Endpoint): void {
    if (this.#remote === undefined || !this.#remote.equals(remote)) return
    // Without "don't fragment" the next datagram simply goes in smaller pieces.
    if (code === 'EMSGSIZE' && !this.dontFragment) return
    const error = this.#error(code, MEANING[code] ?? 'the host cannot be reached', remote)
    this.#owner.stack.defer(() => {
      if (!this.#isClosed) this.onError(error)
    })
  }

  /**
   * Has it sent to this address of late?
   * @internal
   */
  speaksTo(ip: IpAddress): boolean {
    return this.#flows.has(ip.toString())
  }

  /**
   * Addresses or routes have changed: find the ways anew.
   * @internal
   */
  pathChanged(): void {
    // A connected endpoint keeps its flow, and with it the source address that its peer knows.
    if (this.#remote === undefined) this.#flows.clear()
  }

  /** One task of the burst's end hands out all that waits; what arrives meanwhile waits for the next. */
  #deliverSoon(): void {
    if (this.#isDelivering) return
    this.#isDelivering = true
    this.#owner.stack.defer(() => {
      this.#isDelivering = false
      for (let left = this.#queue.length - this.#head; left > 0 && this.#onDatagram !== undefined; left--) {
        const datagram = this.receive()
        if (datagram === undefined) return
        if (left > 1) this.#deliverSoon() // should the handler throw
        this.#onDatagram(datagram)
      }
    })
  }

  #target(to: Endpoint | undefined): Endpoint {
    this.#requireOpen()
    if (this.#remote !== undefined) {
      if (to !== undefined && !to.equals(this.#remote)) throw this.#error('EISCONN', `connected to ${this.#remote}`, to)
      return this.#remote
    }
    if (to === undefined)
      throw new ZtError('EDESTADDRREQ', 'an endpoint that is not connected needs a destination', { syscall: 'send' })
    if (to.port === 0) throw this.#error('EINVAL', 'port 0 is nobody', to)
    return to
  }

  #flowTo(to: Endpoint): Flow {
    const key = to.ip.toString()
    let flow = this.#flows.get(key)
    if (flow === undefined) {
      const isGroup = to.ip.isMulticast || (to.ip.isV4 && to.ip.u32 === 0xffff_ffff)
      const nic = this.nic ?? (isGroup ? this.multicastNic : undefined)
      const local = this.#bound?.isMulticast === true ? undefined : this.#bound
      flow = this.#owner.stack.openFlow({ protocol: PROTOCOL_UDP, remote: to.ip, local, nic })
      this.#flows.set(key, flow)
    }
    if (!this.broadcast && flow.isBroadcast)
      throw this.#error('EACCES', 'sending to a broadcast address needs `broadcast`', to)
    const hopLimit = to.ip.isMulticast ? this.multicastHopLimit : this.hopLimit
    flow.hopLimit = hopLimit > 0 ? hopLimit : this.#owner.stack.settings.hopLimit
    flow.loopGroups = this.multicastLoop
    flow.dontFragment = this.dontFragment
    return flow
  }

  #sender(input: IpInput, port: number): Endpoint {
    const last = this.#lastFrom
    if (
      last !== undefined &&
      last.port === port &&
      isWords(this.#lastFromWords!, input.src0, input.src1, input.src2, input.src3)
    )
      return last
    this.#lastFromWords = { w0: input.src0, w1: input.src1, w2: input.src2, w3: input.src3 }
    return (this.#lastFrom = new Endpoint(input.source, port))
  }

  #receiver(input: IpInput): IpAddress {
    const last = this.#lastTo
    if (last !== undefined && isWords(this.#lastToWords!, input.dst0, input.dst1, input.dst2, input.dst3)) return last
    this.#lastToWords = { w0: input.dst0, w1: input.dst1, w2: input.dst2, w3: input.dst3 }
    return (this.#lastTo = input.destination)
  }

  #isInGroup(input: IpInput): boolean {
    return this.#groups.some(
      ({ words, nic }) => nic === input.nic && isWords(words, input.dst0, input.dst1, input.dst2, input.dst3),
    )
  }

  #requireOpen(): void {
    if (this.#isClosed)
      throw new ZtError('ENOTCONN', `the endpoint of UDP port ${this.port} is closed`, { port: this.port })
  }

  #error(code: ErrorCode, message: string, to: Endpoint): ZtError {
    return new ZtError(code, `send ${code} ${to}: ${message}`, {
      syscall: 'send',
      address: to.ip.toString(),
      port: to.port,
    })
  }
}

const MEANING: Partial<Record<ErrorCode, string>> = {
  ECONNREFUSED: 'nobody listens on that port',
  EMSGSIZE: 'a datagram was too large for the path',
}

function isWords(a: AddressWords, w0: number, w1: number, w2: number, w3: number): boolean {
  return a.w3 === w3 && a.w2 === w2 && a.w1 === w1 && a.w0 === w0
}
