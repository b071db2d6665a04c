import { type IpAddress, type IpPrefix, type Mac, ZtError } from '@zt/sansio'
import { type AddressWords, wordsOf } from './address-words.js'
import type { Attachment } from './link/attachment.js'

/** Options of `Interface.addAddress`. */
export interface AddressOptions {
  /** Take packets for the whole prefix as ours, not only for the address. Default false. */
  readonly wholePrefix?: boolean
  /** Not to be chosen for new conversations if there is another (RFC 6724 rule 3). Default false. */
  readonly deprecated?: boolean
}

/** An address of ours, prepared for the data path. */
export interface LocalAddress extends AddressWords {
  readonly prefix: IpPrefix
  readonly isV4: boolean
  readonly isDeprecated: boolean
  readonly wholePrefix: boolean
  /** The subnet's broadcast address as a signed word, or 0 where there is none (IPv6, /31, /32). */
  readonly broadcast: number
}

/** What an interface tells its stack. */
export interface InterfaceOwner {
  addressAdded(nic: Interface, local: LocalAddress): void
  addressRemoved(nic: Interface, local: LocalAddress): void
  detached(nic: Interface): void
}

/** A place where the stack touches a link: its addresses, groups and limits. Made by `IpStack.attachEther` and `attachIp`. */
export class Interface {
  readonly name: string
  readonly isLoopback: boolean
  /** For the stack's own use. */
  readonly link: Attachment
  /** Addresses in the order they were added; replaced, not changed. */
  locals: readonly LocalAddress[] = []
  /** Multicast groups we are in; replaced, not changed. */
  groups: readonly AddressWords[] = []
  inPackets = 0
  inBytes = 0
  outPackets = 0
  outBytes = 0
  readonly #owner: InterfaceOwner
  readonly #members = new Map<string, number>()
  #isDetached = false

  constructor(name: string, link: Attachment, owner: InterfaceOwner, isLoopback = false) {
    this.name = name
    this.link = link
    this.#owner = owner
    this.isLoopback = isLoopback
  }

  /** The largest IP packet the link carries, in bytes. Follows the link. */
  get mtu(): number {
    return this.link.mtu
  }

  get isUp(): boolean {
    return this.link.isUp
  }

  /** Our MAC address, or `undefined` on a link that has none. */
  get mac(): Mac | undefined {
    return this.link.mac === 0 ? undefined : this.link.mac
  }

  /** The MAC address that a neighbour on this link was found at, or `undefined` while it is not known. */
  macOf(neighbor: IpAddress): Mac | undefined {
    return this.link.macFor(wordsOf(neighbor))
  }

  /** Our addresses, each with the length of its subnet's prefix. */
  get addresses(): readonly IpPrefix[] {
    return this.locals.map((local) => local.prefix)
  }

  /**
   * Take an address. Its subnet becomes reachable through this interface. Adding an address again changes its prefix
   * length and options. @throws ZT_ARG_INVALID for an address that no host can have, ZT_CLOSED after `detach`.
   */
  addAddress(prefix: IpPrefix, options: AddressOptions = {}): void {
    this.#requireAttached()
    const { address, bits } = prefix
    if (address.isUnspecified || address.isMulticast || (address.isV4 && address.u32 === 0xffff_ffff)) {
      throw new ZtError('ZT_ARG_INVALID', `cannot take ${address} as an address of this host`, {
        address: address.toString(),
      })
    }
    if (this.locals.some((local) => local.prefix.address.equals(address))) this.removeAddress(address)
    const words = wordsOf(address)
    const hasBroadcast = address.isV4 && bits < 31
    const local: LocalAddress = {
      ...words,
      prefix,
      isV4: address.isV4,
      isDeprecated: options.deprecated ?? false,
      wholePrefix: options.wholePrefix ?? false,
      broadcast: hasBroadcast ? words.w3 | (bits === 0 ? -1 : 0xffff_ffff >>> bits) : 0,
    }
    this.locals = [...this.locals, local]
    this.link.addressAdded(local)
    this.#owner.addressAdded(this, local)
  }

  /** Give an address up; conversations from it end with EADDRNOTAVAIL. False if it was not ours. */
  removeAddress(address: IpAddress): boolean {
    const local = this.locals.find((each) => each.prefix.address.equals(address))
    if (!local) return false
    this.locals = this.locals.filter((each) => each !== local)
    this.link.addressRemoved(local)
    this.#owner.addressRemoved(this, local)
    return true
  }

  /** Become a member of a multicast group; counted, so as many `leaveGroup` undo it. @throws ZT_ARG_INVALID */
  joinGroup(group: IpAddress): void {
    this.#requireAttached()
    if (!group.isMulticast) {
      throw new ZtError('ZT_ARG_INVALID', `expected a multicast address, got ${group}`, { address: group.toString() })
    }
    const key = group.toString()
    const members = this.#members.get(key) ?? 0
    this.#members.set(key, members + 1)
    if (members > 0) return
    const words = wordsOf(group)
    this.groups = [...this.groups, words]
    this.link.joinGroup(words)
  }

  leaveGroup(group: IpAddress): void {
    const key = group.toString()
    const members = this.#members.get(key) ?? 0
    if (members > 1) this.#members.set(key, members - 1)
    if (members !== 1) return
    this.#members.delete(key)
    const words = wordsOf(group)
    this.groups = this.groups.filter((each) => !isSame(each, words))
    this.link.leaveGroup(words)
  }

  /** Our address that a packet for this destination is for, or `undefined`. */
  owns(w0: number, w1: number, w2: number, w3: number): LocalAddress | undefined {
    const locals = this.locals
    for (let i = 0; i < locals.length; i++) {
      const local = locals[i]
      if (local.w3 === w3 && local.w2 === w2 && local.w1 === w1 && local.w0 === w0) return local
      if (
        local.wholePrefix &&
        isInPrefix(local, local.isV4 ? local.prefix.bits + 96 : local.prefix.bits, w0, w1, w2, w3)
      )
        return local
    }
    return undefined
  }

  /** Is this IPv4 word the limited broadcast address or that of one of our subnets? */
  isBroadcast(w3: number): boolean {
    if (w3 === -1) return true
    for (const local of this.locals) if (local.broadcast !== 0 && local.broadcast === w3) return true
    return false
  }

  /** Are we a member of this multicast group? */
  isMember(w0: number, w1: number, w2: number, w3: number): boolean {
    for (const group of this.groups) {
      if (group.w3 === w3 && group.w2 === w2 && group.w1 === w1 && group.w0 === w0) return true
    }
    return false
  }

  /** Leave the link: addresses, routes and conversations of this interface end. Idempotent. */
  detach(): void {
    if (this.#isDetached) return
    for (const local of [...this.locals]) this.removeAddress(local.prefix.address)
    this.#isDetached = true
    this.link.close()
    this.#owner.detached(this)
  }

  get isDetached(): boolean {
    return this.#isDetached
  }

  #requireAttached(): void {
    if (this.#isDetached) throw new ZtError('ZT_CLOSED', `interface ${this.name} is detached from its stack`)
  }
}

/** Do the first `bits` of 128 agree? */
export function isInPrefix(
  prefix: AddressWords,
  bits: number,
  w0: number,
  w1: number,
  w2: number,
  w3: number,
): boolean {
  return (
    ((prefix.w0 ^ w0) & maskWord(bits)) === 0 &&
    ((prefix.w1 ^ w1) & maskWord(bits - 32)) === 0 &&
    ((prefix.w2 ^ w2) & maskWord(bits - 64)) === 0 &&
    ((prefix.w3 ^ w3) & maskWord(bits - 96)) === 0
  )
}

function maskWord(bits: number): number {
  return bits <= 0 ? 0 : bits >= 32 ? -1 : -1 << (32 - bits)
}

function isSame(a: AddressWords, b: AddressWords): boolean {
  return a.w3 === b.w3 && a.w2 === b.w2 && a.w1 === b.w1 && a.w0 === b.w0
}
