/** May this member join, and why? */
import type { RequestMetadata } from '@zt/protocol'
import type { Instant } from '@zt/sansio'
import type { CredentialType, MemberDefinition } from './member-definition.js'
import type { NetworkDefinition } from './network-definition.js'

const TOKEN_PREFIX = 'token:'

/**
 * The member as it stands after asking to join: authorised already, authorised now because the network is public or it
 * presents a token of the network, or as it was.
 */
export function authorize(
  now: Instant,
  network: NetworkDefinition,
  member: MemberDefinition,
  metadata: RequestMetadata,
): MemberDefinition {
  if (member.authorized) return member
  if (!network.private) return authorizedBy(now, member, 'public', null)
  const presented = metadata.authentication
  if (!presented?.startsWith(TOKEN_PREFIX)) return member
  const token = presented.slice(TOKEN_PREFIX.length)
  const expiry = Object.hasOwn(network.authTokens, token) ? network.authTokens[token] : undefined
  if (expiry === undefined || (expiry !== 0 && expiry <= now)) return member
  return authorizedBy(now, member, 'token', token)
}

/** The member, authorised. */
export function authorizedBy(
  now: Instant,
  member: MemberDefinition,
  type: CredentialType,
  credential: string | null,
): MemberDefinition {
  return {
    ...member,
    authorized: true,
    lastAuthorizedTime: Math.floor(now),
    lastAuthorizedCredentialType: type,
    lastAuthorizedCredential: credential,
  }
}

/**
 * A new member's own tags and capabilities: what the network gives to everybody. Tags that came later are given at the
 * next request, capabilities are not, as in ZeroTierOne.
 */
export function withDefaults(network: NetworkDefinition, member: MemberDefinition, isNew: boolean): MemberDefinition {
  const has = new Set(member.tags.map(([id]) => id))
  const tags = network.tags.flatMap(({ id, default: value }) =>
    value === null || has.has(id) ? [] : [[id, value] as const],
  )
  const given = isNew ? network.capabilities.filter((capability) => capability.default).map(({ id }) => id) : []
  const capabilities = given.filter((id) => !member.capabilities.includes(id))
  if (tags.length === 0 && capabilities.length === 0) return member
  return { ...member, tags: [...member.tags, ...tags], capabilities: [...member.capabilities, ...capabilities] }
}
