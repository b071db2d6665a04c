/** A member of a network as its controller keeps it: JSON, in the shape of ZeroTierOne's controller. */
import { type Address, formatAddress, formatNetworkId, type NetworkId } from '@zt/protocol'
import { type Check, flag, hex, integer, ip, list, nullable, object, reject, text, time, u32 } from './json-fields.js'

/** What authorised a member: an administrator, the network being public, or a token it presented. */
export type CredentialType = 'api' | 'public' | 'token'

/** A member's record. */
export interface MemberDefinition {
  /** 10 hexadecimal digits, as `address`. */
  readonly id: string
  readonly address: string
  readonly nwid: string
  readonly objtype: 'member'
  readonly authorized: boolean
  /** Frames for MACs that belong to no member may go to it. */
  readonly activeBridge: boolean
  readonly noAutoAssignIps: boolean
  /** Managed addresses, without prefix lengths: those come from the network's routes. */
  readonly ipAssignments: readonly string[]
  /** Pairs of tag id and value. */
  readonly tags: readonly (readonly [id: number, value: number])[]
  /** Ids of the network's capabilities. */
  readonly capabilities: readonly number[]
  readonly name?: string
  /** The public identity that first asked with this address; no other may take its place. Empty until then. */
  readonly identity?: string
  readonly creationTime: number
  readonly revision: number
  readonly lastAuthorizedTime: number
  readonly lastDeauthorizedTime: number
  readonly lastAuthorizedCredentialType: CredentialType | null
  readonly lastAuthorizedCredential: string | null
  /** Software and protocol version of its last request; -1 before the first. */
  readonly vMajor: number
  readonly vMinor: number
  readonly vRev: number
  readonly vProto: number
  readonly remoteTraceTarget: string | null
  readonly remoteTraceLevel: number
}

/** What an administrator can set. */
export type MemberSettings = Partial<
  Pick<
    MemberDefinition,
    | 'authorized'
    | 'activeBridge'
    | 'noAutoAssignIps'
    | 'ipAssignments'
    | 'tags'
    | 'capabilities'
    | 'name'
    | 'remoteTraceTarget'
    | 'remoteTraceLevel'
  >
>

const MAX_ENTRIES = 16384

const tag: Check<readonly [number, number]> = (value, field) => {
  if (!Array.isArray(value) || value.length !== 2) return reject(field, 'a pair of tag id and value', value)
  return [u32(value[0], `${field}[0]`), u32(value[1], `${field}[1]`)]
}

const settable: { readonly [K in keyof MemberSettings]-?: Check<NonNullable<MemberSettings[K]> | null> } = {
  authorized: flag,
  activeBridge: flag,
  noAutoAssignIps: flag,
  ipAssignments: list(MAX_ENTRIES, ip),
  tags: list(MAX_ENTRIES, tag),
  capabilities: list(MAX_ENTRIES, u32),
  name: text(1024),
  remoteTraceTarget: nullable(hex(10)),
  remoteTraceLevel: u32,
}

const credentialType: Check<CredentialType> = (value, field) =>
  value === 'api' || value === 'public' || value === 'token'
    ? value
    : reject(field, '"api", "public" or "token"', value)

const version = integer(-1, 0xffff_ffff)

/** What only the controller sets, but files hold. */
const kept: Readonly<Record<string, Check<unknown>>> = {
  identity: text(1024),
  creationTime: time,
  revision: time,
  lastAuthorizedTime: time,
  lastDeauthorizedTime: time,
  lastAuthorizedCredentialType: nullable(credentialType),
  lastAuthorizedCredential: nullable(text(1024)),
  vMajor: version,
  vMinor: version,
  vRev: version,
  vProto: version,
}

/** A member that nothing is known of but its address. */
export function defaultMember(networkId: NetworkId, address: Address, now: number): MemberDefinition {
  const id = formatAddress(address)
  return {
    id,
    address: id,
    nwid: formatNetworkId(networkId),
    objtype: 'member',
    authorized: false,
    activeBridge: false,
    noAutoAssignIps: false,
    ipAssignments: [],
    tags: [],
    capabilities: [],
    creationTime: Math.floor(now),
    revision: 0,
    lastAuthorizedTime: 0,
    lastDeauthorizedTime: 0,
    lastAuthorizedCredentialType: null,
    lastAuthorizedCredential: null,
    vMajor: -1,
    vMinor: -1,
    vRev: -1,
    vProto: -1,
    remoteTraceTarget: null,
    remoteTraceLevel: 0,
  }
}

/**
 * The member with these settings changed; unknown ones are ignored. Times and the revision are left alone.
 *
 * @throws ZT_ARG_INVALID naming the field, and nothing is changed.
 */
export function withMemberSettings(member: MemberDefinition, settings: MemberSettings): MemberDefinition {
  return { ...member, ...checked(settable, settings as Record<string, unknown>) }
}

/**
 * A member from its file. What is missing gets its default; what this controller does not use is kept as it is.
 *
 * @throws ZT_ARG_INVALID naming the field.
 */
export function parseMember(value: unknown): MemberDefinition {
  const given = object(value, 'member')
  const address = Number.parseInt(hex(10)(given['id'] ?? given['address'], 'id'), 16)
  const networkId = BigInt(`0x${hex(16)(given['nwid'], 'nwid')}`)
  return { ...given, ...defaultMember(networkId, address, 0), ...checked(settable, given), ...checked(kept, given) }
}

function checked(checks: Readonly<Record<string, Check<unknown>>>, given: Record<string, unknown>): object {
  const changes: Record<string, unknown> = {}
  for (const [field, check] of Object.entries(checks)) {
    if (given[field] !== undefined) changes[field] = check(given[field], field)
  }
  return changes
}
