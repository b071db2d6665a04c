/**
 * Controller: says who may join its networks, with what addresses, rules and credentials. A machine without clock and
 * disk: requests go in, answers come out; what else is to be sent is handed out by `pollMessage`, what is to be kept by
 * `pollRecord`.
 *
 * It fits the controller port of `@zt/node`. Source: ZeroTierOne controller/EmbeddedNetworkController.cpp.
 */
import {
  type Address,
  controllerOf,
  decodeRequestMetadata,
  encodeNetworkConfig,
  encodeNetworkConfigChunk,
  equalIdentities,
  formatAddress,
  formatIdentity,
  formatNetworkId,
  type Identity,
  isReservedAddress,
  MAX_NETWORK_CONFIG_LENGTH,
  type NetworkId,
  PacketError,
  parseIdentity,
  type RequestMetadata,
  type Revocation,
  type SecretIdentity,
  splitNetworkConfig,
} from '@zt/protocol'
import { ByteWriter, type Endpoint, type Instant, type RandomSource, RateGate, ZtError } from '@zt/sansio'
import { authorize, authorizedBy, withDefaults } from './authorize.js'
import { type HostedMember, HostedNetwork } from './hosted-network.js'
import { issueConfig, issueRevocation, revocationPayloads } from './issue.js'
import { defaultMember, type MemberDefinition, type MemberSettings, withMemberSettings } from './member-definition.js'
import {
  defaultNetwork,
  type NetworkDefinition,
  type NetworkSettings,
  unknownNetwork,
  withNetworkSettings,
} from './network-definition.js'
import {
  decodeMemberRecord,
  decodeNetworkRecord,
  encodeRecord,
  memberKey,
  networkKey,
  parseRecordKey,
  type RecordChange,
  type RecordName,
} from './records.js'

/** A member is answered once in this time, ms. */
const REQUEST_INTERVAL = 1000
/** Members of one network that wait to be authorised. Anybody can become one, so the oldest give way. */
const MAX_PENDING = 1024

/** A member's request for a network config, already authenticated. */
export interface ConfigRequest {
  readonly networkId: NetworkId
  readonly from: Identity
  /** The packet id to answer to. */
  readonly requestId: bigint
  /** The request's dictionary. Borrowed for the duration of the call. */
  readonly metadata: Uint8Array
  /** Where it came from, if it came directly. */
  readonly endpoint: Endpoint | undefined
}

/** Something to be sent to a member. */
export type ControllerMessage =
  /** A config as signed chunk records: with `inReplyTo` an answer, else a push. */
  | {
      readonly type: 'config'
      readonly to: Address
      readonly networkId: NetworkId
      readonly inReplyTo?: bigint
      readonly chunks: readonly Uint8Array[]
    }
  /** No config; `code` is a `PacketError`. */
  | {
      readonly type: 'refusal'
      readonly to: Address
      readonly networkId: NetworkId
      readonly inReplyTo: bigint
      readonly code: number
    }
  /** The payload of a NETWORK_CREDENTIALS packet: revocations. */
  | { readonly type: 'credentials'; readonly to: Address; readonly payload: Uint8Array }

/** What a controller is made of. */
export interface ControllerOptions {
  /** The node's: networks begin with its address, and it signs everything. */
  readonly identity: SecretIdentity
  readonly random: RandomSource
}

/** The controller of all networks whose ids begin with its address. */
export class Controller {
  /** Installed by who runs the controller: `pollMessage` has something, not as an answer to a request. */
  onMessage: () => void = () => {}
  /** Installed by who keeps the records: `pollRecord` has something. */
  onRecord: () => void = () => {}

  readonly #identity: SecretIdentity
  readonly #random: RandomSource
  readonly #networks = new Map<NetworkId, HostedNetwork>()
  readonly #messages: ControllerMessage[] = []
  /** Members that are to be sent their config, by a key of both. */
  readonly #pushes = new Map<string, { readonly network: HostedNetwork; readonly member: HostedMember }>()
  readonly #changed = new Map<string, RecordName>()
  readonly #strangers = new RateGate(10, 100)
  /** The last time anybody told us. */
  #now: Instant = 0

  constructor({ identity, random }: ControllerOptions) {
    this.#identity = identity
    this.#random = random
  }

  /** The controller's address: the first ten digits of its networks. */
  get address(): Address {
    return this.#identity.address
  }

  // --- Members' requests

  /** Answer a request: nothing if it is not for us or came too soon after the last. */
  handleRequest(now: Instant, request: ConfigRequest): readonly ControllerMessage[] {
    this.#now = now
    const { networkId, from, requestId } = request
    if (controllerOf(networkId) !== this.address) return []
    const refusal = (code: number): ControllerMessage[] => {
      return [{ type: 'refusal', to: from.address, networkId, inReplyTo: requestId, code }]
    }
    const network = this.#networks.get(networkId)
    if (!network) return this.#strangers.pass(now) ? refusal(PacketError.ObjectNotFound) : []

    const known = network.members.get(from.address)
    if (known?.lastRequest && now - known.lastRequest.at <= REQUEST_INTERVAL) return []
    // Whoever first asked with an address keeps it.
    if (known?.definition.identity && !isIdentity(known.definition.identity, from)) {
      return this.#strangers.pass(now) ? refusal(PacketError.NetworkAccessDenied) : []
    }

    const metadata = decodeRequestMetadata(request.metadata)
    const asking = known?.definition ?? defaultMember(networkId, from.address, now)
    const introduced = { ...asking, identity: formatIdentity(from), ...versions(metadata) }
    const defaulted = withDefaults(network.definition, introduced, !known?.definition.identity)
    const decided = authorize(now, network.definition, defaulted, metadata)
    const member = this.#keepMember(network, decided.authorized ? network.withAddresses(decided) : decided)
    member.lastRequest = { at: now, identity: from, metadata, endpoint: request.endpoint }
    if (member.isPending) this.#limitPending(network)
    if (!member.definition.authorized) return refusal(PacketError.NetworkAccessDenied)
    const config = this.#config(now, network, member)
    return config ? [{ ...config, inReplyTo: requestId }] : refusal(PacketError.ObjectNotFound)
  }

  /** The next message that is no answer to a request. */
  pollMessage(): ControllerMessage | undefined {
    const message = this.#messages.shift()
    if (message) return message
    for (const [key, { network, member }] of this.#pushes) {
      this.#pushes.delete(key)
      const config = member.definition.authorized && this.#config(this.#now, network, member)
      if (config) return config
    }
    return undefined
  }

  // --- Networks

  /** All networks, in the order of their creation here. */
  networks(): NetworkDefinition[] {
    return [...this.#networks.values()].map(({ definition }) => definition)
  }

  network(networkId: NetworkId): NetworkDefinition | undefined {
    return this.#networks.get(networkId)?.definition
  }

  /**
   * Create a network, with an id of its own choice or the given one.
   *
   * @throws ZT_ARG_INVALID naming the field; ZT_CONTROLLER_NETWORK_EXISTS
   */
  createNetwork(
    now: Instant,
    settings: NetworkSettings = {},
    networkId: NetworkId = this.#freeNetworkId(),
  ): NetworkDefinition {
    if (controllerOf(networkId) !== this.address) {
      throw new ZtError(
        'ZT_ARG_INVALID',
        `this controller's networks begin with ${formatAddress(this.address)}, got ${formatNetworkId(networkId)}`,
        { networkId },
      )
    }
    if (this.#networks.has(networkId)) {
      throw new ZtError('ZT_CONTROLLER_NETWORK_EXISTS', `network ${formatNetworkId(networkId)} exists already`, {
        networkId,
      })
    }
    this.#now = now
    const definition = { ...withNetworkSettings(defaultNetwork(networkId, now), settings), revision: 1 }
    this.#networks.set(networkId, new HostedNetwork(networkId, definition))
    this.#keep({ networkId })
    return definition
  }

  /**
   * Change a network, and tell its members.
   *
   * @throws ZT_CONTROLLER_NETWORK_UNKNOWN; ZT_ARG_INVALID naming the field, and nothing is changed
   */
  updateNetwork(now: Instant, networkId: NetworkId, settings: NetworkSettings): NetworkDefinition {
    const network = this.#hosted(networkId)
    const changed = withNetworkSettings(network.definition, settings)
    if (isEqual(changed, network.definition)) return network.definition
    this.#now = now
    network.definition = { ...changed, revision: network.definition.revision + 1 }
    this.#keep({ networkId })
    this.#pushToAll(network)
    return network.definition
  }

  /** Delete a network with all members, whose memberships are revoked. False if there is none. */
  deleteNetwork(now: Instant, networkId: NetworkId): boolean {
    const network = this.#networks.get(networkId)
    if (!network) return false
    this.#now = now
    this.#revoke(
      network,
      [...network.members.values()].filter(({ definition }) => definition.authorized),
    )
    // The network goes first: members without a network are no harm if we are interrupted here.
    this.#networks.delete(networkId)
    this.#keep({ networkId })
    for (const address of network.members.keys()) this.#keep({ networkId, address })
    return true
  }

  // --- Members

  /** All members, also those that wait to be authorised. @throws ZT_CONTROLLER_NETWORK_UNKNOWN */
  members(networkId: NetworkId): MemberDefinition[] {
    return [...this.#hosted(networkId).members.values()].map(({ definition }) => definition)
  }

  member(networkId: NetworkId, address: Address): MemberDefinition | undefined {
    return this.#networks.get(networkId)?.members.get(address)?.definition
  }

  /** When a member last asked, and from where if not through a relay. Not kept over a restart. */
  lastSeen(
    networkId: NetworkId,
    address: Address,
  ): { readonly at: Instant; readonly endpoint: Endpoint | undefined } | undefined {
    return this.#networks.get(networkId)?.members.get(address)?.lastRequest
  }

  /** Let a node join, now or whenever it first asks. @throws ZT_CONTROLLER_NETWORK_UNKNOWN */
  authorize(now: Instant, networkId: NetworkId, address: Address): MemberDefinition {
    return this.updateMember(now, networkId, address, { authorized: true })
  }

  /** Let it not join (any more), and tell the others at once. @throws ZT_CONTROLLER_NETWORK_UNKNOWN */
  deauthorize(now: Instant, networkId: NetworkId, address: Address): MemberDefinition {
    return this.updateMember(now, networkId, address, { authorized: false })
  }

  /**
   * Change a member, creating it if it never asked, and tell whom it concerns.
   *
   * @throws ZT_CONTROLLER_NETWORK_UNKNOWN; ZT_ARG_INVALID naming the field, and nothing is changed
   */
  updateMember(now: Instant, networkId: NetworkId, address: Address, settings: MemberSettings): MemberDefinition {
    const network = this.#hosted(networkId)
    if (!Number.isInteger(address) || address > 0xff_ffff_ffff || isReservedAddress(address)) {
      throw new ZtError('ZT_ARG_INVALID', `${address} is not the address of a node`, { field: 'address' })
    }
    const before = network.members.get(address)?.definition ?? defaultMember(networkId, address, now)
    let after = withMemberSettings(before, settings)
    this.#now = now
    if (after.authorized && !before.authorized) after = authorizedBy(now, after, 'api', null)
    if (!after.authorized && before.authorized) after = { ...after, lastDeauthorizedTime: Math.floor(now) }
    const member = this.#keepMember(network, after.authorized ? network.withAddresses(after) : after)
    if (before.authorized && !after.authorized) this.#revoke(network, [member])
    if (before.activeBridge !== after.activeBridge) this.#pushToAll(network)
    else this.#push(network, member)
    return member.definition
  }

  /** Forget a member, revoking its membership if it has one. False if there is none. */
  deleteMember(now: Instant, networkId: NetworkId, address: Address): boolean {
    const network = this.#hosted(networkId)
    const member = network.members.get(address)
    if (!member) return false
    this.#now = now
    if (member.definition.authorized) this.#revoke(network, [member])
    network.removeMember(address)
    this.#pushes.delete(memberKey(networkId, address))
    this.#keep({ networkId, address })
    return true
  }

  // --- Records

  /** The next record to be written or deleted. Changes of one record that nobody asked for in between are one. */
  pollRecord(): RecordChange | undefined {
    for (const [key, { networkId, address }] of this.#changed) {
      this.#changed.delete(key)
      const network = this.#networks.get(networkId)
      const record = address === undefined ? network?.definition : network?.members.get(address)?.definition
      return { key, value: record && encodeRecord(record) }
    }
    return undefined
  }

  /**
   * Take over a record that was kept before: networks first, then their members. Records of other controllers' networks
   * and of members without a network are left alone.
   *
   * @throws ZT_STATE_CORRUPT naming the key and the remedy.
   */
  load(key: string, value: Uint8Array): void {
    const name = parseRecordKey(key)
    if (!name || controllerOf(name.networkId) !== this.address) return
    const { networkId, address } = name
    if (address === undefined)
      this.#networks.set(networkId, new HostedNetwork(networkId, decodeNetworkRecord(key, value)))
    else this.#networks.get(networkId)?.setMember(decodeMemberRecord(key, value))
  }

  /** `undefined` if nothing is known of the member, or the config is larger than members accept. */
  #config(
    now: Instant,
    network: HostedNetwork,
    member: HostedMember,
  ): Extract<ControllerMessage, { type: 'config' }> | undefined {
    const { definition, lastRequest } = member
    if (!lastRequest) return undefined
    const { identity, metadata } = lastRequest
    const config = issueConfig(
      {
        networkId: network.id,
        network: network.definition,
        template: network.template,
        member: definition,
        identity,
        metadata,
        bridges: network.bridges,
        // Everything as old as its last revocation is void.
        timestamp: Math.max(Math.floor(now), definition.lastDeauthorizedTime + 1),
      },
      this.#identity,
    )
    const updateId = new DataView(this.#random.fill(new Uint8Array(8)).buffer).getBigUint64(0) || 1n
    const dictionary = encodeNetworkConfig(config)
    if (dictionary.length > MAX_NETWORK_CONFIG_LENGTH) return undefined
    const chunks = splitNetworkConfig(network.id, dictionary, updateId, this.#identity).map((chunk) => {
      const w = new ByteWriter(chunk.data.length + 128)
      encodeNetworkConfigChunk(w, chunk)
      return w.finish()
    })
    return { type: 'config', to: member.address, networkId: network.id, chunks }
  }

  #push(network: HostedNetwork, member: HostedMember): void {
    if (!member.definition.authorized || !member.isOnline(this.#now)) return
    this.#pushes.set(memberKey(network.id, member.address), { network, member })
    this.onMessage()
  }

  #pushToAll(network: HostedNetwork): void {
    for (const member of network.members.values()) this.#push(network, member)
  }

  /** Tell all members that are online that these are none any more. */
  #revoke(network: HostedNetwork, members: readonly HostedMember[]): void {
    const threshold = Math.floor(this.#now)
    const revocations: Revocation[] = members.map(({ address }) => {
      return issueRevocation(network.id, address, threshold, this.#random, this.#identity)
    })
    const payloads = revocationPayloads(revocations)
    for (const member of network.members.values()) {
      if (!member.isOnline(this.#now)) continue
      for (const payload of payloads) this.#messages.push({ type: 'credentials', to: member.address, payload })
    }
    if (this.#messages.length > 0) this.onMessage()
  }

  /** Put a member's definition in force, and keep it if it says anything new. */
  #keepMember(network: HostedNetwork, definition: MemberDefinition): HostedMember {
    const known = network.members.get(Number.parseInt(definition.address, 16))
    if (known && isEqual(known.definition, definition)) return known
    const member = network.setMember({ ...definition, revision: definition.revision + 1 })
    this.#keep({ networkId: network.id, address: member.address })
    return member
  }

  #keep(name: RecordName): void {
    const { networkId, address } = name
    const key = address === undefined ? networkKey(networkId) : memberKey(networkId, address)
    // What changed again goes to the end, so that a network is written before members that came after.
    if (address !== undefined || !this.#networks.has(networkId)) this.#changed.delete(key)
    this.#changed.set(key, name)
    this.onRecord()
  }

  #limitPending(network: HostedNetwork): void {
    const pending = [...network.members.values()].filter((member) => member.isPending)
    for (const { address } of pending.slice(0, Math.max(0, pending.length - MAX_PENDING))) {
      network.removeMember(address)
      this.#keep({ networkId: network.id, address })
    }
  }

  #hosted(networkId: NetworkId): HostedNetwork {
    return this.#networks.get(networkId) ?? unknownNetwork(networkId)
  }

  #freeNetworkId(): NetworkId {
    for (;;) {
      const number = this.#random.u32() & 0xff_ffff
      const networkId = (BigInt(this.address) << 24n) | BigInt(number)
      if (number !== 0 && !this.#networks.has(networkId)) return networkId
    }
  }
}

function isIdentity(text: string, identity: Identity): boolean {
  try {
    return equalIdentities(parseIdentity(text), identity)
  } catch {
    return false
  }
}

/** Numbers that fit a record, whatever the member claims. */
function versions({ software, protocolVersion }: RequestMetadata): Partial<MemberDefinition> {
  const u32 = (value: number): number => Math.min(value, 0xffff_ffff)
  return {
    vMajor: u32(software.major),
    vMinor: u32(software.minor),
    vRev: u32(software.revision),
    vProto: u32(protocolVersion),
  }
}

/** Records are plain JSON, built in one order of fields. */
function isEqual(a: object, b: object): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b)
}
