/**
 * The state of one connection, called transmission control block since RFC 793. It only holds state and the few moves
 * that keep it consistent; what changes it is in `arrives/` (segments), `send/output.ts` (transmission), `timers.ts` and
 * `connection.ts` (the application).
 */

import { type Counters, type Instant, NEVER, type RateGate, type ZtError, invariant } from '@zt/sansio'
import { Timer, type TimerOwner } from '@zt/ipstack'
import { chooseController } from './congestion/choose.js'
import type { CongestionController } from './congestion/controller.js'
import { ReceiveSpace } from './receive/receive-space.js'
import { type InFlight, type InFlightPool, Mark } from './send/in-flight.js'
import { Rack } from './send/rack.js'
import { Phase, Recovery } from './send/recovery.js'
import { RoundTrip } from './send/round-trip.js'
import type { BlockPool } from './send/send-buffer.js'
import { SendSpace } from './send/send-space.js'
import type { Seq } from './seq.js'
import type { CongestionName, TcpSettings } from './settings.js'
import { State, isLegalMove } from './states.js'
import type { Tuple } from './tuple-table.js'
import { portsWord } from './wire/segment.js'

/** Where segments go. A `Flow` of the IP stack, or a script. */
export interface SegmentSink {
  /** The pseudo-header's sum without the length of the segment. */
  readonly pseudoSum: number
  readonly family: 4 | 6
  /** The largest segment, header included, that goes in one IP packet. */
  readonly maxSegment: number
  /** Send what stands in the scratch. */
  send(length: number, ecn?: number): SendResult
  /** The peer acknowledged something: its link is alive. */
  confirm(): void
}

/** What a sink did with a segment; see `@zt/ipstack`. */
export type SendResult = 'sent' | 'full' | 'too-big' | 'unreachable'

/** The buffer in which segments are built; `offset` is where their header begins. */
export interface SegmentScratch {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly offset: number
}

/** What a connection needs from the table that holds it. */
export interface TcbHost {
  readonly settings: TcpSettings
  readonly counters: Counters
  readonly blocks: BlockPool
  readonly rings: InFlightPool
  readonly scratch: SegmentScratch
  /** There may be something to send at the end of this burst. */
  wake(tcb: Tcb): void
  /** There are events for the application. */
  announce(tcb: Tcb): void
  /** Arm the wheel for the earliest of the connection's deadlines. */
  arm(tcb: Tcb, at: Instant): void
  timerExpired(tcb: Tcb, now: Instant): void
  /** The connection is over: remove it from the tables, into TIME_WAIT if that is its state. */
  retire(tcb: Tcb, now: Instant): void
  /** May one more challenge ACK be sent, counting all connections? */
  mayChallenge(now: Instant): boolean
}

/** What the application is to be told. */
export const Event = { CONNECTED: 1, READABLE: 2, WRITABLE: 4, ENDED: 8, CLOSED: 16 } as const

/** What to send beside text, decided while segments are processed, done in `output`. */
export const Owed = {
  /** An acknowledgement, at once. */
  ACK: 1,
  /** A SYN or SYN,ACK (again). */
  SYN: 2,
  /** A probe of a closed window: a byte beyond it. */
  WINDOW_PROBE: 4,
  /** A tail loss probe. */
  TAIL_PROBE: 8,
  /** A keep-alive: an old sequence number, so that the peer must answer. */
  KEEP_ALIVE: 16,
  /** The reset that ends it. */
  RESET: 32,
} as const

/** Acknowledgements at the start of a connection and after a pause that are not delayed. */
export const QUICK_ACKS = 16

export class Tcb implements TimerOwner {
  readonly host: TcbHost
  readonly sink: SegmentSink
  /** Both ends. */
  readonly tuple: Tuple
  /** Our port and theirs, as they stand in our headers. */
  readonly ports: number
  /** Its place in the host's table. */
  number = -1
  /** Who is told of events, once there is somebody. */
  application: { deliver(): void } | undefined = undefined
  state: State = State.CLOSED
  readonly snd: SendSpace
  readonly rcv: ReceiveSpace
  readonly rtt: RoundTrip
  readonly rack: Rack
  readonly recovery = new Recovery()
  cc: CongestionController
  readonly congestion: CongestionName

  // Negotiated options.
  hasScaling = false
  sackOk = false
  timestampsOk = false
  /** Ours: added to the clock, so that uptime is not disclosed and no two connections share a clock. */
  tsOffset = 0
  /** TS.Recent of RFC 7323 and when it was taken. */
  tsRecent = 0
  tsRecentAt: Instant = 0

  // What is owed, bits of `Owed`, and events, bits of `Event`.
  owed = 0
  events = 0
  /** Without SACK: acknowledgements to send for segments out of order, one each. */
  duplicateAcks = 0
  isAwake = false
  isAnnounced = false
  /** Waits for the link to have room. */
  isBlocked = false

  // Acknowledging.
  quickAcks = QUICK_ACKS
  /** The application tends to answer: an acknowledgement can ride on the answer. */
  isInteractive = false
  /** When a segment last arrived, and when one with text did. */
  lastReceivedAt: Instant = 0
  lastTextAt: Instant = 0
  /** Text that arrived in order since the last acknowledgement was sent. */
  unacknowledged = 0

  // Deadlines, all that a connection may do unasked. The wheel knows the earliest.
  readonly timer = new Timer(this)
  /** No acknowledgement for the first byte in flight, or for our SYN: send again. */
  retransmitAt: Instant = NEVER
  /** No acknowledgement for the last byte in flight: provoke one. */
  probeTailAt: Instant = NEVER
  /** What was overtaken has had the time it may need: take it for lost. */
  reorderAt: Instant = NEVER
  /** The peer's window is closed: probe it. */
  persistAt: Instant = NEVER
  /** An acknowledgement has been held back long enough. */
  ackAt: Instant = NEVER
  /** Silence: ask whether the peer is still there. Or, in FIN_WAIT_2 without an owner: it will not close any more. */
  idleAt: Instant = NEVER
  /** A corked segment has waited long enough. */
  corkAt: Instant = NEVER

  // Retrying.
  retries = 0
  /** When the present trouble began: no acknowledgement since. For the user timeout. */
  troubleSince: Instant = NEVER
  synRetries = 0
  keepAliveTries = 0
  timeouts = 0
  segmentsSent = 0
  tailLossProbes = 0
  /** A tail loss probe is out: it ended here, and whether it was a retransmission. */
  tailProbeOut = false
  tailProbeEnd: Seq = 0
  tailProbeWasRetransmission = false
  /** New text was sent or acknowledged: the time of the next tail loss probe is to be computed anew. */
  isTailProbeDue = false
  /** A byte beyond a closed window is out, and how often it was answered with the same closed window. */
  windowProbeOut = false
  persistBackoff = 0

  // Is the window what holds us back? For this round trip, that is until `usageEnd` is acknowledged.
  isCwndLimited = false
  maxPipe = 0
  usageEnd: Seq
  roundEnd: Seq

  // The application's wishes.
  noDelay = false
  isCorked = false
  isCorkOverdue = false
  keepAliveIdleMs = 0
  keepAliveIntervalMs: number
  keepAliveProbes: number
  userTimeoutMs = 0
  /** `close` was called: nobody will read any more. */
  isOrphan = false
  /** Accepted by the stack, but not yet by the application. */
  isWaiting = false
  /** Out of the tables; at most a last segment is still to be sent. */
  isRetired = false
  /** The error the connection ended with, and a hint of the network that may explain a later timeout. */
  error: ZtError | undefined = undefined
  softError: 'EHOSTUNREACH' | 'ENETUNREACH' | undefined = undefined
  /** Challenge ACKs of this connection; made when first needed. */
  challenges: RateGate | undefined = undefined

  constructor(host: TcbHost, sink: SegmentSink, tuple: Tuple, iss: Seq, irs: Seq, congestion: CongestionName) {
    const { settings } = host
    this.host = host
    this.sink = sink
    this.tuple = tuple
    this.ports = portsWord(tuple.ports & 0xffff, tuple.ports >>> 16)
    this.snd = new SendSpace(iss, settings.sendBufferBytes, host.blocks)
    this.rcv = new ReceiveSpace(irs, settings.receiveBufferBytes)
    this.rtt = new RoundTrip(settings)
    this.rack = new Rack(iss)
    this.congestion = congestion
    this.cc = this.#startCongestionControl()
    this.recovery.point = iss
    this.usageEnd = this.roundEnd = iss
    this.keepAliveIntervalMs = settings.keepAliveIntervalMs
    this.keepAliveProbes = settings.keepAliveProbes
  }

  /** Move to another state. An illegal move is a bug here. */
  become(state: State): void {
    invariant(isLegalMove(this.state, state), `no move from state ${this.state} to ${state}`)
    this.state = state
  }

  /** Something is to be sent at the end of the burst. */
  owe(what: number): void {
    this.owed |= what
    this.host.wake(this)
  }

  wake(): void {
    this.host.wake(this)
  }

  /** The application is to be told at the end of the burst. */
  tell(events: number): void {
    this.events |= events
    this.host.announce(this)
  }

  /** The ring, made when first needed. */
  get inFlight(): InFlight {
    return (this.snd.ring ??= this.host.rings.take())
  }

  /** Give the ring back when nothing is in flight, so that an idle connection holds none. */
  releaseRing(): void {
    if (this.snd.ring === undefined || this.snd.ring.count > 0) return
    this.host.rings.give(this.snd.ring)
    this.snd.ring = undefined
  }

  get pipe(): number {
    const ring = this.snd.ring
    if (ring === undefined) return 0
    return this.sackOk ? ring.pipe : Math.max(0, ring.pipe - this.recovery.duplicates * this.snd.mss)
  }

  /** Our timestamp clock: milliseconds from a secret start. */
  timestamp(now: Instant): number {
    return (Math.floor(now) + this.tsOffset) | 0
  }

  handleTimer(now: Instant): void {
    this.host.timerExpired(this, now)
  }

  /** File the earliest deadline. */
  rearm(): void {
    const { retransmitAt, probeTailAt, reorderAt, persistAt, ackAt, idleAt, corkAt } = this
    this.host.arm(this, Math.min(retransmitAt, probeTailAt, reorderAt, persistAt, ackAt, idleAt, corkAt))
  }

  /** Route or MTU may have changed. What is in flight and too large now is lost, but not to congestion. */
  pathChanged(): void {
    const before = this.snd.mss
    this.updateMss()
    const { ring, mss } = this.snd
    if (mss >= before || ring === undefined || this.state < State.ESTABLISHED) return
    if (this.recovery.phase === Phase.OPEN) {
      this.recovery.begin(Phase.RECOVERY, this.snd.una, this.snd.nxt, Math.max(ring.pipe, mss))
      this.recovery.canUndo = false
      this.cc.ssthresh = this.cc.cwnd
    }
    for (let i = 0; i < ring.count; i++) if (ring.length(i) > mss && !(ring.marks(i) & Mark.SACKED)) ring.markLost(i)
    this.wake()
  }

  /** What peer, path and settings allow as text in a segment with our usual options. */
  updateMss(): void {
    const { snd, host } = this
    const most = Math.min(snd.peerMss, this.sink.maxSegment - 20, host.settings.mssMax)
    const mss = Math.max(1, most - (this.timestampsOk ? 12 : 0))
    if (mss === snd.mss) return
    snd.mss = mss
    if (this.state >= State.ESTABLISHED) this.cc.onMssChange(mss)
    else this.cc = this.#startCongestionControl()
  }

  #startCongestionControl(): CongestionController {
    return chooseController(this.congestion, this.snd.mss, 2 * this.host.settings.sendBufferMaxBytes)
  }
}
