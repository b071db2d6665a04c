import type { ByteReader, ByteWriter } from '@zt/sansio'
import type { NetworkId } from '../network-id.js'
import { MAX_REQUEST_METADATA_LENGTH } from '../limits.js'

/**
 * "Give me the config of your network."
 *
 *     28  u64    network id
 *     36  u16 D  length of
 *     38  [D]    request metadata: a dictionary
 *         u64    revision of the config we have, or 0
 *         u64    timestamp of the config we have, or 0
 *
 * May end after the dictionary. The answer is OK(NETWORK_CONFIG_REQUEST) with one chunk, or several such OKs.
 */
export interface NetworkConfigRequest {
  readonly networkId: NetworkId
  /** An encoded dictionary: see `encodeRequestMetadata`. Borrowed. */
  readonly metadata: Uint8Array
  readonly revision: number
  readonly timestamp: number
}

export function decodeNetworkConfigRequest(r: ByteReader): NetworkConfigRequest | undefined {
  const networkId = r.u64()
  const length = r.u16()
  if (length > MAX_REQUEST_METADATA_LENGTH) return undefined
  const metadata = r.take(length)
  if (!r.ok) return undefined
  const had = r.remaining >= 16
  return { networkId, metadata, revision: had ? r.time() : 0, timestamp: had ? r.time() : 0 }
}

export function encodeNetworkConfigRequest(w: ByteWriter, request: NetworkConfigRequest): void {
  w.u64(request.networkId).u16(request.metadata.length).put(request.metadata)
  w.time(request.revision).time(request.timestamp)
}
