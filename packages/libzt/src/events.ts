import type { RootStatus } from '@zt/node'
import type { ZtError } from '@zt/sansio'

/** What a node tells, by event name. */
export interface ZeroTierEvents {
  /** A root answers. */
  online: []
  /** No root answers any more; why, for each. */
  offline: [roots: readonly RootStatus[]]
  /** Packets for a peer go another way than before. */
  peer: [
    change: {
      readonly id: string
      readonly direct: boolean
      readonly endpoint?: string
      readonly via?: string | undefined
    },
  ]
  /** A network changed: `what` is `network-ready`, `network-updated`, `network-denied`, … */
  network: [change: { readonly id: string; readonly what: string }]
  /** Another node has our address: this identity is of no use any more. */
  collision: [error: ZtError]
  /** A USER_MESSAGE of another node. */
  message: [message: { readonly from: string; readonly type: bigint; readonly data: Uint8Array }]
  /** Something went wrong that the node can live with, such as a full disk. */
  warning: [error: Error]
  /** Any of the above: look again. */
  change: []
  /** Everything is closed. */
  close: []
}
