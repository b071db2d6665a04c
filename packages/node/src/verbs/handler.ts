/** What handles a control verb: the packet is in `core.d.packet`, authenticated, from `peer`. */
import { PACKET_HEADER } from '@zt/protocol'
import { ByteReader, type Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import type { Peer } from '../peers/peer.js'

/** Handlers are never called for packets that are not authentic. They count what they cannot use, and never throw. */
export type VerbHandler = (core: NodeCore, now: Instant, peer: Peer) => void

/** A reader at the beginning of the payload. */
export function payloadOf(core: NodeCore): ByteReader {
  const { bytes, at, end } = core.d.packet
  return new ByteReader(bytes, at + PACKET_HEADER, end)
}
