import { ByteReader, ByteWriter, Endpoint, type IpAddress, IpPrefix, formatHex } from '@zt/sansio'
import { describe, expect, it } from 'vitest'
import {
  Dictionary,
  type NetworkConfig,
  NetworkFlag,
  type SingleSignOn,
  SpecialistRole,
  decodeCapability,
  decodeCom,
  decodeNetworkConfig,
  decodeOwnership,
  decodeRules,
  decodeTag,
  encodeCapability,
  encodeCom,
  encodeNetworkConfig,
  encodeOwnership,
  encodeRules,
  encodeTag,
  formatAddress,
  formatNetworkId,
  hasFlag,
  parseNetworkId,
  specialistsWith,
} from '../../src/index.js'
import { decodeUtf8, encodeUtf8 } from '../../src/utf8.js'
import { VectorFile, hex, hexNumber } from '../vector-file.js'
import { type RuleView, ruleOf, viewOf } from './rule-view.js'

const file = new VectorFile('dictionary-netconf.json')

interface ConfigView {
  readonly networkId: string
  readonly timestamp: string
  readonly credentialTimeMaxDelta: string
  readonly revision: string
  readonly issuedTo: string
  readonly remoteTraceTarget: string
  readonly remoteTraceLevel: number
  readonly flags: string
  readonly multicastLimit: number
  readonly type: number
  readonly name: string
  readonly mtu: number
  readonly com: string | null
  readonly capabilities: readonly string[]
  readonly tags: readonly string[]
  readonly certificatesOfOwnership: readonly string[]
  readonly specialists: readonly string[]
  readonly routes: readonly {
    readonly target: string
    readonly via: string | null
    readonly flags: number
    readonly metric: number
  }[]
  readonly staticIps: readonly (string | null)[]
  readonly rules: readonly RuleView[]
  readonly dns: { readonly domain: string; readonly servers: readonly (string | null)[] }
  readonly ssoEnabled: boolean
  readonly ssoVersion: string
  readonly authenticationURL: string
  readonly authenticationExpiryTime: string
  readonly issuerURL: string
  readonly centralAuthURL: string
  readonly ssoNonce: string
  readonly ssoState: string
  readonly ssoClientID: string
  readonly ssoProvider: string
  readonly derived: object
}

function encoded<T>(encode: (w: ByteWriter, value: T) => void): (value: T) => string {
  return (value) => {
    const w = new ByteWriter()
    encode(w, value)
    return formatHex(w.bytes)
  }
}

function decoded<T>(decode: (r: ByteReader) => T | undefined): (text: string) => T {
  return (text) => {
    const value = decode(new ByteReader(hex(text)))
    if (value === undefined) throw new Error('expected it to decode')
    return value
  }
}

function viewOfConfig(c: NetworkConfig): ConfigView {
  const addresses = (role: number): string[] => specialistsWith(c, role).map(formatAddress)
  const servers = c.dns?.servers.map(String) ?? []
  return {
    networkId: formatNetworkId(c.networkId),
    timestamp: c.timestamp.toString(),
    credentialTimeMaxDelta: c.credentialTimeMaxDelta.toString(),
    revision: c.revision.toString(),
    issuedTo: formatAddress(c.issuedTo),
    remoteTraceTarget: formatAddress(c.remoteTraceTarget),
    remoteTraceLevel: c.remoteTraceLevel,
    flags: `0x${c.flags.toString(16).padStart(16, '0')}`,
    multicastLimit: c.multicastLimit,
    type: c.isPublic ? 1 : 0,
    name: formatHex(encodeUtf8(c.name)),
    mtu: c.mtu,
    com: c.com ? encoded(encodeCom)(c.com) : null,
    capabilities: c.capabilities.map(encoded(encodeCapability)),
    tags: c.tags.map(encoded(encodeTag)),
    certificatesOfOwnership: c.ownerships.map(encoded(encodeOwnership)),
    specialists: c.specialists.map(
      ({ address, roles }) => `0x${roles.toString(16).padStart(6, '0')}${formatAddress(address)}`,
    ),
    routes: c.routes.map(({ target, via, flags, metric }) => ({
      target: target.toString(),
      via: via ? `${via}/0` : null,
      flags,
      metric,
    })),
    staticIps: c.staticIps.map(String),
    rules: c.rules.map(viewOf),
    dns: { domain: c.dns?.domain ?? '', servers: [0, 1, 2, 3].map((i) => servers[i] ?? null) },
    ssoEnabled: c.sso?.enabled ?? false,
    ssoVersion: (c.sso?.version ?? 0).toString(),
    authenticationURL: c.sso?.authenticationUrl ?? '',
    authenticationExpiryTime: (c.sso?.authenticationExpiryTime ?? 0).toString(),
    issuerURL: c.sso?.issuerUrl ?? '',
    centralAuthURL: c.sso?.centralUrl ?? '',
    ssoNonce: c.sso?.nonce ?? '',
    ssoState: c.sso?.state ?? '',
    ssoClientID: c.sso?.clientId ?? '',
    ssoProvider: c.sso?.provider ?? 'default',
    derived: {
      activeBridges: addresses(SpecialistRole.ActiveBridge),
      anchors: addresses(SpecialistRole.Anchor),
      multicastReplicators: addresses(SpecialistRole.Replicator),
      alwaysContact: addresses(SpecialistRole.Anchor | SpecialistRole.Replicator),
      enableBroadcast: hasFlag(c, NetworkFlag.EnableBroadcast),
      ndpEmulation: hasFlag(c, NetworkFlag.NdpEmulation),
      disableCompression: hasFlag(c, NetworkFlag.DisableCompression),
      isPublic: c.isPublic,
    },
  }
}

/**
 * What upstream keeps and we leave out: addresses that are no address, and those with more prefix bits than they have.
 * Neither names a subnet.
 */
function withoutNonsense(view: ConfigView): ConfigView {
  const isSubnet = (text: string | null): text is string =>
    text !== null && Number(text.split('/')[1]) <= (text.includes(':') ? 128 : 32)
  return {
    ...view,
    staticIps: view.staticIps.filter(isSubnet),
    routes: view.routes.filter(({ target }) => isSubnet(target)),
  }
}

function configOf(view: ConfigView): NetworkConfig {
  const via = (text: string | null): { via?: IpAddress } => (text === null ? {} : { via: Endpoint.parse(text).ip })
  const servers = view.dns.servers.filter((server) => server !== null).map((server) => Endpoint.parse(server))
  return {
    networkId: parseNetworkId(view.networkId),
    timestamp: Number(view.timestamp),
    credentialTimeMaxDelta: Number(view.credentialTimeMaxDelta),
    revision: Number(view.revision),
    issuedTo: hexNumber(view.issuedTo),
    remoteTraceTarget: hexNumber(view.remoteTraceTarget),
    remoteTraceLevel: view.remoteTraceLevel,
    flags: BigInt(view.flags),
    multicastLimit: view.multicastLimit,
    isPublic: view.type === 1,
    name: decodeUtf8(hex(view.name)),
    mtu: view.mtu,
    ...(view.com !== null && { com: decoded(decodeCom)(view.com) }),
    capabilities: view.capabilities.map(decoded(decodeCapability)),
    tags: view.tags.map(decoded(decodeTag)),
    ownerships: view.certificatesOfOwnership.map(decoded(decodeOwnership)),
    specialists: view.specialists.map((text) => ({
      address: Number(BigInt(text) & 0xff_ffff_ffffn),
      roles: Number(BigInt(text) >> 40n),
    })),
    routes: view.routes.map((route) => ({
      target: IpPrefix.parse(route.target),
      ...via(route.via),
      flags: route.flags,
      metric: route.metric,
    })),
    staticIps: view.staticIps.map((text) => IpPrefix.parse(text ?? '')),
    rules: view.rules.map(ruleOf),
    ...((view.dns.domain !== '' || servers.length > 0) && { dns: { domain: view.dns.domain, servers } }),
    ...((view.ssoEnabled || view.ssoVersion !== '0') && { sso: ssoOf(view) }),
  }
}

function ssoOf(view: ConfigView): SingleSignOn {
  const head = { version: Number(view.ssoVersion), enabled: view.ssoEnabled }
  if (!head.enabled) return head
  const authenticationUrl = view.authenticationURL
  if (head.version === 0)
    return { ...head, authenticationUrl, authenticationExpiryTime: Number(view.authenticationExpiryTime) }
  const {
    issuerURL: issuerUrl,
    centralAuthURL: centralUrl,
    ssoNonce: nonce,
    ssoState: state,
    ssoClientID: clientId,
    ssoProvider: provider,
  } = view
  return {
    ...head,
    ...(authenticationUrl !== '' && { authenticationUrl }),
    issuerUrl,
    centralUrl,
    nonce,
    state,
    clientId,
    provider,
  }
}

function rulesIn(text: string | undefined): RuleView[] {
  return (decodeRules(new ByteReader(hex(text ?? '')), 1024) ?? []).map(viewOf)
}

function entriesOf(bytes: Uint8Array): Record<string, string> {
  const dictionary = Dictionary.decode(bytes)
  return Object.fromEntries(
    [...dictionary.keys()].map((key) => [key, formatHex(dictionary.get(key) ?? new Uint8Array(0))]),
  )
}

describe('dictionary-netconf.json', () => {
  interface EncodeCase {
    readonly capacity: number
    readonly entries: readonly { readonly key: string; readonly valueType: string; readonly value: string | boolean }[]
    readonly added: readonly boolean[]
    readonly bytes: string
    readonly quirk: boolean
  }
  it('dictionaries, written', () => {
    for (const c of file.cases<EncodeCase>('dict-encode')) {
      // Capacities count the terminating zero.
      const dictionary = new Dictionary(c.capacity - 1)
      const added = c.entries.map(({ key, valueType, value }) => {
        if (typeof value === 'boolean') return dictionary.setBool(key, value)
        if (valueType === 'u64') return dictionary.setU64(key, BigInt(value))
        if (valueType === 'i64') return dictionary.setI64(key, BigInt(value))
        if (valueType === 'address') return dictionary.setU64(key, BigInt(`0x${value}`))
        return dictionary.set(key, hex(value))
      })
      // Upstream loses the sign of negative numbers; ours is written as its readers expect it.
      if (c.quirk) {
        for (const { key, valueType, value } of c.entries)
          if (valueType === 'i64') expect(dictionary.i64(key)).toBe(BigInt(value))
        continue
      }
      expect(added).toEqual(c.added)
      expect(formatHex(dictionary.encode())).toBe(c.bytes)
      expect(dictionary.length).toBe(c.bytes.length / 2)
    }
  })

  interface DecodeCase {
    readonly why: string
    readonly input: string
    readonly maxLen?: number
    readonly queries: readonly {
      readonly key: string
      readonly value: string | null
      readonly bool: boolean
      readonly u64: string
      readonly i64: string
    }[]
  }
  it('dictionaries, read', () => {
    for (const c of file.cases<DecodeCase>('dict-decode')) {
      const dictionary = Dictionary.decode(hex(c.input))
      for (const { key, value, bool, u64, i64 } of c.queries) {
        // Upstream copies into a buffer; ours hands out the whole value, which the reader may cut.
        const most = c.maxLen === undefined ? undefined : c.maxLen - 1
        const found = dictionary.get(key)?.subarray(0, most)
        expect(found ? formatHex(found) : null, c.why).toBe(value)
        expect(dictionary.bool(key), c.why).toBe(bool)
        expect(dictionary.u64(key), `${c.why}: ${key}`).toBe(BigInt(u64))
        expect(dictionary.i64(key), `${c.why}: ${key}`).toBe(BigInt(i64))
      }
    }
  })

  interface RulesCase {
    readonly rules: readonly RuleView[] | null
    readonly binary: string
    readonly parsed: readonly RuleView[]
  }
  it('rules, both ways', () => {
    for (const c of file.cases<RulesCase>('rules-codec')) {
      const rules = decodeRules(new ByteReader(hex(c.binary)), 1024)
      expect(rules?.map(viewOf)).toEqual(c.parsed)
      if (c.rules) expect(encoded(encodeRules)(c.rules.map(ruleOf))).toBe(c.binary)
    }
  })

  interface NetconfEncodeCase {
    readonly config: ConfigView
    readonly dictionary: string
  }
  it('configs, written', () => {
    for (const c of file.cases<NetconfEncodeCase>('netconf-encode')) {
      const config = configOf(c.config)
      const { R: rules, ...entries } = entriesOf(encodeNetworkConfig(config))
      const { R: theirRules, ...theirEntries } = entriesOf(hex(c.dictionary))
      expect(entries).toEqual(theirEntries)
      // Fields do not show the code byte of an ICMP rule for any code: rules are compared by what they mean.
      expect(rulesIn(rules)).toEqual(rulesIn(theirRules))
    }
  })

  interface NetconfDecodeCase {
    readonly why: string
    readonly dictionary: string
    readonly ok: boolean
    readonly config: ConfigView
  }
  it.each(file.cases<NetconfDecodeCase>('netconf-decode'))('config, read: $why', (c) => {
    const config = decodeNetworkConfig(hex(c.dictionary))
    expect(config !== undefined).toBe(c.ok)
    if (!config) return
    expect(viewOfConfig(config)).toEqual(withoutNonsense(c.config))
    expect(decodeNetworkConfig(encodeNetworkConfig(config))).toEqual(config)
  })
})
