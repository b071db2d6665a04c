import { MAX_PACKET_LENGTH } from '../limits.js'
import { PACKET_HEADER, PACKET_VERB, VERB_COMPRESSED, isCompressed } from './header.js'
import { Lz4Compressor, decompressBlock } from './lz4-block.js'

/** Payloads up to this length are not worth it. */
const MIN_PAYLOAD = 64

/**
 * Compresses payloads, before `armor`, and the reverse, after `dearmor`, in place. What the compressed flag marks is
 * one LZ4 block from the payload's first byte to the packet's end.
 */
export class PacketCompression {
  private readonly scratch = new Uint8Array(MAX_PACKET_LENGTH)
  private readonly compressor = new Lz4Compressor()

  /** Compress the packet in `bytes[at, at + length)` if that makes it smaller. Returns its length then. */
  compress(bytes: Uint8Array, at: number, length: number): number {
    bytes[at + PACKET_VERB] &= ~VERB_COMPRESSED
    const payload = length - PACKET_HEADER
    if (payload <= MIN_PAYLOAD || length > MAX_PACKET_LENGTH) return length
    const from = at + PACKET_HEADER
    const compressed = this.compressor.compress(bytes, from, at + length, this.scratch, 0, payload - 1)
    if (compressed < 0) return length
    bytes.set(this.scratch.subarray(0, compressed), from)
    bytes[at + PACKET_VERB] |= VERB_COMPRESSED
    return PACKET_HEADER + compressed
  }

  /**
   * Decompress the packet in `bytes[at, at + length)` if it is compressed; there must be room for 10024 bytes from
   * `at`. Returns its length then, or -1 if the block is malformed, too large or of nothing: the packet is to be
   * dropped.
   */
  decompress(bytes: Uint8Array, at: number, length: number): number {
    if (!isCompressed(bytes, at)) return length
    bytes[at + PACKET_VERB] &= ~VERB_COMPRESSED
    if (length === PACKET_HEADER) return length
    const room = MAX_PACKET_LENGTH - PACKET_HEADER
    const payload = decompressBlock(bytes, at + PACKET_HEADER, at + length, this.scratch, 0, room)
    if (payload <= 0) return -1
    bytes.set(this.scratch.subarray(0, payload), at + PACKET_HEADER)
    return PACKET_HEADER + payload
  }
}
