/** Snapshots of a node for people and programs: plain values, made on request. */
import type { Address } from '@zt/protocol'
import type { Endpoint, Instant } from '@zt/sansio'

/** One physical path of a peer. */
export interface PathSnapshot {
  readonly endpoint: Endpoint
  readonly socket: number
  readonly lastSend: Instant | undefined
  readonly lastReceive: Instant | undefined
  /** Milliseconds, once measured. */
  readonly latency: number | undefined
  /** The one in use. */
  readonly isPreferred: boolean
  /** Something was sent and nothing came back for seconds: it is passed over until it answers. */
  readonly isSuspect: boolean
}

/** One peer. */
export interface PeerSnapshot {
  readonly address: Address
  readonly role: 'planet' | 'moon' | 'leaf'
  /** Software version as `1.14.1`; `undefined` until it is known. */
  readonly version: string | undefined
  /** Zero until it is known. */
  readonly protocol: number
  /** Round trip in milliseconds over the preferred path, once measured. */
  readonly latency: number | undefined
  readonly lastReceive: Instant | undefined
  readonly paths: readonly PathSnapshot[]
  /** Packets go straight to it. */
  readonly isDirect: boolean
  /** The root that packets go through if they do not go straight. */
  readonly relayedBy: Address | undefined
}
