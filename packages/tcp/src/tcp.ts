/**
 * TCP for one IP stack. This file holds the tables (who owns a segment) and the rhythm of a burst (segments in, then the
 * applications' handlers, then everything that is to be sent); the protocol is in `arrives/` and `send/`, the handshake
 * of the passive side in `open/`, TIME_WAIT in `close/`.
 */

import {
  type AddressWords,
  type Flow,
  type Interface,
  type IpError,
  type IpInput,
  type IpStack,
  PROTOCOL_TCP,
  TRANSPORT_OFFSET,
  Timer,
  type Transport,
  checksum,
  isMulticastWords,
  wordsOf,
} from '@zt/ipstack'
import { Counters, type Endpoint, type Instant, NEVER, RateGate, ZtError } from '@zt/sansio'
import { segmentArrives } from './arrives/segment-arrives.js'
import { type TimeWait, TimeWaitTable } from './close/time-wait.js'
import { Connection } from './connection.js'
import { endWith } from './end.js'
import { EphemeralPorts } from './open/ephemeral-ports.js'
import { type HalfOpen, HalfOpenTable } from './open/half-open.js'
import { Secrets } from './open/initial-sequence.js'
import { Listener, type ListenerOwner } from './open/listener.js'
import { negotiate, windowScaleFor } from './open/take-syn-options.js'
import { handleIcmp } from './arrives/handle-icmp.js'
import { InFlightPool } from './send/in-flight.js'
import { output } from './send/output.js'
import { BlockPool } from './send/send-buffer.js'
import { add, after, before, within } from './seq.js'
import { type TcpSettings, defaultSettings } from './settings.js'
import { State } from './states.js'
import { Event, Owed, type SegmentScratch, Tcb, type TcbHost } from './tcb.js'
import type { ConnectRequest, ListenRequest, TcpConnection, TcpListener, TcpOptions } from './tcp-connection.js'
import { expire } from './timers.js'
import { type Tuple, TupleTable } from './tuple-table.js'
import { writeSynOptions, writeTimestamps } from './wire/options.js'
import { Flag, HEADER_LENGTH, Segment, parseSegment, portsWord, word, writeHeader } from './wire/segment.js'

/** Turns of `output` in one flush; then applications, timers and the network have theirs. */
const TURNS_PER_FLUSH = 32
/** Bare segments (resets, SYN,ACKs, acknowledgements from TIME_WAIT) that wait for the end of a burst. */
const REPLIES_MAX = 256
/** With many half-open rows their deadlines are looked at this often, at the most. */
const HALF_OPEN_STEP = 100
const HALF_OPEN_FEW = 64

/** What the tuple table points to: a kind in the high bits, a number in the low ones. */
const Kind = { CONNECTION: 0, HALF_OPEN: 1, TIME_WAIT: 2 } as const
const KIND_SHIFT = 28
const NUMBER = 0xfff_ffff

/** A segment without a connection, to be sent at the end of the burst. */
interface Reply extends Tuple {
  readonly seq: number
  readonly ack: number
  readonly flags: number
  /** With timestamps: ours and theirs. */
  readonly tsval?: number
  readonly tsecr?: number
}

/**
 * TCP over an IP stack.
 *
 * @example
 * const tcp = new Tcp(stack)
 * tcp.listen({ port: 80, onConnection: (connection) => { connection.handler = { … } } })
 * const connection = tcp.connect({ remote: Endpoint.parse('10.0.0.2/80') })
 */
export class Tcp implements Transport, TcbHost, ListenerOwner {
  readonly settings: TcpSettings
  readonly counters = new Counters()
  /** For connections, not for applications. */
  readonly blocks = new BlockPool()
  readonly rings = new InFlightPool()
  readonly scratch: SegmentScratch
  readonly #stack: IpStack
  readonly #secrets: Secrets
  readonly #ports: EphemeralPorts
  readonly #tuples: TupleTable
  /** By number. A number is used again. */
  readonly #connections: (Connection | undefined)[] = []
  readonly #freeNumbers: number[] = []
  #connectionCount = 0
  readonly #listeners = new Map<number, Listener[]>()
  readonly #listenersById = new Map<number, Listener>()
  #nextListener = 0
  readonly #halfOpen = new HalfOpenTable()
  readonly #halfOpenTimer = new Timer({ handleTimer: (now) => this.#halfOpenExpired(now) })
  readonly #timeWait: TimeWaitTable
  readonly #timeWaitTimer = new Timer({ handleTimer: (now) => this.#timeWaitExpired(now) })
  // What is to be done at the end of the burst.
  #awake: Tcb[] = []
  #announced: Tcb[] = []
  /** Who waits for room on a link, first come first served; in a flush, who is to wait behind all of them. */
  #blocked: Tcb[] = []
  readonly #behind: Tcb[] = []
  /** Interfaces whose link has refused something in this flush. */
  readonly #fullNics: Interface[] = []
  #accepting: Listener[] = []
  #replies: Reply[] = []
  /** Rows whose SYN,ACK is to be sent; a row may be gone, or another's, by then. */
  #synAcks: { readonly row: number; readonly ports: number; readonly iss: number }[] = []
  readonly #segment = new Segment()
  readonly #resetGate: RateGate
  /** The random quota of challenge ACKs of this second. */
  #challengeSecond = -1
  #challengesLeft = 0
  #segmentsReceived = 0
  #isFlushing = false
  #hasAsked = false
  readonly #askAgain = (): void => this.#askForFlush()
  readonly #touch = (): Instant => this.#stack.touch()

  constructor(stack: IpStack, settings: Partial<TcpSettings> = {}) {
    this.settings = { ...defaultSettings, ...settings }
    this.#stack = stack
    this.scratch = { bytes: stack.scratch.bytes, view: stack.scratch.view, offset: TRANSPORT_OFFSET }
    this.#secrets = new Secrets(stack.random)
    this.#ports = new EphemeralPorts(this.settings.portFirst, this.settings.portLast, this.#secrets, stack.random)
    this.#tuples = new TupleTable(stack.random.u32())
    this.#timeWait = new TimeWaitTable(this.settings.timeWaitRowsMax)
    const { resetsPerSecond } = this.settings
    this.#resetGate = new RateGate(1000 / resetsPerSecond, resetsPerSecond)
    stack.registerTransport(PROTOCOL_TCP, this)
  }

  /**
   * Open a connection. Returns at once; `handler.connected` or `handler.closed` follows.
   * @throws ENETUNREACH, EADDRNOTAVAIL (local address or port), EADDRINUSE
   */
  connect(request: ConnectRequest): TcpConnection {
    const { remote, localIp, localPort = 0, handler, options = {} } = request
    requirePort(remote.port, 1)
    requirePort(localPort, 0)
    const to = wordsOf(remote.ip)
    if (remote.ip.isUnspecified || isMulticastWords(to.w0, to.w1, to.w2, to.w3)) {
      throw new ZtError('ENETUNREACH', `connect ENETUNREACH ${remote.ip}: not the address of one host`, facts(remote))
    }
    if (this.#connectionCount >= this.settings.connectionsMax) {
      throw new ZtError(
        'ENOBUFS',
        `connect ENOBUFS: there are ${this.#connectionCount} connections already`,
        facts(remote),
      )
    }
    const flow = this.#stack.openFlow({ protocol: PROTOCOL_TCP, remote: remote.ip, local: localIp })
    const tuple = this.#claimTuple(flow, remote, localPort)
    const now = this.#stack.touch()
    const connection = this.#create(tuple, flow, this.#secrets.initialSequence(tuple, now), 0, options)
    if (handler !== undefined) connection.handler = handler
    const { tcb } = connection
    tcb.become(State.SYN_SENT)
    tcb.snd.nxt = add(tcb.snd.iss, 1)
    tcb.updateMss()
    tcb.owe(Owed.SYN)
    return connection
  }

  /**
   * Accept connections on a port. @throws EADDRINUSE; EADDRNOTAVAIL if `ip` is not an address of this host, or no
   * ephemeral port is free.
   */
  listen(request: ListenRequest): TcpListener {
    const { ip } = request
    requirePort(request.port, 0)
    if (ip !== undefined && !ip.isUnspecified && !this.#stack.isLocal(ip)) {
      throw new ZtError('EADDRNOTAVAIL', `listen EADDRNOTAVAIL ${ip}: not an address of this host`, {
        address: ip.toString(),
      })
    }
    const port = request.port === 0 ? this.#freeListenPort() : request.port
    const listener = new Listener(this.#nextListener, request, port, this)
    const others = this.#listeners.get(port) ?? []
    if (others.some((other) => other.conflictsWith(listener))) {
      const { local } = listener
      throw new ZtError(
        'EADDRINUSE',
        `listen EADDRINUSE ${local.ip}:${port}: another listener has this port`,
        facts(local),
      )
    }
    this.#nextListener++
    this.#listeners.set(port, [...others, listener])
    this.#listenersById.set(listener.id, listener)
    return listener
  }

  /** All connections, those in TIME_WAIT excepted. */
  get connections(): readonly TcpConnection[] {
    return this.#connections.filter((connection) => connection !== undefined)
  }

  /** How full the tables are. */
  get sizes(): {
    readonly connections: number
    readonly halfOpen: number
    readonly timeWait: number
    readonly blocks: number
  } {
    return {
      connections: this.#connectionCount,
      halfOpen: this.#halfOpen.size,
      timeWait: this.#timeWait.size,
      blocks: this.blocks.lent,
    }
  }

  // Transport: called by the IP stack

  handleSegment(input: IpInput, bytes: Uint8Array, offset: number, length: number): boolean {
    const seg = this.#segment
    if (!input.isUnicast) return this.#drop('not-unicast')
    if (length < HEADER_LENGTH) return this.#drop('malformed')
    if (!input.isChecksumValid(bytes, offset, length)) return this.#drop('bad-checksum')
    if (!parseSegment(bytes, offset, length, seg)) return this.#drop('malformed')
    if (!areFlagsSane(seg.flags) || seg.sourcePort === 0 || seg.destinationPort === 0) return this.#drop('bad-flags')
    this.#segmentsReceived++
    seg.now = input.now
    seg.ecn = input.ecn
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = input
    const found = this.#tuples.find(src0, src1, src2, src3, dst0, dst1, dst2, dst3, word(bytes, offset))
    if (found >= 0 && found >> KIND_SHIFT === Kind.CONNECTION) {
      const { tcb } = this.#connections[found]!
      if (!segmentArrives(tcb, seg, bytes)) this.#refuse(tupleOf(input, seg), seg)
      return true
    }
    this.#strange(found, tupleOf(input, seg), seg, bytes)
    return true
  }

  handleError(error: IpError, bytes: Uint8Array, offset: number, length: number): void {
    if (length < 8) return
    const { local: l, remote: r } = error
    const ports = word(bytes, offset)
    const swapped = portsWord(ports & 0xffff, ports >>> 16)
    const found = this.#tuples.find(r.w0, r.w1, r.w2, r.w3, l.w0, l.w1, l.w2, l.w3, swapped)
    if (found < 0 || found >> KIND_SHIFT !== Kind.CONNECTION) {
      this.counters.count('icmp-ignored')
      return
    }
    const { tcb } = this.#connections[found]!
    if (handleIcmp(tcb, error, word(bytes, offset + 4))) this.#stack.reportPathMtu(r, error.mtu)
  }

  flush(now: Instant): void {
    this.#isFlushing = true
    this.#hasAsked = false
    try {
      this.#flush(now)
    } finally {
      this.#isFlushing = false
    }
    // The rest has its turn after timers, applications and the network.
    if (this.#awake.length > 0) this.#stack.defer(this.#askAgain)
  }

  #flush(now: Instant): void {
    if (this.#segmentsReceived > 0) {
      this.counters.count('segments-received', this.#segmentsReceived)
      this.#segmentsReceived = 0
    }
    this.#sendReplies()
    this.#sendSynAcks(now)
    this.#fullNics.length = 0
    this.#resumeBlocked()
    for (let turns = 0; turns < TURNS_PER_FLUSH;) {
      this.#tellApplications()
      if (this.#awake.length === 0) break
      const awake = this.#awake
      this.#awake = []
      turns += awake.length
      for (const tcb of awake) this.#serve(tcb, now)
    }
    for (const tcb of this.#behind.splice(0)) this.#block(tcb)
  }

  handlePathChange(now: Instant): void {
    for (const connection of this.#connections) {
      if (connection === undefined) continue
      const { tcb } = connection
      const flow = tcb.sink as Flow
      if (flow.problem === 'EADDRNOTAVAIL') endWith(tcb, 'EADDRNOTAVAIL', now)
      else if (flow.problem === undefined) tcb.pathChanged()
    }
  }

  // TcbHost: called by connections

  wake(tcb: Tcb): void {
    if (tcb.isAwake) return
    // Who waits for a link has its turn in every flush.
    if (!tcb.isBlocked) {
      tcb.isAwake = true
      this.#awake.push(tcb)
    }
    this.#askForFlush()
  }

  announce(tcb: Tcb): void {
    if (tcb.isAnnounced) return
    tcb.isAnnounced = true
    this.#announced.push(tcb)
    this.#askForFlush()
  }

  arm(tcb: Tcb, at: Instant): void {
    this.#stack.timers.schedule(tcb.timer, at)
  }

  timerExpired(tcb: Tcb, now: Instant): void {
    expire(tcb, now)
  }

  retire(tcb: Tcb, now: Instant): void {
    const { number, tuple } = tcb
    this.#connections[number] = undefined
    this.#freeNumbers.push(number)
    this.#connectionCount--
    this.#tuples.delete(tuple)
    if (tcb.state !== State.TIME_WAIT) return
    const { rcv, snd, timestampsOk, tsRecent, tsOffset } = tcb
    this.#enterTimeWait({ ...tuple, rcvNxt: rcv.nxt, sndNxt: snd.nxt, timestampsOk, tsRecent, tsOffset }, now)
  }

  mayChallenge(now: Instant): boolean {
    const second = Math.floor(now / 1000)
    if (second !== this.#challengeSecond) {
      // Half to one and a half times the setting: what is left of it tells an observer nothing.
      const quota = this.settings.challengesPerSecond
      this.#challengeSecond = second
      this.#challengesLeft = (quota >> 1) + (this.#stack.random.u32() % (quota + 1))
    }
    if (this.#challengesLeft === 0) return false
    this.#challengesLeft--
    return true
  }

  // ListenerOwner

  wakeListener(listener: Listener): void {
    this.#accepting.push(listener)
    this.#askForFlush()
  }

  closeListener(listener: Listener): void {
    const { port } = listener.local
    const others = this.#listeners.get(port)!.filter((other) => other !== listener)
    if (others.length === 0) this.#listeners.delete(port)
    else this.#listeners.set(port, others)
    this.#listenersById.delete(listener.id)
    for (let row = 0; row < this.#halfOpen.rows; row++) {
      if (this.#halfOpen.isUsed(row) && this.#halfOpen.listener(row) === listener.id) this.#removeHalfOpen(row)
    }
  }

  // The end of a burst

  /** Once a burst. A callback that the stack itself has deferred may be what asks, so deferring is what is sure to help. */
  #askForFlush(): void {
    if (this.#isFlushing || this.#hasAsked) return
    this.#hasAsked = true
    this.#stack.defer(NOTHING)
  }

  /** Handlers run with the stack at rest. What they throw is thrown again later, when nothing can be harmed by it. */
  #tellApplications(): void {
    while (this.#accepting.length > 0 || this.#announced.length > 0) {
      const accepting = this.#accepting
      this.#accepting = []
      for (const listener of accepting) this.#accept(listener)
      const announced = this.#announced
      this.#announced = []
      for (const tcb of announced) {
        tcb.isAnnounced = false
        // One that was not accepted yet has nobody to tell.
        if (!tcb.isWaiting) this.#guarded(() => tcb.application?.deliver())
      }
    }
  }

  #accept(listener: Listener): void {
    while (listener.waiting.length > 0 && !listener.isPaused) {
      const { tcb } = listener.waiting[0]!
      tcb.isWaiting = false
      this.#guarded(() => listener.acceptOne())
      // What happened before it was handed over is told now.
      if (tcb.events !== 0) this.announce(tcb)
    }
  }

  #guarded<T>(run: () => T): T | undefined {
    try {
      return run()
    } catch (error) {
      this.counters.count('handler-threw')
      this.#stack.defer(() => {
        throw error
      })
      return undefined
    }
  }

  /**
   * Who waits for a full link comes before all others, in order, or those who are woken by acknowledgements would take
   * every room there is.
   */
  #resumeBlocked(): void {
    if (this.#blocked.length === 0) return
    const line = this.#blocked
    this.#blocked = []
    for (const tcb of line) {
      tcb.isBlocked = false
      tcb.isAwake = true
    }
    this.#awake = line.concat(this.#awake)
  }

  #serve(tcb: Tcb, now: Instant): void {
    tcb.isAwake = false
    const { nic } = tcb.sink as Flow
    if (this.#fullNics.includes(nic)) {
      this.#block(tcb)
      return
    }
    const sentBefore = tcb.segmentsSent
    const outcome = output(tcb, now)
    if (outcome === 'more') this.wake(tcb)
    if (outcome !== 'full') return
    this.counters.count('link-full')
    this.#fullNics.push(nic)
    // Who has sent something goes to the end of the line.
    if (tcb.segmentsSent > sentBefore) this.#behind.push(tcb)
    else this.#block(tcb)
  }

  #block(tcb: Tcb): void {
    if (tcb.isBlocked) return
    tcb.isBlocked = true
    this.#blocked.push(tcb)
  }

  #sendReplies(): void {
    const replies = this.#replies
    if (replies.length === 0) return
    this.#replies = []
    for (const reply of replies) this.#sendReply(reply)
  }

  #sendSynAcks(now: Instant): void {
    const synAcks = this.#synAcks
    if (synAcks.length === 0) return
    this.#synAcks = []
    for (const { row, ports, iss } of synAcks) {
      if (!this.#halfOpen.isUsed(row)) continue
      const half = this.#halfOpen.get(row)
      if (half.ports === ports && half.iss === iss) this.#sendSynAck(half, now)
    }
  }

  #sendSynAck(half: HalfOpen, now: Instant): void {
    const flow = this.#flowFor(half)
    if (flow === undefined) return
    const { settings } = this
    const { bytes, view, offset } = this.scratch
    const tsval = (Math.floor(now) + this.#secrets.timestampOffset(half)) | 0
    const mss = Math.min(flow.maxSegment - HEADER_LENGTH, settings.mssMax)
    const scale = half.windowScale < 0 ? -1 : windowScaleFor(settings.receiveBufferMaxBytes)
    const end = writeSynOptions(
      view,
      offset + HEADER_LENGTH,
      mss,
      scale,
      half.sackOk,
      half.timestampsOk,
      tsval,
      half.tsval,
    )
    const length = end - offset
    const ports = portsWord(half.ports & 0xffff, half.ports >>> 16)
    const wnd = Math.min(settings.receiveBufferBytes, 65_535)
    writeHeader(view, offset, ports, half.iss, add(half.irs, 1), length, Flag.SYN | Flag.ACK, wnd)
    view.setUint16(offset + 16, checksum(bytes, offset, length, flow.pseudoSum + length))
    flow.send(length)
  }

  #sendReply(reply: Reply): void {
    const flow = this.#flowFor(reply)
    if (flow === undefined) return
    const { bytes, view, offset } = this.scratch
    let end = offset + HEADER_LENGTH
    if (reply.tsval !== undefined) end = writeTimestamps(view, end, reply.tsval, reply.tsecr ?? 0)
    const length = end - offset
    writeHeader(
      view,
      offset,
      portsWord(reply.ports & 0xffff, reply.ports >>> 16),
      reply.seq,
      reply.ack,
      length,
      reply.flags,
      0,
    )
    view.setUint16(offset + 16, checksum(bytes, offset, length, flow.pseudoSum + length))
    flow.send(length)
  }

  #flowFor(tuple: Tuple): Flow | undefined {
    const remote: AddressWords = { w0: tuple.r0, w1: tuple.r1, w2: tuple.r2, w3: tuple.r3 }
    const local: AddressWords = { w0: tuple.l0, w1: tuple.l1, w2: tuple.l2, w3: tuple.l3 }
    const flow = this.#stack.tryFlow(PROTOCOL_TCP, remote, local)
    return typeof flow === 'string' ? undefined : flow
  }

  #queueReply(reply: Reply): void {
    if (this.#replies.length >= REPLIES_MAX) {
      this.counters.count('replies-limited')
      return
    }
    this.#replies.push(reply)
    this.#askForFlush()
  }

  // Segments without a connection

  #strange(found: number, tuple: Tuple, seg: Segment, bytes: Uint8Array): void {
    const number = found & NUMBER
    if (found >= 0 && found >> KIND_SHIFT === Kind.HALF_OPEN) this.#inHalfOpen(number, tuple, seg, bytes)
    else if (found >= 0) this.#inTimeWait(number, tuple, seg)
    else this.#inListen(tuple, seg, undefined)
  }

  /** LISTEN, RFC 9293 section 3.10.7.2, or CLOSED, section 3.10.7.1. */
  #inListen(tuple: Tuple, seg: Segment, previous: TimeWait | undefined): void {
    if (seg.has(Flag.RST)) {
      this.counters.count('reset-for-nobody')
      return
    }
    const listener = seg.has(Flag.ACK) ? undefined : this.#listenerFor(tuple)
    if (listener === undefined) {
      this.#refuse(tuple, seg)
      return
    }
    if (!seg.has(Flag.SYN)) {
      this.#drop('not-syn')
      return
    }
    this.#makeRoom(listener)
    this.counters.count('syn-received')
    const { settings } = this
    let iss = this.#secrets.initialSequence(tuple, seg.now)
    // Beyond what the previous connection of the same ends used (RFC 6191 section 2).
    if (previous !== undefined && !after(iss, previous.sndNxt)) iss = add(previous.sndNxt, 65_537)
    const entry: HalfOpen = {
      ...tuple,
      irs: seg.seq,
      iss,
      mss: seg.mss,
      windowScale: seg.windowScale,
      wnd: seg.wnd,
      sackOk: settings.sack && seg.sackPermitted,
      timestampsOk: settings.timestamps && seg.hasTimestamp,
      tsval: seg.hasTimestamp ? seg.tsval : 0,
      listener: listener.id,
    }
    const row = this.#halfOpen.add(entry, seg.now, seg.now + settings.rtoInitialMs)
    listener.halfOpen++
    this.#tuples.set(tuple, (Kind.HALF_OPEN << KIND_SHIFT) | row)
    this.#answerSyn(row)
    this.#armHalfOpen(seg.now)
  }

  #makeRoom(listener: Listener): void {
    const { halfOpenMax, halfOpenPerListenerMax } = this.settings
    let victim = -1
    if (listener.halfOpen >= halfOpenPerListenerMax) victim = this.#halfOpen.oldest(listener.id)
    else if (this.#halfOpen.size >= halfOpenMax) victim = this.#halfOpen.oldest(-1)
    if (victim < 0) return
    this.counters.count('half-open-evicted')
    this.#removeHalfOpen(victim)
  }

  /** Send the SYN,ACK of a row at the end of the burst. */
  #answerSyn(row: number): void {
    const { ports, iss } = this.#halfOpen.get(row)
    this.#synAcks.push({ row, ports, iss })
    this.#askForFlush()
  }

  #inHalfOpen(row: number, tuple: Tuple, seg: Segment, bytes: Uint8Array): void {
    const irs = this.#halfOpen.irs(row)
    if (seg.has(Flag.RST)) {
      if (seg.seq === add(irs, 1)) this.#removeHalfOpen(row)
      else this.#drop('bad-reset')
      return
    }
    if (seg.has(Flag.SYN)) {
      if (seg.seq === irs && !seg.has(Flag.ACK)) this.#answerSyn(row)
      else if (this.mayChallenge(seg.now)) {
        this.#queueReply({ ...tuple, seq: add(this.#halfOpen.iss(row), 1), ack: add(irs, 1), flags: Flag.ACK })
      }
      return
    }
    if (!seg.has(Flag.ACK)) {
      this.#drop('no-ack')
      return
    }
    if (seg.ack !== add(this.#halfOpen.iss(row), 1)) {
      this.#refuse(tuple, seg)
      return
    }
    const offered = Math.min(this.settings.receiveBufferBytes, 65_535)
    if (!within(seg.seq, add(irs, 1), add(irs, 1 + offered))) {
      this.#drop('out-of-window')
      return
    }
    this.#promote(row, tuple, seg, bytes)
  }

  /** The third segment of the handshake: now it is a connection. */
  #promote(row: number, tuple: Tuple, seg: Segment, bytes: Uint8Array): void {
    const half = this.#halfOpen.get(row)
    // PAWS would refuse it, too late: what was promoted is no longer half open, and would be nobody's.
    if (half.timestampsOk && seg.hasTimestamp && before(seg.tsval, half.tsval)) {
      this.#drop('paws')
      return
    }
    const listener = this.#listenersById.get(half.listener)!
    // Without room for it the segment is as good as lost: the SYN,ACK will be sent again, and this repeated.
    if (listener.isFull || this.#connectionCount >= this.settings.connectionsMax) {
      this.#drop('accept-queue-full')
      return
    }
    const flow = this.#flowFor(tuple)
    if (flow === undefined) return
    const retries = this.#halfOpen.retries(row)
    const sentAt = this.#halfOpen.startedAt(row)
    this.#removeHalfOpen(row)
    const connection = this.#create(tuple, flow, half.iss, half.irs, listener.options)
    const { tcb } = connection
    tcb.become(State.SYN_RCVD)
    negotiate(tcb, half.mss, half.windowScale, half.sackOk, half.timestampsOk, half.tsval, seg.now)
    const { snd, rcv } = tcb
    rcv.start(add(half.irs, 1), Math.min(rcv.limit, 65_535))
    snd.nxt = add(half.iss, 1)
    snd.wnd = snd.maxWnd = half.wnd
    snd.wl1 = half.irs
    snd.wl2 = half.iss
    snd.lastSentAt = sentAt
    tcb.synRetries = retries
    tcb.isWaiting = true
    segmentArrives(tcb, seg, bytes)
    if (tcb.state === State.SYN_RCVD) return
    this.counters.count('accepted')
    tcb.events &= ~Event.CONNECTED
    listener.enqueue(connection)
  }

  /** @see RFC 9293 section 3.10.7.4, RFC 1337, RFC 6191 section 2 */
  #inTimeWait(row: number, tuple: Tuple, seg: Segment): void {
    const old = this.#timeWait.get(row)
    if (seg.has(Flag.RST)) {
      this.#drop('reset-in-time-wait')
      return
    }
    const isNewer =
      old.timestampsOk && seg.hasTimestamp && seg.tsval !== old.tsRecent
        ? after(seg.tsval, old.tsRecent)
        : after(seg.seq, old.rcvNxt)
    if (seg.has(Flag.SYN) && !seg.has(Flag.ACK) && isNewer && this.#listenerFor(tuple) !== undefined) {
      this.#timeWait.remove(row)
      this.#tuples.delete(tuple)
      this.#inListen(tuple, seg, old)
      return
    }
    if (seg.has(Flag.FIN) && add(seg.seq, seg.len) === old.rcvNxt) {
      this.#timeWait.remove(row)
      this.#enterTimeWait({ ...old, tsRecent: seg.hasTimestamp ? seg.tsval : old.tsRecent }, seg.now)
    } else if (seg.len === 0 && !before(seg.seq, old.rcvNxt)) {
      return
    }
    if (!this.mayChallenge(seg.now)) return
    const ack = { ...tuple, seq: old.sndNxt, ack: old.rcvNxt, flags: Flag.ACK }
    const tsval = (Math.floor(seg.now) + old.tsOffset) | 0
    this.#queueReply(old.timestampsOk ? { ...ack, tsval, tsecr: old.tsRecent } : ack)
  }

  /** Nobody is there, or not for this segment. @see RFC 9293 section 3.10.7.1 */
  #refuse(tuple: Tuple, seg: Segment): void {
    if (seg.has(Flag.RST)) return
    if (!this.#resetGate.pass(seg.now)) {
      this.counters.count('resets-limited')
      return
    }
    this.counters.count('reset-sent')
    if (seg.has(Flag.ACK)) this.#queueReply({ ...tuple, seq: seg.ack, ack: 0, flags: Flag.RST })
    else this.#queueReply({ ...tuple, seq: 0, ack: add(seg.seq, seg.len), flags: Flag.RST | Flag.ACK })
  }

  #drop(reason: string): true {
    this.counters.count(reason)
    return true
  }

  // Tables

  #create(tuple: Tuple, flow: Flow, iss: number, irs: number, options: TcpOptions): Connection {
    const tcb = new Tcb(this, flow, tuple, iss, irs, options.congestion ?? this.settings.congestion)
    tcb.tsOffset = this.#secrets.timestampOffset(tuple)
    tcb.noDelay = options.noDelay ?? false
    tcb.keepAliveIdleMs = options.keepAliveIdleMs ?? 0
    tcb.userTimeoutMs = options.userTimeoutMs ?? 0
    tcb.number = this.#freeNumbers.pop() ?? this.#connections.length
    const connection = new Connection(tcb, this.#touch)
    this.#connections[tcb.number] = connection
    this.#connectionCount++
    this.#tuples.set(tuple, (Kind.CONNECTION << KIND_SHIFT) | tcb.number)
    return connection
  }

  /** Both ends of a new connection. @throws EADDRINUSE, EADDRNOTAVAIL */
  #claimTuple(flow: Flow, remote: Endpoint, localPort: number): Tuple {
    const { local: l, remote: r } = flow
    const base: Tuple = {
      r0: r.w0,
      r1: r.w1,
      r2: r.w2,
      r3: r.w3,
      l0: l.w0,
      l1: l.w1,
      l2: l.w2,
      l3: l.w3,
      ports: remote.port << 16,
    }
    const isFree = (port: number): boolean =>
      this.#tuples.find(base.r0, base.r1, base.r2, base.r3, base.l0, base.l1, base.l2, base.l3, base.ports | port) < 0
    if (localPort !== 0) {
      if (isFree(localPort)) return { ...base, ports: base.ports | localPort }
      throw new ZtError(
        'EADDRINUSE',
        `connect EADDRINUSE: port ${localPort} is connected to ${remote} already`,
        facts(remote),
      )
    }
    const port = this.#ports.choose(base, (candidate) => !this.#listeners.has(candidate) && isFree(candidate))
    if (port !== undefined) return { ...base, ports: base.ports | port }
    throw new ZtError(
      'EADDRNOTAVAIL',
      `connect EADDRNOTAVAIL: every port is connected to ${remote} already`,
      facts(remote),
    )
  }

  #freeListenPort(): number {
    const nobody: Tuple = { r0: 0, r1: 0, r2: 0, r3: 0, l0: 0, l1: 0, l2: 0, l3: 0, ports: 0 }
    const port = this.#ports.choose(nobody, (candidate) => !this.#listeners.has(candidate))
    if (port === undefined)
      throw new ZtError('EADDRNOTAVAIL', 'listen EADDRNOTAVAIL: every ephemeral port has a listener')
    return port
  }

  #listenerFor(tuple: Tuple): Listener | undefined {
    let best: Listener | undefined
    let bestRank = 0
    for (const listener of this.#listeners.get(tuple.ports & 0xffff) ?? []) {
      const rank = listener.rank(tuple.l0, tuple.l1, tuple.l2, tuple.l3)
      if (rank > bestRank) [best, bestRank] = [listener, rank]
    }
    return best
  }

  #removeHalfOpen(row: number): void {
    const entry = this.#halfOpen.get(row)
    const listener = this.#listenersById.get(entry.listener)
    if (listener !== undefined) listener.halfOpen--
    this.#tuples.delete(entry)
    this.#halfOpen.remove(row)
  }

  #armHalfOpen(now: Instant): void {
    const table = this.#halfOpen
    let next = NEVER
    for (let row = 0; row < table.rows; row++)
      if (table.isUsed(row) && table.deadline(row) < next) next = table.deadline(row)
    if (table.size > HALF_OPEN_FEW) next = Math.max(next, now + HALF_OPEN_STEP)
    this.#stack.timers.schedule(this.#halfOpenTimer, next)
  }

  #halfOpenExpired(now: Instant): void {
    const table = this.#halfOpen
    const { synAckRetriesMax, rtoInitialMs } = this.settings
    for (let row = 0; row < table.rows; row++) {
      if (!table.isUsed(row) || table.deadline(row) > now) continue
      const retries = table.retries(row) + 1
      if (retries > synAckRetriesMax) {
        this.counters.count('half-open-expired')
        this.#removeHalfOpen(row)
        continue
      }
      table.retried(row, now + rtoInitialMs * 2 ** retries)
      this.#answerSyn(row)
    }
    this.#armHalfOpen(now)
  }

  #enterTimeWait(entry: TimeWait, now: Instant): void {
    if (this.#timeWait.isFull) {
      const oldest = this.#timeWait.takeExpired(NEVER)
      if (oldest !== undefined) this.#tuples.delete(oldest)
      this.counters.count('time-wait-evicted')
    }
    const row = this.#timeWait.add(entry, now + this.settings.timeWaitMs)
    this.#tuples.set(entry, (Kind.TIME_WAIT << KIND_SHIFT) | row)
    if (!this.#timeWaitTimer.isArmed) this.#stack.timers.schedule(this.#timeWaitTimer, this.#timeWait.next())
  }

  #timeWaitExpired(now: Instant): void {
    for (let old = this.#timeWait.takeExpired(now); old; old = this.#timeWait.takeExpired(now)) this.#tuples.delete(old)
    this.#stack.timers.schedule(this.#timeWaitTimer, this.#timeWait.next())
  }
}

const NOTHING = (): void => {}

function tupleOf(input: IpInput, seg: Segment): Tuple {
  return {
    r0: input.src0,
    r1: input.src1,
    r2: input.src2,
    r3: input.src3,
    l0: input.dst0,
    l1: input.dst1,
    l2: input.dst2,
    l3: input.dst3,
    ports: portsWord(seg.sourcePort, seg.destinationPort),
  }
}

function facts({ ip, port }: Endpoint): { readonly address: string; readonly port: number } {
  return { address: ip.toString(), port }
}

/** Combinations that no TCP sends, and none at all. */
function areFlagsSane(flags: number): boolean {
  const control = flags & (Flag.SYN | Flag.FIN | Flag.RST | Flag.ACK)
  if (control === 0) return false
  return !(flags & Flag.SYN && flags & (Flag.FIN | Flag.RST))
}

function requirePort(port: number, least: number): void {
  if (Number.isInteger(port) && port >= least && port <= 65_535) return
  throw new ZtError('ZT_ARG_INVALID', `expected a port of ${least} to 65535, got ${port}`)
}
