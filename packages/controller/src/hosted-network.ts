/** One network of a controller, in memory: its definition, its members, and who has which managed address. */
import { type Address, type Identity, type NetworkId, parseAddress, type RequestMetadata } from '@zt/protocol'
import { type Endpoint, type Instant, IpAddress } from '@zt/sansio'
import { assignAddress } from './assign-address.js'
import { type ConfigTemplate, makeTemplate } from './config-template.js'
import type { MemberDefinition } from './member-definition.js'
import type { NetworkDefinition } from './network-definition.js'

/** How long after its last request a member counts as online. */
const ONLINE_MS = 120_000

/** What its last request told of a member. Not kept over a restart. */
export interface LastRequest {
  readonly at: Instant
  readonly identity: Identity
  readonly metadata: RequestMetadata
  /** Where it came from, if it came directly. */
  readonly endpoint: Endpoint | undefined
}

/** A member, and when it was last heard. */
export class HostedMember {
  readonly address: Address
  definition: MemberDefinition
  lastRequest: LastRequest | undefined

  constructor(definition: MemberDefinition) {
    this.address = parseAddress(definition.address)
    this.definition = definition
  }

  /** Nobody but itself has ever done anything about it: it asked, and waits. */
  get isPending(): boolean {
    const { authorized, lastAuthorizedTime, lastDeauthorizedTime, name, ipAssignments, activeBridge } = this.definition
    const wasDecidedOn = authorized || lastAuthorizedTime > 0 || lastDeauthorizedTime > 0
    return !wasDecidedOn && name === undefined && ipAssignments.length === 0 && !activeBridge
  }

  isOnline(now: Instant): boolean {
    return this.lastRequest !== undefined && now - this.lastRequest.at < ONLINE_MS
  }
}

/** Keeps the table of managed addresses in step with the members. */
export class HostedNetwork {
  readonly id: NetworkId
  /** In the order in which they came. */
  readonly members = new Map<Address, HostedMember>()
  /** Managed addresses that are taken, by their text. */
  readonly #holders = new Map<string, Address>()
  #definition: NetworkDefinition
  #template: ConfigTemplate

  constructor(id: NetworkId, definition: NetworkDefinition) {
    this.id = id
    this.#definition = definition
    this.#template = makeTemplate(definition)
  }

  get definition(): NetworkDefinition {
    return this.#definition
  }

  set definition(definition: NetworkDefinition) {
    this.#definition = definition
    this.#template = makeTemplate(definition)
  }

  get template(): ConfigTemplate {
    return this.#template
  }

  /** Members that are active bridges, authorised or not, as in ZeroTierOne. */
  get bridges(): Address[] {
    return [...this.members.values()].filter(({ definition }) => definition.activeBridge).map(({ address }) => address)
  }

  /** Put a member's new definition in force. */
  setMember(definition: MemberDefinition): HostedMember {
    const address = parseAddress(definition.address)
    let member = this.members.get(address)
    if (member) this.#release(member)
    else this.members.set(address, (member = new HostedMember(definition)))
    member.definition = definition
    for (const ip of definition.ipAssignments) if (!this.#holders.has(ip)) this.#holders.set(ip, address)
    return member
  }

  removeMember(address: Address): HostedMember | undefined {
    const member = this.members.get(address)
    if (!member) return undefined
    this.#release(member)
    this.members.delete(address)
    return member
  }

  /** The member with one more managed address of each family that the network assigns and it has none of. */
  withAddresses(member: MemberDefinition): MemberDefinition {
    const { v4AssignMode, v6AssignMode } = this.#definition
    if (member.noAutoAssignIps) return member
    const withV6 = v6AssignMode.zt ? this.#withAddress(member, 6) : member
    return v4AssignMode.zt ? this.#withAddress(withV6, 4) : withV6
  }

  #withAddress(member: MemberDefinition, family: 4 | 6): MemberDefinition {
    const { pools, routes } = this.#template
    const isUsable = (text: string): boolean => {
      const ip = IpAddress.parse(text)
      return ip.family === family && routes.some(({ target }) => target.contains(ip))
    }
    if (member.ipAssignments.some(isUsable)) return member
    const isFree = (ip: IpAddress): boolean =>
      !this.#holders.has(ip.toString()) && !member.ipAssignments.includes(ip.toString())
    const address = assignAddress(family, parseAddress(member.address), pools, routes, isFree)
    return address ? { ...member, ipAssignments: [...member.ipAssignments, address.toString()] } : member
  }

  #release(member: HostedMember): void {
    for (const ip of member.definition.ipAssignments) {
      if (this.#holders.get(ip) === member.address) this.#holders.delete(ip)
    }
  }
}
