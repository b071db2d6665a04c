import {
  BROADCAST_MAC,
  type Counters,
  type EtherLink,
  type Instant,
  IpAddress,
  isMulticastMac,
  type Mac,
  RateGate,
} from '@zt/sansio'
import { type AddressWords, isMulticastWords, isV4Words } from '../address-words.js'
import type { Settings } from '../settings.js'
import type { TimerWheel } from '../timer-wheel.js'
import { ETHERTYPE_ARP, ETHERTYPE_IPV4, ETHERTYPE_IPV6 } from '../wire/numbers.js'
import { ArpSpeaker } from './arp.js'
import type { Attachment } from './attachment.js'
import { NdpSpeaker } from './ndp.js'
import { Neighbor, type SendResult } from './neighbor.js'
import { NeighborCache } from './neighbor-cache.js'

/** 33:33:00:00:00:01, all IPv6 nodes on the link (RFC 2464 section 7). */
const ALL_NODES_MAC: Mac = 0x3333_0000_0001

/** What an Ethernet attachment tells and asks its stack. */
export interface EtherOwner {
  readonly settings: Settings
  readonly counters: Counters
  readonly timers: TimerWheel
  /** Begins a burst if none is open. */
  now(): Instant
  handleIp(bytes: Uint8Array, offset: number, length: number, isUnicast: boolean): void
  handleDrain(): void
  handleLinkChange(): void
  /** An IP packet was kept for a neighbour that did not answer. */
  handleUnreachable(packet: Uint8Array): void
  /** Somebody else on the link uses an address of ours. */
  handleConflict(address: AddressWords, mac: Mac | undefined): void
}

/** Conflicts are told at most this often: whoever causes them could do so without end. */
const CONFLICT_INTERVAL = 1000
const CONFLICT_BURST = 5

/** An Ethernet link: frames sorted by type, neighbours found by ARP and neighbour discovery, groups joined on the link. */
export class EtherAttachment implements Attachment {
  readonly neighbors: NeighborCache
  readonly #link: EtherLink
  readonly #owner: EtherOwner
  readonly #arp: ArpSpeaker
  readonly #ndp: NdpSpeaker
  readonly #conflicts = new RateGate(CONFLICT_INTERVAL, CONFLICT_BURST)
  /** Link groups joined on behalf of IPv6, which maps many groups to one. */
  readonly #joined = new Map<Mac, number>()

  constructor(link: EtherLink, owner: EtherOwner) {
    this.#link = link
    this.#owner = owner
    this.neighbors = new NeighborCache({
      settings: owner.settings,
      counters: owner.counters,
      timers: owner.timers,
      solicit: (neighbor, isProbe) => {
        const isV4 = isV4Words(neighbor.w0, neighbor.w1, neighbor.w2)
        if (isV4) this.#arp.request(neighbor, isProbe)
        else this.#ndp.solicit(neighbor, isProbe)
      },
      transmit: (mac, etherType, bytes, offset, length) => link.send(mac, etherType, bytes, offset, length),
      handleUnreachable: (packet) => owner.handleUnreachable(packet),
    })
    const handleConflict = (address: AddressWords, mac: Mac | undefined, now: Instant): void => {
      owner.counters.count('address-conflict')
      if (this.#conflicts.pass(now)) owner.handleConflict(address, mac)
    }
    this.#arp = new ArpSpeaker({ link, neighbors: this.neighbors, counters: owner.counters, handleConflict })
    this.#ndp = new NdpSpeaker({
      link,
      neighbors: this.neighbors,
      counters: owner.counters,
      handleConflict,
      send: (hop, bytes, length, now) => this.send(hop, ETHERTYPE_IPV6, bytes, 0, length, now),
    })
  }

  open(): void {
    const [link, owner] = [this.#link, this.#owner]
    link.onReceive = (source, destination, etherType, bytes, offset, length) =>
      this.#receive(source, destination, etherType, bytes, offset, length)
    link.onDrain = () => owner.handleDrain()
    link.onChange = () => owner.handleLinkChange()
    this.#join(ALL_NODES_MAC)
  }

  get mtu(): number {
    return this.#link.mtu
  }

  get isUp(): boolean {
    return this.#link.isUp
  }

  get mac(): Mac {
    return this.#link.mac
  }

  hopTo(destination: AddressWords, isBroadcast: boolean): Neighbor {
    if (isBroadcast) return Neighbor.fixed(destination, BROADCAST_MAC)
    const { w0, w1, w2, w3 } = destination
    return isMulticastWords(w0, w1, w2, w3)
      ? Neighbor.fixed(destination, groupMac(destination))
      : this.neighbors.obtain(destination)
  }

  macFor(address: AddressWords): Mac | undefined {
    return this.neighbors.find(address)?.mac || undefined
  }

  send(hop: Neighbor, etherType: number, bytes: Uint8Array, offset: number, length: number, now: Instant): SendResult {
    if (now >= hop.freshUntil) return this.neighbors.send(hop, etherType, bytes, offset, length, now)
    hop.lastUsed = now
    return this.#link.send(hop.mac, etherType, bytes, offset, length) ? 'sent' : 'full'
  }

  confirm(hop: Neighbor, now: Instant): void {
    this.neighbors.confirm(hop, now)
  }

  addressAdded(address: AddressWords): void {
    if (isV4Words(address.w0, address.w1, address.w2)) {
      this.#arp.addressAdded(address)
      this.#link.joinGroup(BROADCAST_MAC, address.w3 >>> 0)
    } else {
      this.#ndp.addressAdded(address)
      this.#join(solicitedNodeMac(address))
    }
  }

  addressRemoved(address: AddressWords): void {
    if (isV4Words(address.w0, address.w1, address.w2)) {
      this.#arp.addressRemoved(address)
      this.#link.leaveGroup(BROADCAST_MAC, address.w3 >>> 0)
    } else {
      this.#ndp.addressRemoved(address)
      this.#leave(solicitedNodeMac(address))
    }
  }

  joinGroup(group: AddressWords): void {
    this.#join(groupMac(group))
  }

  leaveGroup(group: AddressWords): void {
    this.#leave(groupMac(group))
  }

  handleNdp(
    source: AddressWords,
    destination: AddressWords,
    bytes: Uint8Array,
    offset: number,
    length: number,
    now: Instant,
  ): void {
    this.#ndp.handle(source, destination, bytes, offset, length, now)
  }

  close(): void {
    this.#link.onReceive = () => {}
    this.#link.onDrain = () => {}
    this.#link.onChange = () => {}
    for (const mac of this.#joined.keys()) this.#link.leaveGroup(mac)
    this.#joined.clear()
    this.neighbors.clear()
  }

  #receive(source: Mac, destination: Mac, etherType: number, bytes: Uint8Array, offset: number, length: number): void {
    const isUnicast = destination === this.#link.mac
    if (!isUnicast && !isMulticastMac(destination)) return this.#owner.counters.count('ether-not-ours')
    if (source === this.#link.mac || isMulticastMac(source)) return this.#owner.counters.count('ether-bad-source')
    if (etherType === ETHERTYPE_IPV4 || etherType === ETHERTYPE_IPV6) {
      // The type and the version must agree: filters on the way went by the type.
      if (length > 0 && bytes[offset] >> 4 === (etherType === ETHERTYPE_IPV4 ? 4 : 6))
        this.#owner.handleIp(bytes, offset, length, isUnicast)
      else this.#owner.counters.count('ether-wrong-version')
    } else if (etherType === ETHERTYPE_ARP) this.#arp.handle(isUnicast, bytes, offset, length, this.#owner.now())
    else this.#owner.counters.count('ether-unknown-type')
  }

  #join(mac: Mac): void {
    const members = this.#joined.get(mac) ?? 0
    this.#joined.set(mac, members + 1)
    if (members === 0) this.#link.joinGroup(mac)
  }

  #leave(mac: Mac): void {
    const members = this.#joined.get(mac) ?? 0
    if (members > 1) this.#joined.set(mac, members - 1)
    else if (this.#joined.delete(mac)) this.#link.leaveGroup(mac)
  }
}

/** The MAC address of a multicast group (RFC 1112 section 6.4, RFC 2464 section 7). */
export function groupMac({ w0, w1, w2, w3 }: AddressWords): Mac {
  return isV4Words(w0, w1, w2) ? 0x0100_5e00_0000 + (w3 & 0x7f_ffff) : 0x3333_0000_0000 + (w3 >>> 0)
}

/** The MAC address of the solicited-node group of an IPv6 address (RFC 4291 section 2.7.1). */
export function solicitedNodeMac(address: AddressWords): Mac {
  return 0x3333_ff00_0000 + (address.w3 & 0xff_ffff)
}

/** The IPv6 link-local address of a MAC address (RFC 4291 appendix A, RFC 2464 section 5). */
export function linkLocalAddress(mac: Mac): IpAddress {
  const bytes = new Uint8Array(16)
  const high = Math.floor(mac / 0x100_0000)
  bytes.set([0xfe, 0x80, 0, 0, 0, 0, 0, 0, (high >>> 16) ^ 2, high >>> 8, high, 0xff, 0xfe, mac >>> 16, mac >>> 8, mac])
  return IpAddress.of(bytes)!
}
