import type { Instant, Mac } from '@zt/sansio'
import type { AddressWords } from '../address-words.js'
import type { Neighbor, SendResult } from './neighbor.js'

/** How an interface reaches its link: what `EtherAttachment`, `IpAttachment` and `Loopback` have in common. */
export interface Attachment {
  /** The largest IP packet, in bytes. */
  readonly mtu: number
  readonly isUp: boolean
  /** 0 on a link without MAC addresses. */
  readonly mac: Mac
  /** The next hop for a destination on this link. */
  hopTo(destination: AddressWords, isBroadcast: boolean): Neighbor
  /** The MAC address that a neighbour was found at, or `undefined` while it is not known. */
  macFor(address: AddressWords): Mac | undefined
  /** Hand over an IP packet, borrowed for the call. */
  send(hop: Neighbor, etherType: number, bytes: Uint8Array, offset: number, length: number, now: Instant): SendResult
  /** An upper layer has had an answer through this hop: it is reachable. */
  confirm(hop: Neighbor, now: Instant): void
  /** An address of ours was added to or removed from the interface. */
  addressAdded(address: AddressWords): void
  addressRemoved(address: AddressWords): void
  /** Be sent packets for this multicast address. */
  joinGroup(group: AddressWords): void
  leaveGroup(group: AddressWords): void
  /** A neighbour discovery message that passed `parseNdp`'s conditions on the IP layer; the ICMPv6 message is at `offset`. */
  handleNdp(
    source: AddressWords,
    destination: AddressWords,
    bytes: Uint8Array,
    offset: number,
    length: number,
    now: Instant,
  ): void
  /** Begin to receive; not before the interface is ready. */
  open(): void
  close(): void
}
