/** InboundPacket: the packet being received. One object, filled anew for each; valid until the next datagram. */
import type { Address } from '@zt/protocol'
import type { Endpoint, Instant } from '@zt/sansio'
import type { PeerLink } from '../peers/peer-link.js'

const NO_BYTES = new Uint8Array(0)

/** Fields are public: every step of the pipeline reads and writes them. */
export class InboundPacket {
  /** The bytes that the packet is in, and from where to where. */
  bytes: Uint8Array = NO_BYTES
  at = 0
  end = 0
  /** The packet id on the wire, as two unsigned 32-bit integers. */
  idHigh = 0
  idLow = 0
  /** The sender's address; see `PeerLink`. */
  sourceHigh = 0
  sourceLow = 0
  /** How often it was relayed. */
  hops = 0
  socket = 0
  from: Endpoint | undefined = undefined
  /** The sender, once it is known. */
  link: PeerLink | undefined = undefined
  verb = 0
  /** Opened before and parked since: not to be opened again. */
  isOpen = false
  /** If it was parked: until when it may be parked again. */
  parkedUntil: Instant = 0

  get source(): Address {
    return this.sourceHigh * 0x1_0000_0000 + (this.sourceLow >>> 0)
  }

  get id(): bigint {
    return (BigInt(this.idHigh) << 32n) | BigInt(this.idLow)
  }

  get length(): number {
    return this.end - this.at
  }
}
