/**
 * A network as its owner describes it and as it is kept: JSON, in the shape of ZeroTierOne's controller, so that its
 * files can be read and ours can be taken back there.
 */
import { formatNetworkId, MAX_NETWORK_MTU, MIN_NETWORK_MTU, type NetworkId } from '@zt/protocol'
import { IpAddress, ZtError } from '@zt/sansio'
import {
  type Check,
  flag,
  hex,
  integer,
  ip,
  list,
  network,
  nullable,
  object,
  reject,
  text,
  time,
  u32,
} from './json-fields.js'
import { type RuleDefinition, rule } from './rule-definition.js'

/** Entries in any list of a network. */
const MAX_ENTRIES = 16384

/** A route that members install. */
export interface RouteDefinition {
  /** `10.1.2.0/24` */
  readonly target: string
  /** The member (by its managed address) to route through; `null` for a network reached directly. */
  readonly via: string | null
}

/** Addresses to give out, both ends of one family. The last IPv4 address is not used, as in ZeroTierOne. */
export interface PoolDefinition {
  readonly ipRangeStart: string
  readonly ipRangeEnd: string
}

/** Extra rules that a member may be granted; see `MemberDefinition.capabilities`. */
export interface CapabilityDefinition {
  readonly id: number
  /** Granted to every new member. */
  readonly default: boolean
  readonly rules: readonly RuleDefinition[]
}

/** A number attached to each member that rules can compare. */
export interface TagDefinition {
  readonly id: number
  /** The value of members without one; `null` for none. */
  readonly default: number | null
}

/** Where managed IPv6 addresses come from. */
export interface V6AssignMode {
  /** From the pools. */
  readonly zt: boolean
  /** One computed from the network and the member, in a /88 of their own. */
  readonly rfc4193: boolean
  /** A computed /80 for each member. */
  readonly '6plane': boolean
}

/** A network's record. */
export interface NetworkDefinition {
  /** 16 hexadecimal digits, as `nwid`. */
  readonly id: string
  readonly nwid: string
  readonly objtype: 'network'
  readonly name: string
  /** Members must be authorised. */
  readonly private: boolean
  /** Milliseconds since the epoch. */
  readonly creationTime: number
  /** One more at each change. */
  readonly revision: number
  readonly enableBroadcast: boolean
  /** Most recipients of a multicast frame; 0 forbids multicast. */
  readonly multicastLimit: number
  readonly mtu: number
  readonly v4AssignMode: { readonly zt: boolean }
  readonly v6AssignMode: V6AssignMode
  readonly routes: readonly RouteDefinition[]
  readonly ipAssignmentPools: readonly PoolDefinition[]
  readonly rules: readonly RuleDefinition[]
  readonly capabilities: readonly CapabilityDefinition[]
  readonly tags: readonly TagDefinition[]
  /** Words that authorise whoever presents them, and when they expire; 0 for never. */
  readonly authTokens: Readonly<Record<string, number>>
  readonly dns: { readonly domain: string; readonly servers: readonly string[] }
  readonly remoteTraceTarget: string | null
  readonly remoteTraceLevel: number
  /** How far two members' certificates may be apart, ms; 5 minutes to 2 hours. */
  readonly certificateTimeoutWindowSize?: number
}

/** What an owner can set. */
export type NetworkSettings = Partial<Omit<NetworkDefinition, 'id' | 'nwid' | 'objtype' | 'creationTime' | 'revision'>>

const pool: Check<PoolDefinition> = (value, field) => {
  const { ipRangeStart, ipRangeEnd } = object(value, field)
  const start = ip(ipRangeStart, `${field}.ipRangeStart`)
  const end = ip(ipRangeEnd, `${field}.ipRangeEnd`)
  const first = IpAddress.parse(start)
  const last = IpAddress.parse(end)
  if (first.family !== last.family) return reject(field, 'two addresses of one family', value)
  if (
    first.bytes.some((byte, i) => byte > last.bytes[i]! && first.bytes.slice(0, i).every((b, j) => b === last.bytes[j]))
  ) {
    return reject(field, 'a range that does not end before it starts', value)
  }
  return { ipRangeStart: start, ipRangeEnd: end }
}

const route: Check<RouteDefinition> = (value, field) => {
  const given = object(value, field)
  const target = network(given['target'], `${field}.target`)
  const via = nullable(ip)(given['via'] ?? null, `${field}.via`)
  if (via !== null && via.includes(':') !== target.includes(':')) {
    return reject(`${field}.via`, `an address of the family of ${target}`, via)
  }
  return { target, via }
}

const rules = list(MAX_ENTRIES, rule)

const capability: Check<CapabilityDefinition> = (value, field) => {
  const given = object(value, field)
  return {
    id: u32(given['id'], `${field}.id`),
    default: flag(given['default'] ?? false, `${field}.default`),
    rules: rules(given['rules'] ?? [], `${field}.rules`),
  }
}

const tag: Check<TagDefinition> = (value, field) => {
  const given = object(value, field)
  return { id: u32(given['id'], `${field}.id`), default: nullable(u32)(given['default'] ?? null, `${field}.default`) }
}

/** Ascending ids, each once: the last one given counts. */
function byId<T extends { readonly id: number }>(item: Check<T>): Check<readonly T[]> {
  const items = list(MAX_ENTRIES, item)
  return (value, field) => {
    const unique = new Map(items(value, field).map((entry) => [entry.id, entry]))
    return [...unique.values()].sort((a, b) => a.id - b.id)
  }
}

/** ZeroTierOne writes `[null]` and `[]` for "none" in places where objects belong. */
function objectOrNone(value: unknown, field: string): Record<string, unknown> {
  return Array.isArray(value) ? {} : object(value, field)
}

/** One check for each setting: for what owners set and for what is read from files alike. */
const checks: { readonly [K in keyof NetworkSettings]-?: Check<NonNullable<NetworkSettings[K]> | null> } = {
  name: text(127),
  private: flag,
  enableBroadcast: flag,
  multicastLimit: u32,
  mtu: integer(MIN_NETWORK_MTU, MAX_NETWORK_MTU),
  v4AssignMode: (value, field) => ({ zt: flag(object(value, field)['zt'] ?? false, `${field}.zt`) }),
  v6AssignMode: (value, field) => {
    const given = object(value, field)
    return {
      zt: flag(given['zt'] ?? false, `${field}.zt`),
      rfc4193: flag(given['rfc4193'] ?? false, `${field}.rfc4193`),
      '6plane': flag(given['6plane'] ?? false, `${field}.6plane`),
    }
  },
  routes: list(MAX_ENTRIES, route),
  ipAssignmentPools: list(MAX_ENTRIES, pool),
  rules,
  capabilities: byId(capability),
  tags: byId(tag),
  authTokens: (value, field) =>
    Object.fromEntries(
      Object.entries(objectOrNone(value, field)).map(([word, expiry]) => [word, time(expiry, `${field}.${word}`)]),
    ),
  dns: (value, field) => {
    const given = objectOrNone(value, field)
    return {
      domain: text(127)(given['domain'] ?? '', `${field}.domain`),
      servers: list(4, ip)(given['servers'] ?? [], `${field}.servers`),
    }
  },
  remoteTraceTarget: nullable(hex(10)),
  remoteTraceLevel: u32,
  certificateTimeoutWindowSize: integer(300_000, 7_200_000),
}

/** A private network with the reference controller's defaults: everything that is not said otherwise. */
export function defaultNetwork(networkId: NetworkId, now: number): NetworkDefinition {
  const id = formatNetworkId(networkId)
  return {
    id,
    nwid: id,
    objtype: 'network',
    name: '',
    private: true,
    creationTime: Math.floor(now),
    revision: 0,
    enableBroadcast: true,
    multicastLimit: 32,
    mtu: 2800,
    v4AssignMode: { zt: false },
    v6AssignMode: { zt: false, rfc4193: false, '6plane': false },
    routes: [],
    ipAssignmentPools: [],
    rules: [{ type: 'ACTION_ACCEPT' }],
    capabilities: [],
    tags: [],
    authTokens: {},
    dns: { domain: '', servers: [] },
    remoteTraceTarget: null,
    remoteTraceLevel: 0,
  }
}

/**
 * The network with these settings changed; unknown ones are ignored. The revision is left alone.
 *
 * @throws ZT_ARG_INVALID naming the field, and nothing is changed.
 */
export function withNetworkSettings(definition: NetworkDefinition, settings: NetworkSettings): NetworkDefinition {
  const changes: Record<string, unknown> = {}
  for (const [field, check] of Object.entries(checks)) {
    const value = settings[field as keyof NetworkSettings]
    if (value !== undefined) changes[field] = check(value, field)
  }
  return { ...definition, ...changes }
}

/**
 * A network from its file. What is missing gets its default; what this controller does not use is kept as it is.
 *
 * @throws ZT_ARG_INVALID naming the field.
 */
export function parseNetwork(value: unknown): NetworkDefinition {
  const given = object(value, 'network')
  const id = hex(16)(given['id'] ?? given['nwid'], 'id')
  const creationTime = time(given['creationTime'] ?? 0, 'creationTime')
  const revision = time(given['revision'] ?? 0, 'revision')
  const base = { ...given, ...defaultNetwork(BigInt(`0x${id}`), creationTime), revision }
  return withNetworkSettings(base, given as NetworkSettings)
}

/** @throws ZT_CONTROLLER_NETWORK_UNKNOWN */
export function unknownNetwork(networkId: NetworkId): never {
  throw new ZtError('ZT_CONTROLLER_NETWORK_UNKNOWN', `this controller has no network ${formatNetworkId(networkId)}`, {
    networkId,
  })
}
