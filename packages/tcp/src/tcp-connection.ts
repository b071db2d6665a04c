/**
 * What an application sees of TCP. Everything here is called, and calls back, outside of segment processing: commands
 * change state and mark the connection; segments go out and handlers are called once the present burst is over.
 */

import type { Endpoint, IpAddress, ZtError } from '@zt/sansio'
import type { TcpState } from './states.js'
import type { CongestionName } from './settings.js'

/**
 * What a connection tells its owner. Calls come from a queue at the end of a burst, never from within a command; what a
 * handler throws does not reach the stack or other connections, and is thrown again from the clock's next turn.
 */
export interface TcpHandler {
  /** The handshake is complete. Not called for accepted connections, which begin connected. */
  connected?(): void
  /** More bytes can be read than when this was last called. Read all of it, or what is left is not announced again. */
  readable?(): void
  /** `write` took less than it was given, and now there is room for at least a third of the buffer. */
  writable?(): void
  /** The peer will send no more and everything it sent has been read. Writing is still possible. */
  ended?(): void
  /** The connection is over, with the reason if that was not an orderly end on both sides. Called once, last. */
  closed?(error?: ZtError): void
}

/** One connection. */
export interface TcpConnection {
  /** After an orderly end this stays `TIME_WAIT`: the waiting itself is done in a table without this object. */
  readonly state: TcpState
  readonly local: Endpoint
  readonly remote: Endpoint
  /** Replaceable at any time; events that nobody has been told of go to the new one. */
  handler: TcpHandler

  /**
   * Copy bytes into the send buffer. Returns how many were taken: fewer than `length` when the buffer is full, then
   * `writable` is called later. Allowed while connecting.
   * @throws EPIPE after `shutdownWrite` or `close`, or the error that ended the connection.
   */
  write(bytes: Uint8Array, offset?: number, length?: number): number
  /**
   * The next bytes of the stream, or `undefined` when there are none now. The buffer belongs to the caller. Without
   * `max` it is as long as what lies together, typically all that arrived in one burst.
   */
  read(max?: number): Uint8Array | undefined
  /** Bytes that `read` can return now. */
  readonly readableBytes: number
  /** Bytes that `write` would take now. */
  readonly writableBytes: number
  /** Bytes written that the peer has not acknowledged. */
  readonly unacknowledgedBytes: number

  /** Send FIN after what was written. Reading goes on. Idempotent. */
  shutdownWrite(): void
  /**
   * The application wants no more. Unread bytes, or bytes that come later, make this a reset, because the peer must not
   * believe that they were read; otherwise it is an orderly end. Idempotent. `closed` follows.
   */
  close(): void
  /** Reset the connection now and discard everything. `closed` follows, without an error. */
  abort(): void

  /** Send small segments at once (`true`), or hold one back while another is unacknowledged (RFC 896). */
  setNoDelay(on: boolean): void
  /** Hold back segments that are not full until uncorked, at most 200 ms. */
  setCork(on: boolean): void
  /** Probe a silent peer after `idleMs`; `false` stops it. */
  setKeepAlive(on: boolean, idleMs?: number, intervalMs?: number, probes?: number): void
  /** Give up with ETIMEDOUT when written bytes stay unacknowledged this long; 0 returns to counting retries. */
  setUserTimeout(ms: number): void

  info(): TcpInfo
}

/** A snapshot of a connection, in bytes and milliseconds. */
export interface TcpInfo {
  readonly state: TcpState
  readonly congestion: CongestionName
  /** What the sender is doing about loss. */
  readonly recovery: 'open' | 'recovery' | 'loss'
  readonly mss: number
  readonly srtt: number
  readonly rttvar: number
  readonly minRtt: number
  readonly rto: number
  readonly cwnd: number
  readonly ssthresh: number
  readonly bytesInFlight: number
  readonly sendWindow: number
  readonly receiveWindow: number
  readonly sendBuffer: number
  readonly receiveBuffer: number
  readonly unsentBytes: number
  readonly readableBytes: number
  readonly bytesSent: number
  readonly bytesAcked: number
  readonly bytesReceived: number
  readonly segmentsSent: number
  readonly segmentsReceived: number
  readonly segmentsRetransmitted: number
  readonly spuriousRecoveries: number
  readonly timeouts: number
  readonly tailLossProbes: number
  readonly reorderingSeen: boolean
  readonly sack: boolean
  readonly timestamps: boolean
  /** Shift of the windows we announce and of those the peer announces; `undefined` when not negotiated. */
  readonly windowScale: { readonly ours: number; readonly peers: number } | undefined
}

/** Per connection, over the settings of the stack. */
export interface TcpOptions {
  readonly noDelay?: boolean
  readonly keepAliveIdleMs?: number
  readonly userTimeoutMs?: number
  readonly congestion?: CongestionName
}

/** What `Tcp.connect` needs. */
export interface ConnectRequest {
  readonly remote: Endpoint
  /** Default: the source address that the route implies. */
  readonly localIp?: IpAddress
  /** Default: an ephemeral port (RFC 6056). */
  readonly localPort?: number
  readonly handler?: TcpHandler
  readonly options?: TcpOptions
}

/** What `Tcp.listen` needs. */
export interface ListenRequest {
  /** One address, `0.0.0.0` or `::` for any of a family; default: any of both families. */
  readonly ip?: IpAddress
  /** 0 takes a free ephemeral port; read it from `TcpListener.local`. */
  readonly port: number
  /** Completed connections that wait for `onConnection` while the listener is paused. Default 256. */
  readonly backlog?: number
  /** With `::`: refuse IPv4. */
  readonly ipv6Only?: boolean
  readonly options?: TcpOptions
  /** Set `connection.handler` in here; bytes that came with the handshake are announced afterwards. */
  onConnection(connection: TcpConnection): void
}

/** A listening port. */
export interface TcpListener {
  readonly local: Endpoint
  /** Stop calling `onConnection`. When `backlog` connections wait, further handshakes are not completed. */
  pause(): void
  resume(): void
  /** Forget half-open connections, reset waiting ones. Accepted ones live on. Idempotent. */
  close(): void
}
