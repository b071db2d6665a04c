import { readFileSync } from 'node:fs'
import { equalIdentities, type Identity, parseIdentity, type SecretIdentity } from '@zt/protocol'

const texts = JSON.parse(
  readFileSync(new URL('../../../fixtures/identities.json', import.meta.url), 'utf8'),
) as string[]

/** Throw-away identities: finding one takes half a second, so these are kept. */
export const identities = texts.map((text) => parseIdentity(text) as SecretIdentity)

/**
 * `validateIdentity` for simulations: the nodes of one process would compute the memory-hard hash of the same identities
 * again and again. That these are valid is a test of its own.
 */
export const isKnown = (identity: Identity): boolean => identities.some((known) => equalIdentities(known, identity))
