/** What a node has to tell. Values, handed out by `pollEvent`; nothing is called back. */
import type { Address, NetworkId, World } from '@zt/protocol'
import type { Endpoint, Instant } from '@zt/sansio'

/** Why a root does not count as reachable. */
export type RootTrouble =
  /** No endpoint of it can be reached from any of our sockets (no IPv6, no socket at all). */
  | 'no-route'
  /** HELLO was sent, nothing has come back so far. */
  | 'no-reply'
  /** It answered once and has been silent for too long since. */
  | 'silent'
  /** No HELLO was sent yet. */
  | 'not-asked'

/** One root as we see it now. */
export interface RootStatus {
  readonly address: Address
  readonly endpoints: readonly Endpoint[]
  readonly isReachable: boolean
  /** Set exactly when it is not reachable. */
  readonly trouble?: RootTrouble
  /** The endpoint in use. */
  readonly path?: Endpoint
  /** Milliseconds, once measured. */
  readonly latency?: number
  readonly lastReceive?: Instant
  readonly hellosSent: number
}

/** One thing that happened. */
export type NodeEvent =
  /** A root answers. */
  | { readonly type: 'online' }
  /** No root answers (any more). */
  | { readonly type: 'offline'; readonly roots: readonly RootStatus[] }
  /** Packets for this peer go straight to it. */
  | { readonly type: 'peer-direct'; readonly address: Address; readonly endpoint: Endpoint }
  /** Packets for this peer go through a root (again). */
  | { readonly type: 'peer-relayed'; readonly address: Address; readonly via: Address | undefined }
  | { readonly type: 'network-requesting'; readonly networkId: NetworkId }
  /** The first configuration has come. */
  | { readonly type: 'network-ready'; readonly networkId: NetworkId }
  /** A configuration has come that differs in more than its dates. */
  | { readonly type: 'network-updated'; readonly networkId: NetworkId }
  /** The controller refuses: the node's address is to be authorised there. */
  | { readonly type: 'network-denied'; readonly networkId: NetworkId; readonly controller: Address }
  /** The controller knows no such network, or is no controller. */
  | { readonly type: 'network-not-found'; readonly networkId: NetworkId; readonly controller: Address }
  /** The user must sign in at `url` (may be empty). */
  | { readonly type: 'network-auth-required'; readonly networkId: NetworkId; readonly url: string }
  | { readonly type: 'network-left'; readonly networkId: NetworkId }
  /** Another planet, or a newer revision, is in force. */
  | { readonly type: 'world-updated'; readonly world: World }
  /** An upstream knows another identity with our address: this one is of no use. */
  | { readonly type: 'identity-collision'; readonly reportedBy: Address }
  /** Please keep these bytes under this key of the state directory; `undefined`: delete it. */
  | { readonly type: 'persist'; readonly key: string; readonly bytes: Uint8Array | undefined }
  | { readonly type: 'user-message'; readonly from: Address; readonly messageType: bigint; readonly bytes: Uint8Array }
