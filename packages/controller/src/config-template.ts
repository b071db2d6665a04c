/** What the configs of all members of a network have in common: its definition, parsed once and not once a request. */
import {
  type Dns,
  MAX_CAPABILITY_RULES,
  MAX_NETWORK_ROUTES,
  MAX_NETWORK_RULES,
  type Route,
  type Rule,
} from '@zt/protocol'
import { Endpoint, IpAddress, IpPrefix } from '@zt/sansio'
import type { Pool } from './assign-address.js'
import type { NetworkDefinition } from './network-definition.js'
import { parseRule, type RuleDefinition } from './rule-definition.js'

/** How far apart two members' certificates may be, unless the network says otherwise, ms. */
const DEFAULT_WINDOW = 1_800_000

/** Parsed parts of a network's definition. */
export interface ConfigTemplate {
  readonly rules: readonly Rule[]
  /** Rules of the capabilities, by id. */
  readonly capabilities: ReadonlyMap<number, readonly Rule[]>
  readonly routes: readonly Route[]
  readonly pools: readonly Pool[]
  readonly dns: Dns | undefined
  /** How far apart two members' certificates may be, ms. */
  readonly windowMs: number
}

/** Parse a definition that was checked before. Rules and routes past what members read are left out. */
export function makeTemplate(definition: NetworkDefinition): ConfigTemplate {
  const { dns } = definition
  return {
    rules: rulesOf(definition.rules, MAX_NETWORK_RULES),
    capabilities: new Map(definition.capabilities.map(({ id, rules }) => [id, rulesOf(rules, MAX_CAPABILITY_RULES)])),
    routes: definition.routes.slice(0, MAX_NETWORK_ROUTES).map(({ target, via }) => ({
      target: IpPrefix.parse(target),
      ...(via !== null && { via: IpAddress.parse(via) }),
      flags: 0,
      metric: 0,
    })),
    pools: definition.ipAssignmentPools.map(({ ipRangeStart, ipRangeEnd }) => ({
      first: IpAddress.parse(ipRangeStart),
      last: IpAddress.parse(ipRangeEnd),
    })),
    dns:
      dns.domain === '' && dns.servers.length === 0
        ? undefined
        : { domain: dns.domain, servers: dns.servers.map((server) => new Endpoint(IpAddress.parse(server), 0)) },
    windowMs: definition.certificateTimeoutWindowSize ?? DEFAULT_WINDOW,
  }
}

function rulesOf(definitions: readonly RuleDefinition[], limit: number): Rule[] {
  return definitions.slice(0, limit).map((definition, i) => parseRule(definition, `rules[${i}]`))
}
