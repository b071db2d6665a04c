import { ByteReader, ByteWriter, type IpPrefix, ZtError } from '@zt/sansio'
import { decodeCapability, encodeCapability } from '../credentials/capability.js'
import { decodeCom, encodeCom } from '../credentials/com.js'
import { type CertificateOfOwnership, decodeOwnership, encodeOwnership } from '../credentials/ownership.js'
import { decodeTag, encodeTag } from '../credentials/tag.js'
import { Dictionary } from '../dictionary.js'
import { decodeInetPrefix, encodeInetPrefix } from '../inet-address.js'
import {
  DEFAULT_NETWORK_MTU,
  MAX_NETWORK_CAPABILITIES,
  MAX_NETWORK_CONFIG_LENGTH,
  MAX_NETWORK_MTU,
  MAX_NETWORK_NAME_LENGTH,
  MAX_NETWORK_ROUTES,
  MAX_NETWORK_RULES,
  MAX_NETWORK_TAGS,
  MAX_OWNERSHIPS,
  MAX_SPECIALISTS,
  MAX_STATIC_IPS,
  MIN_NETWORK_MTU,
} from '../limits.js'
import { decodeUtf8, encodeUtf8 } from '../utf8.js'
import { decodeDns, encodeDns } from './dns.js'
import type { NetworkConfig, SingleSignOn, Specialist } from './network-config.js'
import { decodeRoutes, encodeRoutes } from './route.js'
import { decodeRules, encodeRules } from './rule.js'

/**
 * A network config as it is sent and stored: a dictionary with binary values. Source: `node/NetworkConfig.cpp`.
 *
 *     v format version    nwid network id    ts timestamp     ctmd window        r revision      id issued to
 *     tt, tl trace        f flags            ml multicasts    t 1 public         n name          mtu
 *     C own COM           CAP capabilities   TAG tags         COO ownerships     S specialists   RT routes
 *     I own addresses     R rules            DNS              sso* and aurl …    single sign-on
 */
const FORMAT_VERSION = 7
/** Older configs were text; nobody writes them any more. */
const FORMAT_VERSION_MIN = 6
const PUBLIC = 1n

/**
 * A dictionary as a config; `undefined` if it is for nobody, of no network, too old, or has a part that does not
 * decode. As in ZeroTierOne a broken capability or tag ends its list without harm to the rest, and what exceeds a limit
 * is left out.
 */
export function decodeNetworkConfig(bytes: Uint8Array): NetworkConfig | undefined {
  if (bytes.length > MAX_NETWORK_CONFIG_LENGTH) return undefined
  const d = Dictionary.decode(bytes)
  const networkId = d.u64('nwid')
  const issuedTo = d.address('id')
  if (networkId === 0n || issuedTo === 0 || d.u64('v') < FORMAT_VERSION_MIN) return undefined

  let isWhole = true
  const part = <T>(key: string, decode: (r: ByteReader) => T | undefined): T | undefined => {
    const value = d.get(key)
    if (!value || value.length === 0) return undefined
    const decoded = decode(new ByteReader(value))
    isWhole &&= decoded !== undefined
    return decoded
  }
  const com = part('C', decodeCom)
  const ownerships = part('COO', decodeOwnerships)
  const routes = part('RT', (r) => decodeRoutes(r, MAX_NETWORK_ROUTES))
  const staticIps = part('I', decodeStaticIps)
  const rules = part('R', (r) => decodeRules(r, MAX_NETWORK_RULES))
  const dns = part('DNS', decodeDns)
  if (!isWhole) return undefined
  const sso = decodeSso(d)

  return {
    networkId,
    timestamp: d.number('ts'),
    credentialTimeMaxDelta: d.number('ctmd'),
    revision: d.number('r'),
    issuedTo,
    remoteTraceTarget: d.address('tt'),
    remoteTraceLevel: d.number('tl'),
    flags: d.u64('f'),
    multicastLimit: Number(d.u64('ml') & 0xffff_ffffn),
    isPublic: d.u64('t') === PUBLIC,
    name: decodeUtf8((d.get('n') ?? new Uint8Array(0)).subarray(0, MAX_NETWORK_NAME_LENGTH)),
    mtu: Math.min(MAX_NETWORK_MTU, Math.max(MIN_NETWORK_MTU, d.number('mtu', DEFAULT_NETWORK_MTU))),
    ...(com && { com }),
    capabilities: decodeWhileWell(d.get('CAP'), decodeCapability, MAX_NETWORK_CAPABILITIES).sort(byId),
    tags: decodeWhileWell(d.get('TAG'), decodeTag, MAX_NETWORK_TAGS).sort(byId),
    ownerships: ownerships ?? [],
    specialists: decodeSpecialists(d.get('S')),
    routes: routes ?? [],
    staticIps: staticIps ?? [],
    rules: rules ?? [],
    ...(dns && (dns.domain !== '' || dns.servers.length > 0) && { dns }),
    ...(sso && { sso }),
  }
}

/** The dictionary of a config. @throws ZT_ARG_INVALID if it would be larger than members accept. */
export function encodeNetworkConfig(config: NetworkConfig): Uint8Array<ArrayBuffer> {
  const d = new Dictionary()
  const part = (key: string, encode: (w: ByteWriter) => void): void => {
    const w = new ByteWriter()
    encode(w)
    if (w.length > 0) d.set(key, w.finish())
  }
  d.setU64('v', FORMAT_VERSION)
  d.setU64('nwid', config.networkId)
  d.setU64('ts', Math.floor(config.timestamp))
  d.setU64('ctmd', config.credentialTimeMaxDelta)
  d.setU64('r', config.revision)
  d.setAddress('id', config.issuedTo)
  d.setAddress('tt', config.remoteTraceTarget)
  d.setU64('tl', config.remoteTraceLevel)
  d.setU64('f', config.flags)
  d.setU64('ml', config.multicastLimit)
  d.setU64('t', config.isPublic ? PUBLIC : 0n)
  d.set('n', encodeUtf8(config.name).subarray(0, MAX_NETWORK_NAME_LENGTH))
  d.setU64('mtu', config.mtu)
  part('C', (w) => config.com && encodeCom(w, config.com))
  part('CAP', (w) => config.capabilities.forEach((capability) => encodeCapability(w, capability)))
  part('TAG', (w) => config.tags.forEach((tag) => encodeTag(w, tag)))
  part('COO', (w) => config.ownerships.forEach((ownership) => encodeOwnership(w, ownership)))
  part('S', (w) => encodeSpecialists(w, config.specialists))
  part('RT', (w) => encodeRoutes(w, config.routes))
  part('I', (w) => config.staticIps.forEach((ip) => encodeInetPrefix(w, ip)))
  part('R', (w) => encodeRules(w, config.rules))
  part('DNS', (w) => encodeDns(w, config.dns))
  encodeSso(d, config.sso)
  if (d.length > MAX_NETWORK_CONFIG_LENGTH) {
    const most = MAX_NETWORK_CONFIG_LENGTH
    throw new ZtError('ZT_ARG_INVALID', `a network config has at most ${most} bytes, got ${d.length}`)
  }
  return d.encode()
}

function byId(a: { readonly id: number }, b: { readonly id: number }): number {
  return a.id - b.id
}

function decodeWhileWell<T>(
  value: Uint8Array | undefined,
  decode: (r: ByteReader) => T | undefined,
  limit: number,
): T[] {
  const items: T[] = []
  if (!value) return items
  const r = new ByteReader(value)
  while (r.remaining > 0 && items.length < limit) {
    const item = decode(r)
    if (!item) break
    items.push(item)
  }
  return items
}

function decodeOwnerships(r: ByteReader): CertificateOfOwnership[] | undefined {
  const ownerships: CertificateOfOwnership[] = []
  while (r.remaining > 0) {
    const ownership = decodeOwnership(r)
    if (!ownership) return undefined
    if (ownerships.length < MAX_OWNERSHIPS) ownerships.push(ownership)
  }
  return ownerships
}

/** Surplus bytes at the end are ignored. */
function decodeSpecialists(value: Uint8Array | undefined): Specialist[] {
  const r = new ByteReader(value ?? new Uint8Array(0))
  const specialists: Specialist[] = []
  while (r.remaining >= 8 && specialists.length < MAX_SPECIALISTS) {
    const roles = (r.u8() << 16) | r.u16()
    specialists.push({ address: r.u40(), roles })
  }
  return specialists
}

function encodeSpecialists(w: ByteWriter, specialists: readonly Specialist[]): void {
  for (const { address, roles } of specialists)
    w.u8(roles >>> 16)
      .u16(roles & 0xffff)
      .u40(address)
}

function decodeStaticIps(r: ByteReader): IpPrefix[] | undefined {
  const ips: IpPrefix[] = []
  for (let read = 0; r.remaining > 0 && read < MAX_STATIC_IPS; read++) {
    const ip = decodeInetPrefix(r)
    if (ip) ips.push(ip)
  }
  return r.ok ? ips : undefined
}

function decodeSso(d: Dictionary): SingleSignOn | undefined {
  const version = d.number('ssov')
  const enabled = d.bool('ssoe')
  if (version === 0 && !enabled) return undefined
  if (!enabled || version > 1) return { version, enabled }
  const authenticationUrl = d.text('aurl')
  if (version === 0) {
    const authenticationExpiryTime = Number(d.i64('aexpt'))
    return { version, enabled, authenticationUrl: authenticationUrl ?? '', authenticationExpiryTime }
  }
  return {
    version,
    enabled,
    ...(authenticationUrl !== undefined && { authenticationUrl }),
    issuerUrl: d.text('iurl') ?? '',
    centralUrl: d.text('ssoce') ?? '',
    nonce: d.text('sson') ?? '',
    state: d.text('ssos') ?? '',
    clientId: d.text('ssocid') ?? '',
    provider: d.text('ssop') || 'default',
  }
}

function encodeSso(d: Dictionary, sso: SingleSignOn | undefined): void {
  d.setU64('ssov', sso?.version ?? 0)
  d.setBool('ssoe', sso?.enabled ?? false)
  if (!sso?.enabled) return
  const text = (key: string, value: string | undefined): boolean => value !== undefined && d.setText(key, value)
  text('aurl', sso.authenticationUrl)
  if (sso.authenticationExpiryTime !== undefined) d.setI64('aexpt', sso.authenticationExpiryTime)
  text('iurl', sso.issuerUrl)
  text('ssoce', sso.centralUrl)
  text('sson', sso.nonce)
  text('ssos', sso.state)
  text('ssocid', sso.clientId)
  text('ssop', sso.provider)
}
