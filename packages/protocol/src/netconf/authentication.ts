import { Dictionary } from '../dictionary.js'
import type { SingleSignOn } from './network-config.js'

/**
 * The dictionary in ERROR(NETWORK_AUTHENTICATION_REQUIRED): where and how to log in.
 *
 *     aV version   aU authentication URL   iU issuer   aCU central   aN nonce   aS state   aCID client   aSSOp provider
 */
export function decodeAuthentication(bytes: Uint8Array): SingleSignOn {
  const d = Dictionary.decode(bytes)
  const version = d.number('aV')
  if (version === 0) return { version, enabled: true, authenticationUrl: d.text('aU') ?? '' }
  return {
    version,
    enabled: true,
    issuerUrl: d.text('iU') ?? '',
    centralUrl: d.text('aCU') ?? '',
    nonce: d.text('aN') ?? '',
    state: d.text('aS') ?? '',
    clientId: d.text('aCID') ?? '',
    provider: d.text('aSSOp') || 'default',
  }
}

export function encodeAuthentication(sso: SingleSignOn): Uint8Array<ArrayBuffer> {
  const d = new Dictionary()
  d.setU64('aV', sso.version)
  const texts = {
    aU: sso.authenticationUrl,
    iU: sso.issuerUrl,
    aCU: sso.centralUrl,
    aN: sso.nonce,
    aS: sso.state,
    aCID: sso.clientId,
    aSSOp: sso.provider,
  }
  for (const [key, value] of Object.entries(texts)) if (value !== undefined) d.setText(key, value)
  return d.encode()
}
