import type { Capability } from './capability.js'
import type { CertificateOfMembership } from './com.js'
import type { CertificateOfOwnership } from './ownership.js'
import type { Revocation } from './revocation.js'
import type { Tag } from './tag.js'

/** Kinds of credential, with their numbers in revocations. */
export const CredentialType = { Com: 1, Capability: 2, Tag: 3, Ownership: 4, Revocation: 6 } as const
export type CredentialType = (typeof CredentialType)[keyof typeof CredentialType]

/** Anything that a controller signs about a member, labelled with what it is. */
export type Credential =
  | { readonly type: typeof CredentialType.Com; readonly credential: CertificateOfMembership }
  | { readonly type: typeof CredentialType.Capability; readonly credential: Capability }
  | { readonly type: typeof CredentialType.Tag; readonly credential: Tag }
  | { readonly type: typeof CredentialType.Ownership; readonly credential: CertificateOfOwnership }
  | { readonly type: typeof CredentialType.Revocation; readonly credential: Revocation }
