/**
 * Arena: the memory that packets live in from the socket to the stack and back. It is the cipher engine's own, so
 * packets are sealed and opened where they are. Slots are offsets; nothing is allocated per packet.
 *
 *     whole | receive slots … | transmit slots …
 *
 * A slot begins such that the payload of a FRAME (offset 38) is 4-aligned, which its reader likes.
 */
import { MAX_DATAGRAM_LENGTH, MAX_PACKET_LENGTH } from '@zt/protocol'
import { ZtError } from '@zt/sansio'

/** Keystream may be written in whole chunks past a packet's end. */
const TAIL = 256
/** What `SalsaPoly` implementations may use in front of a range. */
const HEADROOM = 64
/** Room for the fragment headers that splitting inserts. */
const FRAGMENT_HEADERS = 112
const SLOT_BYTES = (HEADROOM + Math.max(MAX_DATAGRAM_LENGTH, MAX_PACKET_LENGTH + FRAGMENT_HEADERS) + TAIL + 63) & ~63

/** FRAME's payload is at 38: two bytes more make a multiple of 4. */
const ALIGNMENT = 2

/**
 * Transmit slots are used in turn, so that a port which could not send at once and keeps a reference may do so while a
 * few more packets follow.
 */
const TRANSMIT_SLOTS = 16

/** Packet memory, cut into slots. */
export class Arena {
  readonly bytes: Uint8Array
  /** For the one packet that is being received and came in one datagram. */
  readonly whole: number
  /** Slots for packets that came in parts. */
  readonly receiveSlots: number
  private readonly receiveAt: number
  private readonly transmitAt: number
  private turn = 0

  /** @throws ZT_ARG_INVALID if the memory is too small for a handful of slots. */
  constructor(bytes: Uint8Array, mostReceiveSlots: number) {
    const slots = Math.floor(bytes.length / SLOT_BYTES)
    this.receiveSlots = Math.min(mostReceiveSlots, slots - TRANSMIT_SLOTS - 1)
    if (this.receiveSlots < 8) {
      const least = (TRANSMIT_SLOTS + 9) * SLOT_BYTES
      throw new ZtError('ZT_ARG_INVALID', `expected at least ${least} bytes of packet memory, got ${bytes.length}`)
    }
    this.bytes = bytes
    this.whole = HEADROOM + ALIGNMENT
    this.receiveAt = this.whole + SLOT_BYTES
    this.transmitAt = this.receiveAt + this.receiveSlots * SLOT_BYTES
  }

  receiveSlot(index: number): number {
    return this.receiveAt + index * SLOT_BYTES
  }

  /** The next transmit slot. Valid until fifteen more have been taken. */
  nextTransmitSlot(): number {
    this.turn = (this.turn + 1) % TRANSMIT_SLOTS
    return this.transmitAt + this.turn * SLOT_BYTES
  }
}
