import type { ByteReader, ByteWriter } from '@zt/sansio'
import { Dictionary } from '../dictionary.js'

/** Bytes of one dictionary. */
export const MAX_REMOTE_TRACE_LENGTH = 10000

/**
 * What a node is doing, for the trace target that its controller named.
 *
 *     28  one or more dictionaries, each ended by a zero byte
 */
export interface RemoteTrace {
  readonly events: readonly Dictionary[]
}

/** The last dictionary need not be ended. Empty ones are left out. */
export function decodeRemoteTrace(r: ByteReader): RemoteTrace | undefined {
  const bytes = r.rest()
  const events: Dictionary[] = []
  for (let at = 0; at < bytes.length;) {
    const zero = bytes.indexOf(0, at)
    const end = zero < 0 ? bytes.length : zero
    if (end > at) events.push(Dictionary.decode(bytes.subarray(at, end)))
    at = end + 1
  }
  return r.ok && events.length > 0 ? { events } : undefined
}

export function encodeRemoteTrace(w: ByteWriter, trace: RemoteTrace): void {
  for (const event of trace.events) w.put(event.encode()).u8(0)
}
