import { ZtError, formatHex, parseHex } from '@zt/sansio'
import { formatAddress, isReservedAddress } from '../address.js'
import type { Identity, SecretIdentity } from './identity.js'

const form = /^([0-9a-f]{10}):0:([0-9a-f]{128})(?::([0-9a-f]{128}))?$/i

/**
 * The text of `identity.public` (`address:0:public`) or `identity.secret` (`address:0:public:secret`); white space
 * around it is ignored. The address is not checked against the key: see `validateIdentity`.
 *
 * @throws ZT_IDENTITY_INVALID without repeating the text, which may hold a secret.
 */
export function parseIdentity(text: string): Identity {
  const [, addressText, publicText, secretText] = form.exec(text.trim()) ?? []
  const address = Number.parseInt(addressText ?? '0', 16)
  if (publicText === undefined || isReservedAddress(address)) {
    const expected = 'expected an identity such as 10-digit-address:0:128-digit-key[:128-digit-key]'
    throw new ZtError('ZT_IDENTITY_INVALID', expected)
  }
  const publicKey = parseHex(publicText)
  return secretText === undefined ? { address, publicKey } : { address, publicKey, secretKey: parseHex(secretText) }
}

/** The text of `identity.public`. Never contains the secret key. */
export function formatIdentity(identity: Identity): string {
  return `${formatAddress(identity.address)}:0:${formatHex(identity.publicKey)}`
}

/** The text of `identity.secret`. */
export function formatSecretIdentity(identity: SecretIdentity): string {
  return `${formatIdentity(identity)}:${formatHex(identity.secretKey)}`
}
