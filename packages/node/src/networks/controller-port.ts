/**
 * ControllerPort: what the node asks of a network controller plugged into it. The controller does not know the node; it
 * is given requests, and hands out messages that the node wraps, seals and sends.
 */
import type { Address, Identity, NetworkId } from '@zt/protocol'
import type { Endpoint, Instant } from '@zt/sansio'

/** NETWORK_CONFIG_REQUEST as the controller sees it: authenticated, and otherwise as it came. */
export interface ConfigRequest {
  readonly networkId: NetworkId
  /** The member that asks; its packet was authenticated with this identity's key. */
  readonly from: Identity
  /** The packet id to answer to; all ones for a request of the node that the controller runs on. */
  readonly requestId: bigint
  /** The request's dictionary, still encoded. Kept by the controller if it likes. */
  readonly metadata: Uint8Array
  /** Where it came from, if it came directly. */
  readonly endpoint: Endpoint | undefined
}

/** What a controller may have sent to a member. */
export type ControllerMessage =
  /** A configuration as signed chunk records. With `inReplyTo` an answer, otherwise a push. */
  | {
      readonly type: 'config'
      readonly to: Address
      readonly networkId: NetworkId
      readonly inReplyTo?: bigint
      readonly chunks: readonly Uint8Array[]
    }
  /** No configuration: an error code (ZeroTierOne node/IncomingPacket.cpp, _doERROR), and data that goes with it. */
  | {
      readonly type: 'refusal'
      readonly to: Address
      readonly networkId: NetworkId
      readonly inReplyTo: bigint
      readonly code: number
      readonly data?: Uint8Array
    }
  /** The payload of a NETWORK_CREDENTIALS packet: revocations, mostly. */
  | { readonly type: 'credentials'; readonly to: Address; readonly payload: Uint8Array }

/** A controller, as far as the node is concerned. */
export interface ControllerPort {
  /** Returns what can be answered at once. */
  handleRequest(now: Instant, request: ConfigRequest): readonly ControllerMessage[]
  /** The next message that is not an immediate answer, or `undefined`. Asked at every `flush` of the node. */
  pollMessage(): ControllerMessage | undefined
}
