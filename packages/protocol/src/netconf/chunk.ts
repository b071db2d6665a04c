import { verify } from '@zt/crypto'
import { type ByteReader, ByteWriter, ZtError } from '@zt/sansio'
import { signAs } from '../credentials/signing.js'
import type { Identity, SecretIdentity } from '../identity/identity.js'
import { MAX_CONFIG_CHUNK_LENGTH, MAX_CONFIG_CHUNKS, MAX_NETWORK_CONFIG_LENGTH, SIGNATURE_LENGTH } from '../limits.js'
import type { NetworkId } from '../network-id.js'

const FAST_PROPAGATE = 0x01
const SIGNATURE_ED25519 = 1

/** What makes a chunk one of several, and trustworthy whoever passes it on. */
export interface ChunkPlace {
  /** Members that receive it pass it on to the others. */
  readonly fastPropagate: boolean
  /** The same for all chunks of one config, not 0. */
  readonly updateId: bigint
  /** Length of the whole dictionary. */
  readonly totalLength: number
  /** Where in the dictionary the data belongs: a byte offset. */
  readonly offset: number
  /** The controller's. */
  readonly signature: Uint8Array
}

/**
 * A piece of a config's dictionary: the payload of NETWORK_CONFIG and of OK(NETWORK_CONFIG_REQUEST).
 *
 * | relative | size | |
 * | --- | --- | --- |
 * | 0 | 8 | network id |
 * | 8 | 2 | length L of the data |
 * | 10 | L | data |
 * | 10 + L | 1 | flags: 0x01 fast propagate |
 * | 11 + L | 8 | config update id |
 * | 19 + L | 4 | length of the dictionary |
 * | 23 + L | 4 | byte offset of the data in it |
 * | 27 + L | 1 | signature type, 1 |
 * | 28 + L | 2 | signature length, 96 |
 * | 30 + L | 96 | signature over bytes 0 to 26 + L |
 *
 * May end after the data: a whole config from an old controller, believed only if it comes from the controller itself.
 */
export interface NetworkConfigChunk {
  readonly networkId: NetworkId
  /** Borrowed. */
  readonly data: Uint8Array
  readonly place?: ChunkPlace
}

export function decodeNetworkConfigChunk(r: ByteReader): NetworkConfigChunk | undefined {
  const networkId = r.u64()
  const data = r.take(r.u16())
  if (!r.ok) return undefined
  if (r.remaining === 0) return { networkId, data }
  const flags = r.u8()
  const [updateId, totalLength, offset] = [r.u64(), r.u32(), r.u32()]
  if (r.u8() !== SIGNATURE_ED25519 || r.u16() !== SIGNATURE_LENGTH) return undefined
  const signature = r.copy(SIGNATURE_LENGTH)
  if (!r.ok || totalLength > MAX_NETWORK_CONFIG_LENGTH || offset + data.length > totalLength) return undefined
  const fastPropagate = (flags & FAST_PROPAGATE) !== 0
  return { networkId, data, place: { fastPropagate, updateId, totalLength, offset, signature } }
}

export function encodeNetworkConfigChunk(w: ByteWriter, chunk: NetworkConfigChunk): void {
  encodeSigned(w, chunk)
  if (chunk.place) w.u8(SIGNATURE_ED25519).u16(SIGNATURE_LENGTH).put(chunk.place.signature)
}

/** Did the controller sign it? False for chunks that carry no signature. */
export function verifyNetworkConfigChunk(chunk: NetworkConfigChunk, controller: Identity): boolean {
  return chunk.place !== undefined && verify(controller.publicKey, signingForm(chunk), chunk.place.signature)
}

/**
 * A config's dictionary as signed chunks, each for a packet of its own.
 *
 * @param updateId random, not 0, and never used for another config of this member.
 * @throws ZT_ARG_INVALID if the dictionary is larger than members accept.
 */
export function splitNetworkConfig(
  networkId: NetworkId,
  dictionary: Uint8Array,
  updateId: bigint,
  controller: SecretIdentity,
): NetworkConfigChunk[] {
  const totalLength = dictionary.length
  const most = Math.min(MAX_NETWORK_CONFIG_LENGTH, MAX_CONFIG_CHUNKS * MAX_CONFIG_CHUNK_LENGTH)
  if (totalLength > most) {
    throw new ZtError('ZT_ARG_INVALID', `a network config has at most ${most} bytes, got ${totalLength}`)
  }
  const chunks: NetworkConfigChunk[] = []
  for (let offset = 0; offset < totalLength; offset += MAX_CONFIG_CHUNK_LENGTH) {
    const data = dictionary.subarray(offset, offset + MAX_CONFIG_CHUNK_LENGTH)
    const place = { fastPropagate: false, updateId, totalLength, offset, signature: new Uint8Array(0) }
    const signature = signAs(controller, signingForm({ networkId, data, place }))
    chunks.push({ networkId, data, place: { ...place, signature } })
  }
  return chunks
}

function signingForm(chunk: NetworkConfigChunk): Uint8Array {
  const w = new ByteWriter(chunk.data.length + 27)
  encodeSigned(w, chunk)
  return w.bytes
}

function encodeSigned(w: ByteWriter, { networkId, data, place }: NetworkConfigChunk): void {
  w.u64(networkId).u16(data.length).put(data)
  if (place)
    w.u8(place.fastPropagate ? FAST_PROPAGATE : 0)
      .u64(place.updateId)
      .u32(place.totalLength)
      .u32(place.offset)
}
