import { ByteReader, ByteWriter, IpAddress, formatHex } from '@zt/sansio'
import { describe, expect, it } from 'vitest'
import {
  type CertificateOfMembership,
  type Identity,
  type IdentityLookup,
  type Revocation,
  type SecretIdentity,
  type Verdict,
  capabilityIssuedTo,
  capabilitySigningForm,
  comIssuedTo,
  comNetworkId,
  comSigningForm,
  comTimestamp,
  comsAgree,
  decodeCapability,
  decodeCom,
  decodeOwnership,
  decodeRevocation,
  decodeRules,
  decodeTag,
  encodeCapability,
  encodeCom,
  encodeOwnership,
  encodeRevocation,
  encodeTag,
  formatAddress,
  formatNetworkId,
  ipThing,
  isSecretIdentity,
  issueCom,
  macThing,
  owns,
  ownershipSigningForm,
  parseIdentity,
  parseNetworkId,
  passCapability,
  revocationSigningForm,
  signOwnership,
  signRevocation,
  signTag,
  tagSigningForm,
  verifyCapability,
  verifyCom,
  verifyOwnership,
  verifyRevocation,
  verifyTag,
} from '../../src/index.js'
import { viewOf } from '../netconf/rule-view.js'
import { VectorFile, hex, hexNumber } from '../vector-file.js'

const file = new VectorFile('credentials.json')

interface Issued {
  readonly signer: string | null
  readonly networkId: string
  readonly timestamp: string
  readonly issuedTo: string
  readonly signedBy: string
  readonly signature: string
  readonly bytes: string
  readonly unsignedMessage: string
}

interface Format<T> {
  readonly decode: (r: ByteReader) => T | undefined
  readonly encode: (w: ByteWriter, value: T) => void
  readonly verify: (value: T, lookup: IdentityLookup) => Verdict
  /** As the vector files show it, without `bytes`. */
  readonly view: (value: T) => object
}

function format<T>(f: Format<T>): Format<unknown> {
  return f as Format<unknown>
}

const shared = (c: { networkId: bigint; timestamp: number; id: number }): object => ({
  networkId: formatNetworkId(c.networkId),
  timestamp: c.timestamp.toString(),
  id: c.id,
})
const signed = (c: { issuedTo?: number; signedBy: number; signature: Uint8Array }): object => ({
  ...(c.issuedTo !== undefined && { issuedTo: formatAddress(c.issuedTo) }),
  signedBy: formatAddress(c.signedBy),
  // A signature of a type that is not known is none here; upstream shows 96 zeroes.
  signature: formatHex(c.signature) || '00'.repeat(96),
})

const formats: Readonly<Record<string, Format<unknown>>> = {
  com: format({
    decode: decodeCom,
    encode: encodeCom,
    verify: verifyCom,
    view: (com: CertificateOfMembership) => ({
      qualifiers: com.qualifiers.map(({ id, value, maxDelta }) => ({
        id: `${id}`,
        value: `${value}`,
        maxDelta: `${maxDelta}`,
      })),
      timestamp: comTimestamp(com).toString(),
      networkId: formatNetworkId(comNetworkId(com)),
      issuedTo: formatAddress(comIssuedTo(com)),
      ...signed(com),
    }),
  }),
  tag: format({
    decode: decodeTag,
    encode: encodeTag,
    verify: verifyTag,
    view: (tag) => ({ ...shared(tag), value: tag.value, ...signed(tag) }),
  }),
  capability: format({
    decode: decodeCapability,
    encode: encodeCapability,
    verify: verifyCapability,
    view: (c) => ({
      ...shared(c),
      maxCustodyChainLength: c.maxCustodyChain,
      rules: c.rules.map(viewOf),
      custody: c.custody.map(({ to, from, signature }) => ({
        to: formatAddress(to),
        from: formatAddress(from),
        signature: formatHex(signature),
      })),
      issuedTo: formatAddress(capabilityIssuedTo(c)),
    }),
  }),
  coo: format({
    decode: decodeOwnership,
    encode: encodeOwnership,
    verify: verifyOwnership,
    view: (c) => ({
      ...shared(c),
      flags: hex64(c.flags),
      things: c.things.map(({ type, value }) => ({ type, value: formatHex(value.subarray(0, [16, 6, 4][type])) })),
      ...signed(c),
    }),
  }),
  revocation: format({
    decode: decodeRevocation,
    encode: encodeRevocation,
    verify: verifyRevocation,
    view: (c: Revocation) => ({
      id: c.id,
      networkId: formatNetworkId(c.networkId),
      credentialId: c.credentialId,
      threshold: c.threshold.toString(),
      flags: hex64(c.flags),
      target: formatAddress(c.target),
      type: c.type,
      ...signed(c),
    }),
  }),
}

function hex64(value: bigint): string {
  return `0x${value.toString(16).padStart(16, '0')}`
}

function formatOf(name: string): Format<unknown> {
  const found = formats[name]
  if (!found) throw new Error(`no format for ${name}`)
  return found
}

function secret(text: string | null | undefined): SecretIdentity {
  const identity = parseIdentity(text ?? '')
  if (!isSecretIdentity(identity)) throw new Error('expected a secret key')
  return identity
}

function lookupIn(known: readonly string[]): IdentityLookup {
  const identities = new Map<number, Identity>(known.map((text) => [parseIdentity(text).address, parseIdentity(text)]))
  return (address) => identities.get(address)
}

function encoded<T>(encode: (w: ByteWriter, value: T) => void, value: T): string {
  const w = new ByteWriter()
  encode(w, value)
  return formatHex(w.bytes)
}

describe('credentials.json', () => {
  interface ComCase extends Issued {
    readonly issuedToIdentity: string
    readonly qualifiers: readonly { readonly id: string; readonly value: string; readonly maxDelta: string }[]
  }
  it('certificates of membership, issued', () => {
    for (const c of file.cases<ComCase>('com')) {
      if (c.signer === null) {
        const qualifiers = c.qualifiers.map(({ id, value, maxDelta }) => ({
          id: BigInt(id),
          value: BigInt(value),
          maxDelta: BigInt(maxDelta),
        }))
        expect(encoded(encodeCom, { qualifiers, signedBy: 0, signature: new Uint8Array(0) })).toBe(c.bytes)
        continue
      }
      const membership = {
        networkId: parseNetworkId(c.networkId),
        member: parseIdentity(c.issuedToIdentity),
        timestamp: Number(c.timestamp),
        windowMs: Number(c.qualifiers[0]?.maxDelta),
      }
      const com = issueCom(membership, secret(c.signer))
      expect(encoded(encodeCom, com)).toBe(c.bytes)
      expect(formatHex(comSigningForm(com))).toBe(c.unsignedMessage)
    }
  })

  interface TagCase extends Issued {
    readonly id: number
    readonly value: number
  }
  it('tags, issued', () => {
    for (const c of file.cases<TagCase>('tag')) {
      const { id, value } = c
      const tag = signTag(
        {
          networkId: parseNetworkId(c.networkId),
          timestamp: Number(c.timestamp),
          id,
          value,
          issuedTo: hexNumber(c.issuedTo),
        },
        secret(c.signer),
      )
      expect(encoded(encodeTag, tag)).toBe(c.bytes)
      expect(formatHex(tagSigningForm(tag))).toBe(c.unsignedMessage)
    }
  })

  interface CapabilityCase extends Issued {
    readonly signers: readonly string[]
    readonly id: number
    readonly maxCustodyChainLength: number
    readonly rulesBinary: string
    readonly custody: readonly { readonly to: string; readonly from: string }[]
  }
  it('capabilities, issued and passed on', () => {
    for (const c of file.cases<CapabilityCase>('capability')) {
      const rules = decodeRules(new ByteReader(hex(c.rulesBinary)), 64) ?? []
      let capability = {
        networkId: parseNetworkId(c.networkId),
        timestamp: Number(c.timestamp),
        id: c.id,
        rules,
        maxCustodyChain: c.maxCustodyChainLength,
        custody: [],
      } as ReturnType<typeof passCapability>
      c.custody.forEach(({ to }, i) => (capability = passCapability(capability, hexNumber(to), secret(c.signers[i]))))
      expect(encoded(encodeCapability, capability)).toBe(c.bytes)
      expect(formatHex(capabilitySigningForm(capability))).toBe(c.unsignedMessage)
      expect(formatAddress(capabilityIssuedTo(capability))).toBe(c.issuedTo)
    }
  })

  interface OwnershipCase extends Issued {
    readonly id: number
    readonly flags: string
    readonly things: readonly { readonly type: number; readonly value: string }[]
  }
  it('certificates of ownership, issued', () => {
    for (const c of file.cases<OwnershipCase>('coo')) {
      const things = c.things.map(({ type, value }) => ({ type, value: hex(value.padEnd(32, '0')) }))
      const ownership = signOwnership(
        {
          networkId: parseNetworkId(c.networkId),
          timestamp: Number(c.timestamp),
          flags: BigInt(c.flags),
          id: c.id,
          things,
          issuedTo: hexNumber(c.issuedTo),
        },
        secret(c.signer),
      )
      expect(encoded(encodeOwnership, ownership)).toBe(c.bytes)
      expect(formatHex(ownershipSigningForm(ownership))).toBe(c.unsignedMessage)
    }
  })

  interface RevocationCase extends Issued {
    readonly id: number
    readonly credentialId: number
    readonly threshold: string
    readonly flags: string
    readonly target: string
    readonly type: number
  }
  it('revocations, issued', () => {
    for (const c of file.cases<RevocationCase>('revocation')) {
      const { id, credentialId, type } = c
      const revocation = signRevocation(
        {
          id,
          networkId: parseNetworkId(c.networkId),
          credentialId,
          threshold: Number(c.threshold),
          flags: BigInt(c.flags),
          target: hexNumber(c.target),
          type,
        },
        secret(c.signer),
      )
      expect(encoded(encodeRevocation, revocation)).toBe(c.bytes)
      expect(formatHex(revocationSigningForm(revocation))).toBe(c.unsignedMessage)
    }
  })

  interface DecodeCase {
    readonly why: string
    readonly credential: string
    readonly input: string
    readonly ok: boolean
    readonly consumed: number
    readonly fields: object
  }
  it('reading', () => {
    for (const c of file.cases<DecodeCase>('decode')) {
      const { decode, encode, view } = formatOf(c.credential)
      const r = new ByteReader(hex(c.input))
      const credential = decode(r)
      expect(credential !== undefined, `${c.credential}: ${c.why}`).toBe(c.ok)
      if (credential === undefined) continue
      expect(r.offset, c.why).toBe(c.consumed)
      const { bytes: _, ...fields } = c.fields as { bytes?: string }
      expect(withSignature(fields)).toEqual(withSignature(view(credential)))
      if (/^valid/.test(c.why)) expect(encoded(encode, credential)).toBe(c.input.slice(0, 2 * c.consumed))
    }
  })

  interface VerifyCase {
    readonly why: string
    readonly credential: string
    readonly bytes: string
    readonly known: readonly string[]
    readonly result: 0 | 1 | -1
  }
  it('verification', () => {
    const verdicts: Readonly<Record<Verdict, number>> = { valid: 0, 'unknown-signer': 1, invalid: -1 }
    // The recording node knew itself, whatever `known` says.
    const self = file
      .cases<{ network: { myIdentity: string } }>('membership-sequence')
      .map(({ network }) => network.myIdentity)
    for (const c of file.cases<VerifyCase>('verify')) {
      const { decode, verify } = formatOf(c.credential)
      const credential = decode(new ByteReader(hex(c.bytes)))
      if (credential === undefined) throw new Error(`expected a ${c.credential}`)
      expect(verdicts[verify(credential, lookupIn([...c.known, ...self]))], `${c.credential}: ${c.why}`).toBe(c.result)
    }
  })

  interface AgreeCase {
    readonly why: string
    readonly a: string
    readonly b: string
    readonly otherIdentity: string
    readonly agrees: boolean
  }
  it('which certificates of membership agree', () => {
    for (const c of file.cases<AgreeCase>('com-agree')) {
      const [mine, theirs] = [c.a, c.b].map((text) => decodeCom(new ByteReader(hex(text)))) as [
        CertificateOfMembership,
        CertificateOfMembership,
      ]
      expect(comsAgree(mine, theirs, parseIdentity(c.otherIdentity)), c.why).toBe(c.agrees)
    }
  })

  interface OwnsCase {
    readonly coo: string
    readonly ip?: string
    readonly mac?: string
    readonly owns: boolean
  }
  it('what is owned', () => {
    for (const c of file.cases<OwnsCase>('coo-owns')) {
      const ownership = decodeOwnership(new ByteReader(hex(c.coo)))
      const thing = c.ip === undefined ? macThing(hexNumber(c.mac ?? '')) : ipThing(IpAddress.parse(c.ip))
      expect(ownership && owns(ownership, thing)).toBe(c.owns)
    }
  })
})

/** An unsigned certificate has no signature on the wire; upstream shows what its memory holds. */
function withSignature(fields: object): object {
  const { signedBy, signature, ...rest } = fields as { signedBy?: string; signature?: string }
  return signedBy === undefined || signedBy === '0000000000' ? { ...rest, signedBy } : { ...rest, signedBy, signature }
}
