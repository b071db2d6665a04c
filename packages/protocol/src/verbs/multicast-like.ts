import type { ByteReader, ByteWriter } from '@zt/sansio'
import { type MulticastGroup, decodeMulticastGroup, encodeMulticastGroup } from '../multicast-group.js'
import type { NetworkId } from '../network-id.js'

/** Bytes of one subscription: as many fit into a packet as there is room for. */
export const MULTICAST_LIKE_LENGTH = 18

/** One subscription to a group on a network. */
export interface Subscription {
  readonly networkId: NetworkId
  readonly group: MulticastGroup
}

/**
 * "I want to hear these groups", for ten minutes.
 *
 *     28  each: u64 network id, MAC [6], ADI u32; an incomplete one is ignored
 */
export interface MulticastLike {
  readonly subscriptions: readonly Subscription[]
}

export function decodeMulticastLike(r: ByteReader): MulticastLike | undefined {
  const subscriptions: Subscription[] = []
  while (r.remaining >= MULTICAST_LIKE_LENGTH) {
    subscriptions.push({ networkId: r.u64(), group: decodeMulticastGroup(r) })
  }
  return r.ok ? { subscriptions } : undefined
}

export function encodeMulticastLike(w: ByteWriter, like: MulticastLike): void {
  for (const { networkId, group } of like.subscriptions) {
    w.u64(networkId)
    encodeMulticastGroup(w, group)
  }
}
