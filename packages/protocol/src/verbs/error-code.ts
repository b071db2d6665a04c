/** Why a request failed: the code in an ERROR. */
export const PacketError = {
  InvalidRequest: 0x01,
  BadProtocolVersion: 0x02,
  /** The controller does not know the network. */
  ObjectNotFound: 0x03,
  /** The address belongs to another key: a node that is told so by a root must make a new identity. */
  IdentityCollision: 0x04,
  /** Asked for a network config, but is no controller. */
  UnsupportedOperation: 0x05,
  /** A frame was held back until its sender shows a certificate of membership. */
  NeedMembershipCertificate: 0x06,
  /** The controller refuses this member. */
  NetworkAccessDenied: 0x07,
  UnwantedMulticast: 0x08,
  /** The controller wants a login (SSO) first. */
  NetworkAuthenticationRequired: 0x09,
} as const

export type PacketError = (typeof PacketError)[keyof typeof PacketError]

const names: readonly (string | undefined)[] = [
  undefined,
  'INVALID_REQUEST',
  'BAD_PROTOCOL_VERSION',
  'OBJ_NOT_FOUND',
  'IDENTITY_COLLISION',
  'UNSUPPORTED_OPERATION',
  'NEED_MEMBERSHIP_CERTIFICATE',
  'NETWORK_ACCESS_DENIED',
  'UNWANTED_MULTICAST',
  'NETWORK_AUTHENTICATION_REQUIRED',
]

/** `OBJ_NOT_FOUND`, or `ERROR_1f` for a code that means nothing. */
export function packetErrorName(code: number): string {
  return names[code] ?? `ERROR_${code.toString(16).padStart(2, '0')}`
}
