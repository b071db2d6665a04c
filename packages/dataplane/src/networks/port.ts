/**
 * Port: our Ethernet port on one joined network. Its user sends and receives frames by the `EtherLink` it is; the node
 * gives it configurations, and looks after the members it lists.
 */
import {
  type Address,
  type MulticastGroup,
  type NetworkConfig,
  NetworkFlag,
  type NetworkId,
  DEFAULT_NETWORK_MTU,
  SpecialistRole,
  comsAgree,
  hasFlag,
  macMask,
  specialistsWith,
  xorMac,
} from '@zt/protocol'
import { BROADCAST_MAC, BoundedMap, type EtherLink, type Instant, type Mac } from '@zt/sansio'
import type { PeerLink } from '../peers/peer-link.js'
import type { PeerTable } from '../peers/peer-table.js'
import { BridgeTable } from './bridge-table.js'
import { type Added, type CredentialWindow, Member } from './member.js'
import { keyOf } from './multicast-members.js'
import { PortPolicy } from './port-policy.js'

/** Members kept per network; the longest known go first. */
const MOST_MEMBERS = 8_192
/** Groups subscribed to (ZT_MAX_MULTICAST_SUBSCRIPTIONS). */
const MOST_GROUPS = 1_024

/** What a port needs of the data path that it belongs to. */
export interface PortHost {
  readonly address: Address
  readonly peers: PeerTable
  /** The user of a port has subscribed to a group. */
  groupJoined(port: Port, group: MulticastGroup): void
  /** Send a frame; see `EtherLink.send`. */
  sendFrame(
    port: Port,
    source: Mac,
    destination: Mac,
    etherType: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): boolean
}

/** One per joined network. */
export class Port implements EtherLink, CredentialWindow {
  readonly networkId: NetworkId
  /** The network id in two signed 32-bit integers, as packets are compared with. */
  readonly idHigh: number
  readonly idLow: number
  readonly mac: Mac
  readonly bridges = new BridgeTable()
  readonly members: BoundedMap<Address, Member>
  private readonly host: PortHost
  /** Members by the index of their peer: found without a look-up. */
  private readonly byPeer: (Member | undefined)[] = []
  private readonly joined = new BoundedMap<string, MulticastGroup>(MOST_GROUPS)
  private readonly behindUs = new BoundedMap<string, MulticastGroup>(MOST_GROUPS)

  // From the configuration in force.
  config: NetworkConfig | undefined = undefined
  policy: PortPolicy | undefined = undefined
  /** When it was put in force. */
  configuredAt: Instant = 0
  configTimestamp = 0
  credentialWindowMs = 0
  epoch = 0
  activeBridges: readonly Address[] = []
  replicators: readonly Address[] = []
  isBridge = false
  allowsBroadcast = false
  mtu = DEFAULT_NETWORK_MTU

  // Installed by the link's user.
  onReceive: EtherLink['onReceive'] = () => {}
  onDrain: () => void = () => {}
  onChange: () => void = () => {}
  /** A frame was refused because the socket was full: `onDrain` is owed. */
  owesDrain = false

  /** What members' addresses are combined with to make their MACs. */
  private readonly mask: number
  // The member that the last frame went to: most frames go to the same.
  private recent: Member | undefined

  constructor(host: PortHost, networkId: NetworkId) {
    this.host = host
    this.networkId = networkId
    this.idHigh = Number(BigInt.asIntN(32, networkId >> 32n))
    this.idLow = Number(BigInt.asIntN(32, networkId))
    this.mask = macMask(networkId)
    this.mac = xorMac(this.mask, host.address)
    this.members = new BoundedMap(MOST_MEMBERS, (_address, member) => this.forget(member))
  }

  get isUp(): boolean {
    return this.config !== undefined
  }

  send(destination: Mac, etherType: number, bytes: Uint8Array, offset: number, length: number): boolean {
    return this.host.sendFrame(this, this.mac, destination, etherType, bytes, offset, length)
  }

  /** Put a configuration in force. */
  configure(now: Instant, config: NetworkConfig): void {
    const wasUp = this.isUp
    this.config = config
    this.policy = new PortPolicy(this.host.address, config)
    this.configuredAt = now
    this.configTimestamp = config.timestamp
    this.credentialWindowMs = config.credentialTimeMaxDelta
    this.activeBridges = specialistsWith(config, SpecialistRole.ActiveBridge)
    this.replicators = specialistsWith(config, SpecialistRole.Replicator)
    this.isBridge = this.activeBridges.includes(this.host.address)
    this.allowsBroadcast = hasFlag(config, NetworkFlag.EnableBroadcast)
    this.epoch++
    const { mtu } = this
    this.mtu = config.mtu
    if (!wasUp || mtu !== config.mtu) this.onChange()
  }

  /** The network was left: nothing goes in or out any more. */
  close(): void {
    this.config = undefined
    this.onChange()
  }

  // Groups

  joinGroup(group: Mac, detail = 0): void {
    const subscription = { mac: group, adi: detail }
    const key = keyOf(this.networkId, subscription)
    if (this.joined.has(key)) return
    this.joined.set(key, subscription)
    this.host.groupJoined(this, subscription)
  }

  leaveGroup(group: Mac, detail = 0): void {
    this.joined.delete(keyOf(this.networkId, { mac: group, adi: detail }))
  }

  /** A host that we bridge for sends to this group, and so listens to it. */
  learnGroupBehind(group: MulticastGroup): void {
    this.behindUs.set(keyOf(this.networkId, group), group)
  }

  /** The groups that we announce, each once. */
  groups(): MulticastGroup[] {
    const all = new Map([...this.joined, ...this.behindUs])
    const broadcast = { mac: BROADCAST_MAC, adi: 0 }
    if (this.allowsBroadcast) all.set(keyOf(this.networkId, broadcast), broadcast)
    return [...all.values()]
  }

  isSubscribed(group: MulticastGroup): boolean {
    const key = keyOf(this.networkId, group)
    if (group.mac === BROADCAST_MAC && group.adi === 0 && this.allowsBroadcast) return true
    return this.joined.has(key) || this.behindUs.has(key)
  }

  // Members

  /** The member with this address, made if it is not known yet. */
  member(address: Address): Member {
    let member = this.members.get(address)
    if (!member) {
      member = new Member(address, xorMac(this.mask, address), this)
      this.members.set(address, member)
    }
    if (member.link === undefined || member.link.index < 0) member.link = this.host.peers.get(address)
    if (member.link) this.byPeer[member.link.index] = member
    return member
  }

  /** Hand a credential to the member it was issued to. Who was not known before is known from an accepted one on. */
  file(address: Address, add: (member: Member) => Added): Added {
    const known = this.members.get(address)
    if (known) return add(known)
    const member = new Member(address, xorMac(this.mask, address), this)
    const added = add(member)
    if (added === 'accepted') {
      this.members.set(address, member)
      this.member(address)
    }
    return added
  }

  /** Could this be a member's own MAC? Compares the first octet. */
  isMemberMac(mac: Mac): boolean {
    return Math.floor(mac / 0x100_0000_0000) === Math.floor(this.mac / 0x100_0000_0000)
  }

  /** The member behind a MAC of this network. */
  memberWithMac(mac: Mac): Member {
    const { recent } = this
    if (recent !== undefined && recent.mac === mac && recent.link !== undefined && recent.link.index >= 0) return recent
    return (this.recent = this.member(xorMac(this.mask, mac) % 0x100_0000_0000))
  }

  /** The membership of a peer, if it has one. */
  memberOf(link: PeerLink): Member | undefined {
    const cached = this.byPeer[link.index]
    if (cached !== undefined && cached.link === link) return cached
    return this.members.has(link.address) ? this.member(link.address) : undefined
  }

  private forget(member: Member): void {
    if (member.link) this.byPeer[member.link.index] = undefined
    if (this.recent === member) this.recent = undefined
  }

  /**
   * The membership gate: may this peer talk on the network now? On a public network everybody may; elsewhere its
   * certificate must agree with ours. Returns its membership if it may.
   */
  admit(link: PeerLink): Member | undefined {
    if (this.config === undefined) return undefined
    const member = this.memberOf(link) ?? (this.config.isPublic ? this.member(link.address) : undefined)
    if (member === undefined) return undefined
    if (member.gateEpoch !== this.epoch) {
      member.gateEpoch = this.epoch
      member.isAdmitted = this.config.isPublic || this.agrees(member, link)
    }
    return member.isAdmitted ? member : undefined
  }

  private agrees(member: Member, link: PeerLink): boolean {
    const mine = this.config?.com
    return (
      mine !== undefined &&
      member.com !== undefined &&
      member.hasLivingCom &&
      comsAgree(mine, member.com, link.identity)
    )
  }
}
