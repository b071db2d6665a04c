import { ByteReader, ByteWriter, formatHex } from '@zt/sansio'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as zt from '../src/index.js'
import * as any from './arbitraries.js'
import { type Codec, itIsACodec } from './codec.js'

/** Names the type once, so that a record of the wrong kind cannot slip in. */
function codec<T>(
  prefixes: Codec<T>['prefixes'],
  records: fc.Arbitrary<T>,
  decode: (r: ByteReader) => T | undefined,
  encode: (w: ByteWriter, value: T) => unknown,
): Codec<unknown> {
  return { prefixes, records, decode, encode } as Codec<unknown>
}

const helloWithMoons = codec(
  'shorter',
  fc
    .record({ hello: any.hello, moons: any.moons })
    .map(({ hello, moons }) => ({ hello, moons: hello.planet ? moons : [] })),
  (r) => {
    const hello = zt.decodeHello(r)
    const moons = hello && zt.decodeHelloMoons(r)
    return moons && { hello, moons: hello.planet ? moons : [] }
  },
  (w, { hello, moons }) => zt.encodeHello(w, hello, moons),
)

const codecs: Readonly<Record<string, Codec<unknown>>> = {
  Identity: codec('refused', any.identity, zt.decodeIdentity, zt.encodeIdentity),
  World: codec('refused', any.world, zt.decodeWorld, zt.encodeWorld),
  CertificateOfMembership: codec('refused', any.com, zt.decodeCom, zt.encodeCom),
  Tag: codec('refused', any.tag, zt.decodeTag, zt.encodeTag),
  Capability: codec('refused', any.capability, zt.decodeCapability, zt.encodeCapability),
  CertificateOfOwnership: codec('refused', any.ownership, zt.decodeOwnership, zt.encodeOwnership),
  Revocation: codec('refused', any.revocation, zt.decodeRevocation, zt.encodeRevocation),
  Rules: codec('shorter', fc.array(any.rule, { maxLength: 10 }), (r) => zt.decodeRules(r, 1024), zt.encodeRules),
  NetworkConfigChunk: codec('shorter', any.chunk, zt.decodeNetworkConfigChunk, zt.encodeNetworkConfigChunk),
  HELLO: helloWithMoons,
  'OK(HELLO)': codec('shorter', any.okHello, zt.decodeOkHello, zt.encodeOkHello),
  OK: codec('refused', any.okHead, zt.decodeOkHead, zt.encodeOkHead),
  ERROR: codec('shorter', any.error, zt.decodeError, zt.encodeError),
  WHOIS: codec('shorter', any.whois, zt.decodeWhois, zt.encodeWhois),
  'OK(WHOIS)': codec('shorter', any.okWhois, zt.decodeOkWhois, zt.encodeOkWhois),
  RENDEZVOUS: codec('refused', any.rendezvous, zt.decodeRendezvous, zt.encodeRendezvous),
  FRAME: codec('shorter', any.frame, zt.decodeFrame, zt.encodeFrame),
  EXT_FRAME: codec('shorter', any.extFrame, zt.decodeExtFrame, zt.encodeExtFrame),
  'OK(EXT_FRAME)': codec('refused', fc.record({ networkId: any.u64 }), zt.decodeOkExtFrame, zt.encodeOkExtFrame),
  ECHO: codec('shorter', fc.record({ data: any.bytes(0, 60) }), zt.decodeEcho, zt.encodeEcho),
  MULTICAST_LIKE: codec('shorter', any.multicastLike, zt.decodeMulticastLike, zt.encodeMulticastLike),
  NETWORK_CREDENTIALS: codec(
    'shorter',
    any.networkCredentials,
    zt.decodeNetworkCredentials,
    zt.encodeNetworkCredentials,
  ),
  NETWORK_CONFIG_REQUEST: codec(
    'shorter',
    any.networkConfigRequest,
    zt.decodeNetworkConfigRequest,
    zt.encodeNetworkConfigRequest,
  ),
  'OK(NETWORK_CONFIG)': codec(
    'refused',
    fc.record({ networkId: any.u64, updateId: any.u64 }),
    zt.decodeOkNetworkConfig,
    zt.encodeOkNetworkConfig,
  ),
  MULTICAST_GATHER: codec('shorter', any.multicastGather, zt.decodeMulticastGather, zt.encodeMulticastGather),
  'OK(MULTICAST_GATHER)': codec(
    'refused',
    any.okMulticastGather,
    zt.decodeOkMulticastGather,
    zt.encodeOkMulticastGather,
  ),
  MULTICAST_FRAME: codec('shorter', any.multicastFrame, zt.decodeMulticastFrame, zt.encodeMulticastFrame),
  'OK(MULTICAST_FRAME)': codec('refused', any.okMulticastFrame, zt.decodeOkMulticastFrame, zt.encodeOkMulticastFrame),
  PUSH_DIRECT_PATHS: codec('refused', any.pushDirectPaths, zt.decodePushDirectPaths, zt.encodePushDirectPaths),
  ACK: codec('refused', fc.record({ bytes: any.u32 }), zt.decodeAck, zt.encodeAck),
  QOS_MEASUREMENT: codec('shorter', any.qosMeasurement, zt.decodeQosMeasurement, zt.encodeQosMeasurement),
  USER_MESSAGE: codec(
    'shorter',
    fc.record({ type: any.u64, data: any.bytes(0, 40) }),
    zt.decodeUserMessage,
    zt.encodeUserMessage,
  ),
  PATH_NEGOTIATION_REQUEST: codec(
    'refused',
    fc.record({ utility: fc.integer({ min: -32768, max: 32767 }) }),
    zt.decodePathNegotiationRequest,
    zt.encodePathNegotiationRequest,
  ),
}

describe.each(Object.entries(codecs))('%s', (_, tried) => {
  itIsACodec(tried)
})

describe('what is signed is kept bit for bit', () => {
  it('rules with surplus bytes, spare bits and types from the future', () => {
    const field = fc.tuple(any.u8, fc.uint8Array({ maxLength: 24 })).map(([t, data]) => [t, data.length, ...data])
    fc.assert(
      fc.property(fc.array(field, { maxLength: 12 }), (fields) => {
        const bytes = Uint8Array.from(fields.flat())
        const w = new ByteWriter()
        zt.encodeRules(w, zt.decodeRules(new ByteReader(bytes), 1024) ?? [])
        expect(formatHex(w.bytes)).toBe(formatHex(bytes))
      }),
    )
  })
})
