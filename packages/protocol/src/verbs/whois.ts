import type { ByteReader, ByteWriter } from '@zt/sansio'
import type { Address } from '../address.js'
import { type Identity, IDENTITY_LENGTH, decodeIdentity, encodeIdentity } from '../identity/identity.js'

/**
 * "Who has these addresses?"
 *
 *     28  [5] each  addresses, to the end; an incomplete one is ignored
 */
export interface Whois {
  readonly addresses: readonly Address[]
}

export function decodeWhois(r: ByteReader): Whois | undefined {
  const addresses: Address[] = []
  while (r.remaining >= 5) addresses.push(r.u40())
  return addresses.length > 0 ? { addresses } : undefined
}

export function encodeWhois(w: ByteWriter, whois: Whois): void {
  for (const address of whois.addresses) w.u40(address)
}

/**
 * OK(WHOIS): the identities that the responder knows, in the order asked for. An incomplete one is ignored.
 *
 *     37  [71] each  identities, to the end
 */
export interface OkWhois {
  readonly identities: readonly Identity[]
}

export function decodeOkWhois(r: ByteReader): OkWhois | undefined {
  const identities: Identity[] = []
  while (r.remaining >= IDENTITY_LENGTH) {
    const identity = decodeIdentity(r)
    if (!identity) return undefined
    identities.push(identity)
  }
  return identities.length > 0 ? { identities } : undefined
}

export function encodeOkWhois(w: ByteWriter, ok: OkWhois): void {
  for (const identity of ok.identities) encodeIdentity(w, identity)
}
