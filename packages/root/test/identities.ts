import { readFileSync } from 'node:fs'
import { parseIdentity, type SecretIdentity } from '@zt/protocol'

const texts = JSON.parse(
  readFileSync(new URL('../../../fixtures/identities.json', import.meta.url), 'utf8'),
) as string[]

/** Throw-away identities: finding one takes half a second, so these are kept. */
export const identities = texts.map((text) => parseIdentity(text) as SecretIdentity)
