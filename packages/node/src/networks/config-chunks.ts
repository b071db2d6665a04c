/**
 * ConfigChunks: collects the signed chunks of a configuration until it is whole. Chunks come in any order, from the
 * controller or passed on by others; only its signature counts (ZeroTierOne node/Network.cpp, handleConfigChunk).
 */
import { type ChunkPlace, MAX_CONFIG_CHUNKS, type NetworkConfigChunk } from '@zt/protocol'
import { formatHex } from '@zt/sansio'

/** ZT_NETWORK_MAX_INCOMING_UPDATES */
const MOST_UPDATES = 3

interface Update {
  readonly id: bigint
  /** Until it is whole. */
  bytes: Uint8Array | undefined
  readonly seen: Set<string>
  have: number
}

/**
 * The last three configurations of one network that began to come. One that is whole is remembered without its bytes:
 * members pass its chunks on to each other, and would for ever if they were wanted again.
 */
export class ConfigChunks {
  readonly #updates: Update[] = []

  /** Is this chunk still of use? Asked before its signature is checked, which is the dearer question. */
  wants({ data, place }: NetworkConfigChunk): boolean {
    if (!place) return true
    const update = this.#find(place)
    return data.length > 0 && (!update || (update.bytes !== undefined && !update.seen.has(keyOf(place))))
  }

  /** Take a chunk whose signature was checked. Returns the dictionary if it is whole now. */
  add({ data, place }: NetworkConfigChunk): Uint8Array | undefined {
    if (!place) return data
    const update = this.#find(place) ?? this.#begin(place)
    const { bytes } = update
    if (bytes?.length !== place.totalLength || update.seen.size >= MAX_CONFIG_CHUNKS) return undefined
    update.seen.add(keyOf(place))
    bytes.set(data, place.offset)
    update.have += data.length
    if (update.have < place.totalLength) return undefined
    update.bytes = undefined
    return bytes
  }

  #find(place: ChunkPlace): Update | undefined {
    return this.#updates.find((update) => update.id === place.updateId)
  }

  #begin(place: ChunkPlace): Update {
    if (this.#updates.length >= MOST_UPDATES) this.#updates.shift()
    const update: Update = {
      id: place.updateId,
      bytes: new Uint8Array(place.totalLength),
      seen: new Set<string>(),
      have: 0,
    }
    this.#updates.push(update)
    return update
  }
}

function keyOf(place: ChunkPlace): string {
  return `${place.offset} ${formatHex(place.signature.subarray(0, 16))}`
}
