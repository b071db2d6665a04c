import type { Duration } from '@zt/sansio'

/** Which congestion controller new connections use. */
export type CongestionName = 'cubic' | 'new-reno'

/** Everything that can be tuned, in bytes and milliseconds. */
export interface TcpSettings {
  /** Congestion control. CUBIC (RFC 9438) with HyStart++ (RFC 9406) unless asked otherwise. */
  readonly congestion: CongestionName
  /** Offer and use selective acknowledgements (RFC 2018), and with them RACK-TLP (RFC 8985). */
  readonly sack: boolean
  /** Offer and use timestamps (RFC 7323): PAWS, and telling spurious retransmissions from useful ones. */
  readonly timestamps: boolean
  /** The send buffer starts here and grows to twice the congestion window. */
  readonly sendBufferBytes: number
  readonly sendBufferMaxBytes: number
  /** The receive buffer starts here and grows to twice what the application reads in a round trip. */
  readonly receiveBufferBytes: number
  /** Also decides the window scale, so it cannot be raised later. */
  readonly receiveBufferMaxBytes: number
  /** The largest MSS offered; the path may allow less. */
  readonly mssMax: number
  /** A peer's smaller MSS is taken as this, so that nobody can make us send one byte a segment. */
  readonly mssMin: number
  /** Until the first round trip was measured (RFC 6298 section 2.1). */
  readonly rtoInitialMs: Duration
  /** The least that the variance term contributes: RTO = SRTT + max(this, 4 · RTTVAR). */
  readonly rtoMinMs: Duration
  readonly rtoMaxMs: Duration
  /** Retransmissions of text before the peer is given up, unless a user timeout says otherwise. */
  readonly retriesMax: number
  readonly synRetriesMax: number
  readonly synAckRetriesMax: number
  /** Retransmissions when the application is gone and only the orderly end is wanted. */
  readonly orphanRetriesMax: number
  /** How long an acknowledgement may be held back (RFC 9293 asks for less than 500). */
  readonly delayedAckMs: Duration
  /** How long the peer may hold back its acknowledgement; a tail loss probe waits as much longer. */
  readonly peerAckDelayMs: Duration
  /** Twice the maximum segment lifetime. */
  readonly timeWaitMs: Duration
  /** How long to wait for the peer's FIN after the application is gone. */
  readonly finWait2Ms: Duration
  readonly keepAliveIdleMs: Duration
  readonly keepAliveIntervalMs: Duration
  readonly keepAliveProbes: number
  /** Half-open connections of all listeners, and of one. */
  readonly halfOpenMax: number
  readonly halfOpenPerListenerMax: number
  readonly timeWaitRowsMax: number
  readonly connectionsMax: number
  /** Resets sent to strangers, a second. */
  readonly resetsPerSecond: number
  /** Challenge ACKs (RFC 5961), a second: on one connection, and around how many on all. */
  readonly challengesPerConnectionSecond: number
  readonly challengesPerSecond: number
  /** Ephemeral ports, inclusive. */
  readonly portFirst: number
  readonly portLast: number
  /** The step of the clock, added to reordering windows so that a coarse clock is not taken for loss. */
  readonly clockResolutionMs: Duration
}

const KIB = 1024
const MIB = 1024 * KIB

/** Defaults. The numbers are those of RFC 9293 and its companions, or of the large kernels where the RFCs leave room. */
export const defaultSettings: TcpSettings = {
  congestion: 'cubic',
  sack: true,
  timestamps: true,
  sendBufferBytes: 128 * KIB,
  sendBufferMaxBytes: 4 * MIB,
  receiveBufferBytes: 128 * KIB,
  receiveBufferMaxBytes: 4 * MIB,
  mssMax: 65_495,
  mssMin: 88,
  rtoInitialMs: 1000,
  rtoMinMs: 200,
  rtoMaxMs: 60_000,
  retriesMax: 15,
  synRetriesMax: 5,
  synAckRetriesMax: 5,
  orphanRetriesMax: 8,
  delayedAckMs: 40,
  peerAckDelayMs: 60,
  timeWaitMs: 60_000,
  finWait2Ms: 60_000,
  keepAliveIdleMs: 7_200_000,
  keepAliveIntervalMs: 75_000,
  keepAliveProbes: 9,
  halfOpenMax: 8192,
  halfOpenPerListenerMax: 1024,
  timeWaitRowsMax: 16_384,
  connectionsMax: 65_536,
  resetsPerSecond: 200,
  challengesPerConnectionSecond: 2,
  challengesPerSecond: 100,
  portFirst: 32_768,
  portLast: 60_999,
  clockResolutionMs: 0.25,
}
