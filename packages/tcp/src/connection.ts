import { addressOf } from '@zt/ipstack'
import { Endpoint, ZtError } from '@zt/sansio'
import { updateWindow } from './receive/advertise-window.js'
import { endWith } from './end.js'
import { State, type TcpState, nameOfState } from './states.js'
import { Event, Owed, type Tcb } from './tcb.js'
import type { TcpConnection, TcpHandler, TcpInfo } from './tcp-connection.js'

const NO_HANDLER: TcpHandler = {}
const PHASES = ['open', 'recovery', 'loss'] as const

/** The application's side of a connection: commands that change the `Tcb`, and events that come out of it. */
export class Connection implements TcpConnection {
  handler: TcpHandler
  readonly tcb: Tcb
  readonly #touch: () => number
  #local: Endpoint | undefined
  #remote: Endpoint | undefined

  /** `touch` asks for a burst and returns its time. */
  constructor(tcb: Tcb, touch: () => number) {
    this.tcb = tcb
    this.#touch = touch
    this.handler = NO_HANDLER
    this.#local = undefined
    this.#remote = undefined
    tcb.application = this
  }

  get state(): TcpState {
    return nameOfState(this.tcb.state)
  }

  /** Made when first asked for: an idle connection that nobody asks has none. */
  get local(): Endpoint {
    const { l0, l1, l2, l3, ports } = this.tcb.tuple
    return (this.#local ??= new Endpoint(addressOf(l0, l1, l2, l3), ports & 0xffff))
  }

  get remote(): Endpoint {
    const { r0, r1, r2, r3, ports } = this.tcb.tuple
    return (this.#remote ??= new Endpoint(addressOf(r0, r1, r2, r3), ports >>> 16))
  }

  get readableBytes(): number {
    return this.tcb.rcv.buffer.length
  }

  get writableBytes(): number {
    const { snd } = this.tcb
    return this.#isWritable ? Math.max(0, snd.limit - snd.buffer.length) : 0
  }

  get unacknowledgedBytes(): number {
    return this.tcb.snd.buffer.length
  }

  write(bytes: Uint8Array, offset = 0, length = bytes.length - offset): number {
    const { snd, error } = this.tcb
    if (offset < 0 || length < 0 || offset + length > bytes.length) {
      throw new ZtError(
        'ZT_ARG_INVALID',
        `bytes ${offset} to ${offset + length} are not in a buffer of ${bytes.length}`,
      )
    }
    if (!this.#isWritable) throw error ?? new ZtError('EPIPE', 'write EPIPE: this side of the connection is closed')
    const taken = Math.min(length, Math.max(0, snd.limit - snd.buffer.length))
    if (taken < length) snd.isWriterWaiting = true
    if (taken === 0) return 0
    snd.buffer.append(bytes, offset, taken)
    this.tcb.wake()
    return taken
  }

  read(max = Number.POSITIVE_INFINITY): Uint8Array | undefined {
    const tcb = this.tcb
    const { rcv } = tcb
    const bytes = rcv.buffer.take(max)
    if (bytes === undefined) return undefined
    if (!tcb.isRetired) {
      rcv.readBytes += bytes.length
      this.#tuneReceiveBuffer()
      if (!rcv.hasFin) updateWindow(tcb)
    }
    // What waited for the last byte to be read can be told now.
    if (rcv.buffer.length === 0 && tcb.events !== 0) tcb.host.announce(tcb)
    return bytes
  }

  shutdownWrite(): void {
    const tcb = this.tcb
    if (tcb.isRetired || tcb.snd.finQueued) return
    tcb.snd.finQueued = true
    if (tcb.state === State.ESTABLISHED) tcb.become(State.FIN_WAIT_1)
    else if (tcb.state === State.CLOSE_WAIT) tcb.become(State.LAST_ACK)
    tcb.wake()
  }

  close(): void {
    const tcb = this.tcb
    if (tcb.isOrphan) return
    tcb.isOrphan = true
    if (tcb.isRetired) {
      tcb.rcv.buffer.clear()
      tcb.host.announce(tcb)
      return
    }
    if (tcb.state === State.SYN_SENT) {
      endWith(tcb, undefined, this.#touch())
      return
    }
    if (tcb.rcv.buffer.length > 0) {
      this.#reset()
      return
    }
    this.shutdownWrite()
    if (tcb.state === State.FIN_WAIT_2) {
      tcb.idleAt = this.#touch() + tcb.host.settings.finWait2Ms
      tcb.rearm()
    }
  }

  abort(): void {
    const tcb = this.tcb
    tcb.isOrphan = true
    tcb.rcv.buffer.clear()
    if (!tcb.isRetired) this.#reset()
    else tcb.host.announce(tcb)
  }

  setNoDelay(on: boolean): void {
    this.tcb.noDelay = on
    if (on) this.tcb.wake()
  }

  setCork(on: boolean): void {
    this.tcb.isCorked = on
    if (!on) this.tcb.isCorkOverdue = false
    if (!on) this.tcb.wake()
  }

  setKeepAlive(on: boolean, idleMs?: number, intervalMs?: number, probes?: number): void {
    const tcb = this.tcb
    const { settings } = tcb.host
    tcb.keepAliveIdleMs = on ? (idleMs ?? settings.keepAliveIdleMs) : 0
    tcb.keepAliveIntervalMs = intervalMs ?? settings.keepAliveIntervalMs
    tcb.keepAliveProbes = probes ?? settings.keepAliveProbes
    tcb.keepAliveTries = 0
    if (tcb.isRetired || tcb.state < State.ESTABLISHED || (tcb.state === State.FIN_WAIT_2 && tcb.isOrphan)) return
    tcb.idleAt = on ? this.#touch() + tcb.keepAliveIdleMs : Number.POSITIVE_INFINITY
    tcb.rearm()
  }

  setUserTimeout(ms: number): void {
    this.tcb.userTimeoutMs = ms
  }

  info(): TcpInfo {
    const tcb = this.tcb
    const { snd, rcv, rtt, cc, recovery } = tcb
    return {
      state: this.state,
      congestion: cc.name,
      recovery: PHASES[recovery.phase]!,
      mss: snd.mss,
      srtt: rtt.srtt,
      rttvar: rtt.rttvar,
      minRtt: rtt.minRtt,
      rto: rtt.rto,
      cwnd: Math.floor(cc.cwnd),
      ssthresh: cc.ssthresh,
      bytesInFlight: tcb.pipe,
      sendWindow: snd.wnd,
      receiveWindow: Math.max(0, rcv.wnd),
      sendBuffer: snd.limit,
      receiveBuffer: rcv.limit,
      unsentBytes: snd.unsent,
      readableBytes: rcv.buffer.length,
      bytesSent: snd.bytesSent,
      bytesAcked: snd.bytesAcked,
      bytesReceived: rcv.bytesReceived,
      segmentsSent: tcb.segmentsSent,
      segmentsReceived: rcv.segmentsReceived,
      segmentsRetransmitted: snd.segmentsRetransmitted,
      spuriousRecoveries: recovery.spurious,
      timeouts: tcb.timeouts,
      tailLossProbes: tcb.tailLossProbes,
      reorderingSeen: tcb.rack.reorderingSeen,
      sack: tcb.sackOk,
      timestamps: tcb.timestampsOk,
      windowScale: tcb.hasScaling ? { ours: rcv.scale, peers: snd.scale } : undefined,
    }
  }

  /** Tell the handler what there is to tell, in the order in which it happened. */
  deliver(): void {
    const tcb = this.tcb
    const events = tcb.events & ~(Event.ENDED | Event.CLOSED)
    tcb.events &= ~events
    if (events & Event.CONNECTED) this.handler.connected?.()
    if (events & Event.READABLE && tcb.rcv.buffer.length > 0 && !tcb.isOrphan) this.handler.readable?.()
    if (events & Event.WRITABLE && this.#isWritable) this.handler.writable?.()
    // The end of the stream, and an orderly end of the connection, come after its last byte.
    const isDrained = tcb.rcv.buffer.length === 0 || tcb.isOrphan
    if (tcb.events & Event.ENDED && isDrained && tcb.error === undefined) {
      tcb.events &= ~Event.ENDED
      if (!tcb.isOrphan) this.handler.ended?.()
    }
    if (tcb.events & Event.CLOSED && (tcb.error !== undefined || isDrained)) {
      tcb.events = 0
      this.handler.closed?.(tcb.error)
    }
  }

  get #isWritable(): boolean {
    const { state, snd, isRetired } = this.tcb
    return !isRetired && !snd.finQueued && state !== State.CLOSED
  }

  #reset(): void {
    const tcb = this.tcb
    const mustTell = tcb.state >= State.SYN_RCVD
    const now = this.#touch()
    if (mustTell) tcb.owe(Owed.RESET)
    endWith(tcb, undefined, now)
  }

  /** Dynamic right-sizing: room for twice what the application takes in a round trip. */
  #tuneReceiveBuffer(): void {
    const { rcv, rtt, host } = this.tcb
    const now = this.#touch()
    const roundTrip = rcv.rtt || rtt.srtt
    if (roundTrip === 0 || now - rcv.measuredFrom < roundTrip) return
    const wanted = Math.min(2 * rcv.readBytes, host.settings.receiveBufferMaxBytes)
    if (wanted > rcv.limit) rcv.limit = wanted
    rcv.readBytes = 0
    rcv.measuredFrom = now
  }
}
