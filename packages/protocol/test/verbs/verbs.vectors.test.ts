import { SessionKeys, createSalsaPoly } from '@zt/crypto'
import { ByteReader, ByteWriter, type Endpoint, formatHex } from '@zt/sansio'
import { describe, expect, it } from 'vitest'
import * as zt from '../../src/index.js'
import { VectorFile, hex } from '../vector-file.js'

const file = new VectorFile('verbs.json')
const armor = new zt.Armor(createSalsaPoly())
const compression = new zt.PacketCompression()

interface Format<T> {
  readonly decode: (r: ByteReader) => T | undefined
  readonly encode: (w: ByteWriter, value: T) => void
  /** As the vector files show it. */
  readonly view: (value: T) => object
}

function format<T>(decode: Format<T>['decode'], encode: Format<T>['encode'], view: Format<T>['view']): Format<unknown> {
  return { decode, encode, view } as Format<unknown>
}

function bytesOf<T>(encode: (w: ByteWriter, value: T) => void, value: T): string {
  const w = new ByteWriter()
  encode(w, value)
  return formatHex(w.bytes)
}

const hex64 = (value: bigint): string => `0x${value.toString(16).padStart(16, '0')}`
const mac = (value: number): string => value.toString(16).padStart(12, '0')
const groupView = (group: zt.MulticastGroup): object => ({ mac: mac(group.mac), adi: group.adi })
const endpointView = (endpoint: Endpoint | undefined): string | null => endpoint?.toString() ?? null
const gatheredView = (g: zt.Gathered): object => ({
  totalKnown: g.totalKnown,
  members: g.members.map(zt.formatAddress),
})
const comView = (com: zt.CertificateOfMembership | undefined): object =>
  com ? { com: bytesOf(zt.encodeCom, com) } : {}
const versionView = (v: { protocolVersion: number; software: zt.SoftwareVersion }): object => ({
  protocolVersion: v.protocolVersion,
  versionMajor: v.software.major,
  versionMinor: v.software.minor,
  versionRevision: v.software.revision,
})
const chunkView = (c: zt.NetworkConfigChunk): object => ({
  nwid: zt.formatNetworkId(c.networkId),
  chunk: formatHex(c.data),
  flags: c.place?.fastPropagate ? 1 : 0,
  configUpdateId: hex64(c.place?.updateId ?? 0n),
  totalLength: c.place?.totalLength,
  chunkIndex: c.place?.offset,
  signatureType: 1,
  signature: formatHex(c.place?.signature ?? new Uint8Array(0)),
})
const nwidView = (v: { networkId: bigint }): { nwid: string } => ({ nwid: zt.formatNetworkId(v.networkId) })

interface HelloWithMoons {
  readonly hello: zt.Hello
  readonly tail: number
  readonly moons: zt.WorldReference[]
}

const chunk = format(zt.decodeNetworkConfigChunk, zt.encodeNetworkConfigChunk, chunkView)

const requests: Readonly<Record<string, Format<unknown>>> = {
  NOP: format(
    () => ({}),
    () => {},
    () => ({}),
  ),
  HELLO: format<HelloWithMoons>(
    (r) => {
      const hello = zt.decodeHello(r)
      const tail = r.offset
      const moons = hello && zt.decodeHelloMoons(r)
      return moons && { hello, tail, moons }
    },
    (w, { hello, moons }) => zt.encodeHello(w, hello, moons),
    ({ hello, tail, moons }) => ({
      ...versionView(hello),
      timestamp: `${hello.sentAt}`,
      identity: zt.formatIdentity(hello.identity),
      ...((hello.sentTo ?? hello.planet) && { sentTo: endpointView(hello.sentTo) }),
      ...(hello.planet && {
        planetId: `${hello.planet.id}`,
        planetTimestamp: `${hello.planet.timestamp}`,
        moons: moons.map(({ id, timestamp }) => ({ type: 127, id: `${id}`, timestamp: `${timestamp}` })),
        tailOffset: tail,
      }),
    }),
  ),
  WHOIS: format(zt.decodeWhois, zt.encodeWhois, (v) => ({ addresses: v.addresses.map(zt.formatAddress) })),
  RENDEZVOUS: format(zt.decodeRendezvous, zt.encodeRendezvous, (v) => ({
    flags: 0,
    with: zt.formatAddress(v.peer),
    endpoint: `${v.endpoint}`,
  })),
  ECHO: format(zt.decodeEcho, zt.encodeEcho, (v) => ({ data: formatHex(v.data) })),
  USER_MESSAGE: format(zt.decodeUserMessage, zt.encodeUserMessage, (v) => ({
    typeId: hex64(v.type),
    data: formatHex(v.data),
  })),
  REMOTE_TRACE: format(zt.decodeRemoteTrace, zt.encodeRemoteTrace, (v) => ({
    dictionaries: v.events.map((event) => formatHex(event.encode())),
  })),
  PUSH_DIRECT_PATHS: format(zt.decodePushDirectPaths, zt.encodePushDirectPaths, (v) => ({
    paths: v.paths.map(({ endpoint, redirect, forget }) => ({
      flags: (forget ? 1 : 0) | (redirect ? 2 : 0),
      endpoint: `${endpoint}`,
    })),
  })),
  NETWORK_CONFIG_REQUEST: format(zt.decodeNetworkConfigRequest, zt.encodeNetworkConfigRequest, (v) => ({
    ...nwidView(v),
    metaData: formatHex(v.metadata),
    haveRevision: `${v.revision}`,
    haveTimestamp: `${v.timestamp}`,
  })),
  NETWORK_CONFIG: chunk,
  NETWORK_CREDENTIALS: format(zt.decodeNetworkCredentials, zt.encodeNetworkCredentials, (v) => ({
    coms: v.coms.map((x) => bytesOf(zt.encodeCom, x)),
    capabilities: v.capabilities.map((x) => bytesOf(zt.encodeCapability, x)),
    tags: v.tags.map((x) => bytesOf(zt.encodeTag, x)),
    revocations: v.revocations.map((x) => bytesOf(zt.encodeRevocation, x)),
    coos: v.ownerships.map((x) => bytesOf(zt.encodeOwnership, x)),
  })),
  FRAME: format(zt.decodeFrame, zt.encodeFrame, (v) => ({
    ...nwidView(v),
    etherType: v.etherType,
    frame: formatHex(v.payload),
  })),
  EXT_FRAME: format(zt.decodeExtFrame, zt.encodeExtFrame, (v) => ({
    ...nwidView(v),
    flags: v.flags | (v.com ? 1 : 0),
    ...comView(v.com),
    to: mac(v.destination),
    from: mac(v.source),
    etherType: v.etherType,
    frame: formatHex(v.payload),
  })),
  MULTICAST_LIKE: format(zt.decodeMulticastLike, zt.encodeMulticastLike, (v) => ({
    groups: v.subscriptions.map((s) => ({ ...nwidView(s), ...groupView(s.group) })),
  })),
  MULTICAST_GATHER: format(zt.decodeMulticastGather, zt.encodeMulticastGather, (v) => ({
    ...nwidView(v),
    flags: v.com ? 1 : 0,
    group: groupView(v.group),
    gatherLimit: v.limit,
    com: v.com ? bytesOf(zt.encodeCom, v.com) : null,
  })),
  MULTICAST_FRAME: format(zt.decodeMulticastFrame, zt.encodeMulticastFrame, (v) => ({
    ...nwidView(v),
    flags:
      (v.com ? 1 : 0) |
      (v.gatherLimit === undefined ? 0 : 2) |
      (v.source === undefined ? 0 : 4) |
      (v.replicate ? 8 : 0),
    ...comView(v.com),
    gatherLimit: v.gatherLimit ?? 0,
    sourceMac: v.source === undefined ? null : mac(v.source),
    group: groupView(v.group),
    etherType: v.etherType,
    frame: formatHex(v.payload),
  })),
  QOS_MEASUREMENT: format(zt.decodeQosMeasurement, zt.encodeQosMeasurement, (v) => ({
    records: v.records.map(({ packetId, holdingMs }) => ({ packetId: hex64(packetId), holdingTime: holdingMs })),
  })),
  PATH_NEGOTIATION_REQUEST: format(zt.decodePathNegotiationRequest, zt.encodePathNegotiationRequest, (v) => ({
    utility: v.utility,
  })),
  ACK: format(zt.decodeAck, zt.encodeAck, (v) => ({ bytes: v.bytes })),
  ERROR: format(zt.decodeError, zt.encodeError, (v) => ({
    inReVerb: zt.verbName(v.inReVerb),
    inRePacketId: hex64(v.inRePacketId),
    errorCode: v.code,
    errorName: zt.packetErrorName(v.code),
    ...(v.networkId !== undefined && { nwid: zt.formatNetworkId(v.networkId) }),
    ...(v.group && { group: groupView(v.group) }),
    ...(v.authentication && { data: formatHex(v.authentication) }),
  })),
}

const okNetworkConfig = format(zt.decodeOkNetworkConfig, zt.encodeOkNetworkConfig, (v) => ({
  ...nwidView(v),
  configUpdateId: hex64(v.updateId),
}))

const replies: Readonly<Record<string, Format<unknown>>> = {
  HELLO: format(zt.decodeOkHello, zt.encodeOkHello, (v) => ({
    timestamp: `${v.echoedAt}`,
    ...versionView(v),
    physicalAddress: endpointView(v.surface),
    worlds: v.worlds.map((world) => bytesOf(zt.encodeWorld, world)),
  })),
  WHOIS: format(zt.decodeOkWhois, zt.encodeOkWhois, (v) => ({ identities: v.identities.map(zt.formatIdentity) })),
  ECHO: format(zt.decodeEcho, zt.encodeEcho, (v) => ({ data: formatHex(v.data) })),
  EXT_FRAME: format(zt.decodeOkExtFrame, zt.encodeOkExtFrame, nwidView),
  NETWORK_CONFIG_REQUEST: chunk,
  MULTICAST_GATHER: format(zt.decodeOkMulticastGather, zt.encodeOkMulticastGather, (v) => ({
    ...nwidView(v),
    group: groupView(v.group),
    ...gatheredView(v.gathered),
  })),
  MULTICAST_FRAME: format(zt.decodeOkMulticastFrame, zt.encodeOkMulticastFrame, (v) => ({
    ...nwidView(v),
    group: groupView(v.group),
    flags: (v.com ? 1 : 0) | (v.gathered ? 2 : 0),
    ...comView(v.com),
    ...(v.gathered && gatheredView(v.gathered)),
  })),
}

interface PacketCase {
  readonly verb: string
  readonly verbId: number
  readonly source: string
  readonly packetId: string
  readonly destination: string
  readonly sender: string
  readonly fields: Readonly<Record<string, unknown>>
  readonly payload: string
  readonly cipher: number | null
  readonly compressed: boolean
  readonly key: string | null
  readonly wire: string | null
}

function formatOf(
  c: PacketCase,
  r: ByteReader,
): { readonly format: Format<unknown>; readonly head: zt.OkHead | undefined } {
  const head = c.verb === 'OK' ? zt.decodeOkHead(r) : undefined
  // The OK for a NETWORK_CONFIG calls itself an answer to ECHO; what tells it apart is what was asked.
  const isConfig = head && 'configUpdateId' in c.fields && !('chunk' in c.fields)
  const found = isConfig ? okNetworkConfig : head ? replies[zt.verbName(head.inReVerb)] : requests[c.verb]
  if (!found) throw new Error(`no format for ${c.verb}`)
  return { format: found, head }
}

describe('verbs.json', () => {
  it.each(file.cases<PacketCase>('packet').map((c, i) => ({ ...c, i })))('$i: $verb, $source', (c) => {
    expect(zt.verbName(c.verbId)).toBe(c.verb)
    const payload = hex(c.payload)
    const r = new ByteReader(payload)
    const { format, head } = formatOf(c, r)
    const record = format.decode(r)
    expect(record).toBeDefined()
    expect(r.ok).toBe(true)
    const view = {
      ...(head && { inReVerb: zt.verbName(head.inReVerb), inRePacketId: hex64(head.inRePacketId) }),
      ...format.view(record),
    }
    const { controller: _, ...fields } = c.fields
    const hasExtensions = c.verb === 'PUSH_DIRECT_PATHS'
    if (hasExtensions) {
      const paths = fields.paths as { flags: number; endpoint: string; extended: string }[]
      expect(view).toEqual({ paths: paths.map(({ flags, endpoint }) => ({ flags, endpoint })) })
    } else expect(view).toEqual(withDefaults(c, fields))

    // What is left out is not written again: extensions of paths, and sections that old senders did not have.
    const isOld = (hasExtensions && c.source.includes('extended')) || c.source.includes('old node: only')
    if (!isOld) {
      const w = new ByteWriter()
      if (head) zt.encodeOkHead(w, head)
      format.encode(w, record)
      expect(formatHex(w.bytes)).toBe(c.payload)
    }
  })

  it('captured packets open to these payloads', () => {
    for (const c of file.cases<PacketCase>('packet')) {
      if (c.wire === null || c.key === null) continue
      const wire = hex(c.wire)
      const keys = new SessionKeys(hex(c.key))
      const packet = new Uint8Array(zt.MAX_PACKET_LENGTH)
      packet.set(wire)
      expect(zt.cipherOf(packet, 0)).toBe(c.cipher)
      expect(zt.packetIdOf(packet, 0)).toBe(BigInt(`0x${c.packetId}`))
      expect(zt.formatAddress(zt.sourceOf(packet, 0))).toBe(c.sender)
      expect(zt.formatAddress(zt.destinationOf(packet, 0))).toBe(c.destination)
      expect(armor.dearmor(packet, 0, wire.length, keys)).toBe(true)
      expect(zt.isCompressed(packet, 0)).toBe(c.compressed)
      const length = compression.decompress(packet, 0, wire.length)
      expect(zt.verbOf(packet, 0)).toBe(c.verbId)
      if (typeof c.fields.tailOffset === 'number')
        zt.maskHelloTail(packet, 0, zt.PACKET_HEADER + c.fields.tailOffset, length, keys)
      expect(formatHex(packet.subarray(zt.PACKET_HEADER, length))).toBe(c.payload)
    }
  })

  interface ChunksCase {
    readonly verb: string
    readonly nwid: string
    readonly controller: string
    readonly chunks: readonly (string | { readonly payload: string })[]
    readonly dictionary: string
  }
  it('a config in signed chunks', () => {
    for (const c of file.cases<ChunksCase>('config-chunks')) {
      const controller = zt.parseIdentity(c.controller)
      const dictionary = new Uint8Array(c.dictionary.length / 2)
      for (const text of c.chunks) {
        const r = new ByteReader(hex(typeof text === 'string' ? text : text.payload))
        if (c.verb === 'OK') zt.decodeOkHead(r)
        const chunk = zt.decodeNetworkConfigChunk(r)
        expect(chunk?.place?.totalLength).toBe(dictionary.length)
        if (!chunk?.place) throw new Error('expected a signed chunk')
        expect(zt.verifyNetworkConfigChunk(chunk, controller)).toBe(true)
        const forged = { ...chunk, place: { ...chunk.place, offset: chunk.place.offset + 1 } }
        expect(zt.verifyNetworkConfigChunk(forged, controller)).toBe(false)
        dictionary.set(chunk.data, chunk.place.offset)
      }
      expect(formatHex(dictionary)).toBe(c.dictionary)
      expect(zt.decodeNetworkConfig(dictionary)?.networkId).toBe(zt.parseNetworkId(c.nwid))
    }
  })
})

/** What a form of a packet does not have is null in some cases and left out in others; here it is empty. */
function withDefaults(c: PacketCase, fields: Readonly<Record<string, unknown>>): object {
  const given = Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => value !== null || name === 'sentTo'),
  )
  if (c.verb === 'NETWORK_CREDENTIALS')
    return { coms: [], capabilities: [], tags: [], revocations: [], coos: [], ...given }
  if (c.verb === 'MULTICAST_GATHER') return { com: null, ...given }
  if (c.verb === 'MULTICAST_FRAME') return { gatherLimit: 0, sourceMac: null, ...given }
  return given
}
