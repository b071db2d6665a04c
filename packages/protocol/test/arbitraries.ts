import { Endpoint, IpAddress, IpPrefix } from '@zt/sansio'
import fc from 'fast-check'
import type * as zt from '../src/index.js'

/** Records of every kind, as generators: what the round trips and the fuzzing begin with. */
export const u8 = fc.integer({ min: 0, max: 0xff })
export const u16 = fc.integer({ min: 0, max: 0xffff })
export const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
export const u64 = fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn })
export const address = fc.integer({ min: 1, max: 0xfe_ffff_ffff })
export const mac = fc.integer({ min: 0, max: 0xffff_ffff_ffff })
/** Milliseconds: every integer that a double holds. */
export const time = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })

export function bytes(minLength: number, maxLength = minLength): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength, maxLength })
}

function some<T>(item: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<T[]> {
  return fc.array(item, { maxLength })
}

/** Every combination of the given optional fields. */
function withOptions<R extends object, O extends object>(
  required: { [K in keyof R]: fc.Arbitrary<R[K]> },
  optional: { [K in keyof O]-?: fc.Arbitrary<O[K]> },
): fc.Arbitrary<R & Partial<O>> {
  return fc.record(
    { ...required, ...optional },
    { requiredKeys: Object.keys(required) as never[] },
  ) as unknown as fc.Arbitrary<R & Partial<O>>
}

function ipOf(length: 4 | 16): fc.Arbitrary<IpAddress> {
  return bytes(length).map((b) => IpAddress.of(b) ?? IpAddress.v4(0))
}

export const ip = fc.oneof(ipOf(4), ipOf(16))
export const endpoint = fc.tuple(ip, u16).map(([a, port]) => new Endpoint(a, port))
export const prefix = ip.chain((a) =>
  fc.integer({ min: 0, max: 8 * a.bytes.length }).map((bits) => new IpPrefix(a, bits)),
)
export const group: fc.Arbitrary<zt.MulticastGroup> = fc.record({ mac, adi: u32 })
export const identity: fc.Arbitrary<zt.Identity> = fc.record({ address, publicKey: bytes(64) })
export const signature = bytes(96)

export const world: fc.Arbitrary<zt.World> = fc.record({
  type: fc.constantFrom(0, 1, 127),
  id: u64,
  timestamp: time,
  updatesMustBeSignedBy: bytes(64),
  signature,
  roots: some(fc.record({ identity, endpoints: some(endpoint, 4) }), 4),
})

const qualifiers = some(fc.record({ id: u64, value: u64, maxDelta: u64 }), 8).map((list) =>
  list.sort((a, b) => (a.id < b.id ? -1 : 1)),
)
export const com: fc.Arbitrary<zt.CertificateOfMembership> = fc.oneof(
  fc.record({ qualifiers, signedBy: address, signature }),
  fc.record({ qualifiers, signedBy: fc.constant(0), signature: bytes(0) }),
)
const signed = { issuedTo: address, signedBy: address, signature }
export const tag: fc.Arbitrary<zt.Tag> = fc.record({ networkId: u64, timestamp: time, id: u32, value: u32, ...signed })
export const ownership: fc.Arbitrary<zt.CertificateOfOwnership> = fc.record({
  networkId: u64,
  timestamp: time,
  flags: u64,
  id: u32,
  things: some(fc.record({ type: u8, value: bytes(16) }), 16),
  ...signed,
})
export const revocation: fc.Arbitrary<zt.Revocation> = fc.record({
  id: u32,
  networkId: u64,
  credentialId: u32,
  threshold: time,
  flags: u64,
  target: address,
  signedBy: address,
  type: u8,
  signature,
})

const matches: fc.Arbitrary<zt.Rule> = fc.oneof(
  fc.record({ type: fc.constantFrom('ACTION_DROP', 'ACTION_ACCEPT', 'ACTION_BREAK', 'ACTION_PRIORITY') }),
  fc.record({
    type: fc.constantFrom('ACTION_TEE', 'ACTION_WATCH', 'ACTION_REDIRECT'),
    address,
    flags: u32,
    length: u16,
  }),
  fc.record({ type: fc.constantFrom('MATCH_SOURCE_ZEROTIER_ADDRESS', 'MATCH_DEST_ZEROTIER_ADDRESS'), zt: address }),
  fc.record({ type: fc.constant('MATCH_VLAN_ID'), vlanId: u16 }),
  fc.record({ type: fc.constant('MATCH_VLAN_PCP'), vlanPcp: u8 }),
  fc.record({ type: fc.constant('MATCH_VLAN_DEI'), vlanDei: u8 }),
  fc.record({ type: fc.constantFrom('MATCH_MAC_SOURCE', 'MATCH_MAC_DEST'), mac }),
  prefix.map((p) => ({ type: p.address.isV4 ? ('MATCH_IPV4_DEST' as const) : ('MATCH_IPV6_SOURCE' as const), ip: p })),
  fc.record({ type: fc.constant('MATCH_IP_TOS'), mask: u8, start: u8, end: u8 }),
  fc.record({ type: fc.constant('MATCH_IP_PROTOCOL'), ipProtocol: u8 }),
  fc.record({ type: fc.constant('MATCH_ETHERTYPE'), etherType: u16 }),
  fc.record({ type: fc.constant('MATCH_ICMP'), icmpType: u8, icmpCode: fc.option(u8) }),
  fc.record({
    type: fc.constantFrom('MATCH_IP_SOURCE_PORT_RANGE', 'MATCH_IP_DEST_PORT_RANGE', 'MATCH_FRAME_SIZE_RANGE'),
    start: u16,
    end: u16,
  }),
  fc.record({ type: fc.constant('MATCH_CHARACTERISTICS'), mask: u64 }),
  fc.record({ type: fc.constant('MATCH_RANDOM'), probability: u32 }),
  fc.record({
    type: fc.constantFrom('MATCH_TAGS_DIFFERENCE', 'MATCH_TAGS_EQUAL', 'MATCH_TAG_SENDER', 'MATCH_TAG_RECEIVER'),
    id: u32,
    value: u32,
  }),
  fc.tuple(u64, u32, u16, fc.boolean(), fc.integer({ min: 1, max: 64 })).map(([start, width, idx, little, bits]) => ({
    type: 'INTEGER_RANGE' as const,
    start,
    end: BigInt.asUintN(64, start + BigInt(width)),
    idx,
    little,
    bits,
  })),
  fc.record({ type: fc.constant('UNKNOWN'), code: fc.integer({ min: 52, max: 63 }), data: bytes(0, 20) }),
)
export const rule: fc.Arbitrary<zt.Rule> = fc
  .tuple(matches, fc.boolean(), fc.boolean())
  .map(([match, not, or]) => ({ ...match, ...(not && { not }), ...(or && { or }) }))

export const capability: fc.Arbitrary<zt.Capability> = fc.record({
  networkId: u64,
  timestamp: time,
  id: u32,
  rules: some(rule, 8),
  maxCustodyChain: fc.constant(7),
  custody: some(fc.record({ to: address, from: address, signature }), 7),
})

const worldReference: fc.Arbitrary<zt.WorldReference> = fc.record({ id: u64, timestamp: time })
const software = fc.record({ major: u8, minor: u8, revision: u16 })
const helloHead = { protocolVersion: u8, software, sentAt: time, identity }
export const hello: fc.Arbitrary<zt.Hello> = fc.oneof(
  fc.record(helloHead),
  fc.record({ ...helloHead, sentTo: endpoint }),
  withOptions<zt.Hello, { sentTo: Endpoint }>({ ...helloHead, planet: worldReference }, { sentTo: endpoint }),
)
export const moons = some(worldReference, 4)
export const okHello = withOptions<Omit<zt.OkHello, 'surface'>, { surface: Endpoint }>(
  { echoedAt: time, protocolVersion: u8, software, worlds: some(world, 2) },
  { surface: endpoint },
)

export const okHead: fc.Arbitrary<zt.OkHead> = fc.record({ inReVerb: u8, inRePacketId: u64 })
const errorHead = { inReVerb: u8, inRePacketId: u64 }
export const error: fc.Arbitrary<zt.ErrorReply> = fc.oneof(
  fc.record({ ...errorHead, code: u8 }),
  fc.record({ ...errorHead, code: fc.constantFrom(3, 5, 6, 7, 9), networkId: u64 }),
  fc.record({ ...errorHead, code: fc.constant(8), networkId: u64, group }),
  fc.record({ ...errorHead, code: fc.constant(9), networkId: u64, authentication: bytes(1, 40) }),
)

export const whois: fc.Arbitrary<zt.Whois> = fc.record({ addresses: fc.array(address, { minLength: 1, maxLength: 5 }) })
export const okWhois: fc.Arbitrary<zt.OkWhois> = fc.record({
  identities: fc.array(identity, { minLength: 1, maxLength: 3 }),
})
export const rendezvous: fc.Arbitrary<zt.Rendezvous> = fc.record({
  peer: address,
  endpoint: endpoint.filter(({ port }) => port !== 0),
})
const payload = bytes(0, 80)
export const frame: fc.Arbitrary<zt.Frame> = fc.record({ networkId: u64, etherType: u16, payload })
export const extFrame = withOptions<Omit<zt.ExtFrame, 'com'>, { com: zt.CertificateOfMembership }>(
  { networkId: u64, flags: u8.map((flags) => flags & ~1), destination: mac, source: mac, etherType: u16, payload },
  { com },
)
export const multicastLike: fc.Arbitrary<zt.MulticastLike> = fc.record({
  subscriptions: some(fc.record({ networkId: u64, group }), 5),
})
export const networkCredentials: fc.Arbitrary<zt.NetworkCredentials> = fc.record({
  coms: some(com, 2),
  capabilities: some(capability, 2),
  tags: some(tag, 2),
  revocations: some(revocation, 2),
  ownerships: some(ownership, 2),
})
export const networkConfigRequest: fc.Arbitrary<zt.NetworkConfigRequest> = fc.record({
  networkId: u64,
  metadata: bytes(0, 60),
  revision: time,
  timestamp: time,
})
export const chunk: fc.Arbitrary<zt.NetworkConfigChunk> = fc.oneof(
  fc.record({ networkId: u64, data: bytes(0, 50) }),
  fc.record({
    networkId: u64,
    data: bytes(0, 50),
    place: fc.record({
      fastPropagate: fc.boolean(),
      updateId: u64,
      totalLength: fc.integer({ min: 60, max: 400_000 }),
      offset: fc.integer({ min: 0, max: 10 }),
      signature,
    }),
  }),
)
const gathered: fc.Arbitrary<zt.Gathered> = fc.record({ totalKnown: u32, members: some(address, 6) })
export const multicastGather = withOptions<Omit<zt.MulticastGather, 'com'>, { com: zt.CertificateOfMembership }>(
  { networkId: u64, group, limit: u32 },
  { com },
)
export const okMulticastGather: fc.Arbitrary<zt.OkMulticastGather> = fc.record({ networkId: u64, group, gathered })
interface MulticastOptions {
  com: zt.CertificateOfMembership
  gatherLimit: number
  source: number
  replicate: boolean
}
export const multicastFrame: fc.Arbitrary<zt.MulticastFrame> = withOptions<
  Pick<zt.MulticastFrame, 'networkId' | 'group' | 'etherType' | 'payload'>,
  MulticastOptions
>(
  { networkId: u64, group, etherType: u16, payload },
  { com, gatherLimit: u32, source: mac, replicate: fc.constant(true) },
)
export const okMulticastFrame: fc.Arbitrary<zt.OkMulticastFrame> = withOptions<
  Pick<zt.OkMulticastFrame, 'networkId' | 'group'>,
  { com: zt.CertificateOfMembership; gathered: zt.Gathered }
>({ networkId: u64, group }, { com, gathered })
const directPath = withOptions<{ endpoint: Endpoint }, { redirect: boolean; forget: boolean }>(
  { endpoint },
  { redirect: fc.constant(true), forget: fc.constant(true) },
)
export const pushDirectPaths: fc.Arbitrary<zt.PushDirectPaths> = fc.record({ paths: some(directPath, 5) })
export const qosMeasurement: fc.Arbitrary<zt.QosMeasurement> = fc.record({
  records: fc.array(fc.record({ packetId: u64, holdingMs: u16 }), { minLength: 1, maxLength: 8 }),
})

/** Any text, of one character to a byte and of more. */
export const text = fc.string({ unit: 'binary', maxLength: 12 })
export const dictionary = fc.uniqueArray(
  fc.tuple(fc.string({ unit: fc.constantFrom(...'abcxyz019._-'), minLength: 1, maxLength: 5 }), bytes(0, 30)),
  { maxLength: 8, selector: ([key]) => key },
)

interface ConfigOptions {
  com: zt.CertificateOfMembership
  dns: zt.Dns
  sso: zt.SingleSignOn
}
const byId = <T extends { readonly id: number }>(list: T[]): T[] => list.sort((a, b) => a.id - b.id)
const sso: fc.Arbitrary<zt.SingleSignOn> = fc.oneof(
  fc.record({ version: fc.constant(1), enabled: fc.constant(false) }),
  fc.record({
    version: fc.constant(0),
    enabled: fc.constant(true),
    authenticationUrl: text,
    authenticationExpiryTime: time,
  }),
  fc.record({
    version: fc.constant(1),
    enabled: fc.constant(true),
    issuerUrl: text,
    centralUrl: text,
    nonce: text,
    state: text,
    clientId: text,
    provider: fc.constantFrom('default', 'okta'),
  }),
)
export const networkConfig: fc.Arbitrary<zt.NetworkConfig> = withOptions<
  Omit<zt.NetworkConfig, keyof ConfigOptions>,
  ConfigOptions
>(
  {
    networkId: fc.bigInt({ min: 1n, max: 0xffff_ffff_ffff_ffffn }),
    timestamp: time,
    credentialTimeMaxDelta: time,
    revision: time,
    issuedTo: address,
    remoteTraceTarget: address,
    remoteTraceLevel: u8,
    flags: u64,
    multicastLimit: u32,
    isPublic: fc.boolean(),
    name: text,
    mtu: fc.integer({ min: 1280, max: 10000 }),
    capabilities: some(capability, 2).map(byId),
    tags: some(tag, 3).map(byId),
    ownerships: some(ownership, 2),
    specialists: some(fc.record({ address, roles: fc.integer({ min: 0, max: 0xff_ffff }) }), 3),
    routes: some(
      withOptions<Omit<zt.Route, 'via'>, { via: IpAddress }>({ target: prefix, flags: u16, metric: u16 }, { via: ip }),
      3,
    ),
    staticIps: some(prefix, 3),
    rules: some(rule, 8),
  },
  {
    com,
    dns: fc.record({ domain: fc.constantFrom('example.com', 'müller.example'), servers: some(endpoint, 4) }),
    sso,
  },
)
