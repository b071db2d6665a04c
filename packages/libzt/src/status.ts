import type { PeerSnapshot } from '@zt/node'
import { formatAddress } from '@zt/protocol'

/** A peer and how packets get to it, as plain data. */
export interface PeerStatus {
  readonly id: string
  readonly role: 'planet' | 'moon' | 'leaf'
  readonly version: string | undefined
  /** Round trip in milliseconds, once measured. */
  readonly latency: number | undefined
  readonly direct: boolean
  /** The root in between, while it is not direct. */
  readonly via: string | undefined
  readonly paths: readonly {
    readonly endpoint: string
    readonly preferred: boolean
    readonly latency: number | undefined
  }[]
}

/** What the engine knows of a peer, in the terms of applications. */
export function peerStatus(peer: PeerSnapshot): PeerStatus {
  return {
    id: formatAddress(peer.address),
    role: peer.role,
    version: peer.version,
    latency: peer.latency,
    direct: peer.isDirect,
    via: peer.relayedBy === undefined ? undefined : formatAddress(peer.relayedBy),
    paths: peer.paths.map((path) => ({
      endpoint: String(path.endpoint),
      preferred: path.isPreferred,
      latency: path.latency,
    })),
  }
}
