// Limits
export {
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_MIN,
  PROTOCOL_VERSION_AES,
  PROTOCOL_VERSION_ECHO,
  MAX_PACKET_LENGTH,
  MIN_PACKET_LENGTH,
  MAX_DATAGRAM_LENGTH,
  DEFAULT_PHYSICAL_MTU,
  MIN_PHYSICAL_MTU,
  MAX_PHYSICAL_MTU,
  MAX_FRAGMENTS,
  RELAY_MAX_HOPS,
  MAX_HOPS,
  DEFAULT_NETWORK_MTU,
  MIN_NETWORK_MTU,
  MAX_NETWORK_MTU,
  SIGNATURE_LENGTH,
  PUBLIC_KEY_LENGTH,
  SECRET_KEY_LENGTH,
  MAX_WORLD_ROOTS,
  MAX_WORLD_ENDPOINTS_PER_ROOT,
  MAX_WORLD_LENGTH,
  MAX_HELLO_MOONS,
  MAX_NETWORK_RULES,
  MAX_CAPABILITY_RULES,
  MAX_NETWORK_CAPABILITIES,
  MAX_CUSTODY_CHAIN,
  MAX_NETWORK_TAGS,
  MAX_OWNERSHIPS,
  MAX_OWNERSHIP_THINGS,
  MAX_COM_QUALIFIERS,
  MAX_NETWORK_ROUTES,
  MAX_STATIC_IPS,
  MAX_SPECIALISTS,
  MAX_DNS_SERVERS,
  MAX_NETWORK_NAME_LENGTH,
  MAX_NETWORK_CONFIG_LENGTH,
  MAX_REQUEST_METADATA_LENGTH,
  MAX_CONFIG_CHUNKS,
  MAX_CONFIG_CHUNK_LENGTH,
  MAX_AUTHENTICATION_LENGTH,
} from './limits.js'
// Addresses and ids
export { type Address, RESERVED_ADDRESS_PREFIX, isReservedAddress, formatAddress, parseAddress } from './address.js'
export { type NetworkId, formatNetworkId, parseNetworkId, controllerOf, isAdHoc } from './network-id.js'
export { macOf, addressOfMac, isMemberMac, macMask, xorMac, linkLocalAddress } from './mac.js'
export { RFC4193_PREFIX_BITS, SIX_PLANE_PREFIX_BITS, rfc4193Address, sixPlaneAddress } from './derived-address.js'
export { IpScope, ipScope, isPathScope } from './ip-scope.js'
export {
  NO_ENDPOINT,
  decodeInetAddress,
  decodeInetPrefix,
  encodeInetAddress,
  encodeInetPrefix,
} from './inet-address.js'
export { type MulticastGroup, resolutionGroup, decodeMulticastGroup, encodeMulticastGroup } from './multicast-group.js'
// Identities
export {
  type Identity,
  type SecretIdentity,
  isSecretIdentity,
  IDENTITY_LENGTH,
  decodeIdentity,
  encodeIdentity,
  encodeSecretIdentity,
  equalIdentities,
  publicIdentity,
} from './identity/identity.js'
export { parseIdentity, formatIdentity, formatSecretIdentity } from './identity/identity-text.js'
export { IdentitySearch, generateIdentity } from './identity/generate.js'
export { validateIdentity, addressOfKey } from './identity/validate.js'
export { publicKeyHash } from './identity/public-key-hash.js'
// Worlds
export {
  type Root,
  type World,
  type UnsignedWorld,
  WorldType,
  WORLD_ID_EARTH,
  decodeWorld,
  encodeWorld,
} from './world/world.js'
export { worldSigningForm, signWorld, isWorldSignedBy, verifyWorldUpdate } from './world/sign.js'
export { DEFAULT_PLANET_BYTES, DEFAULT_PLANET } from './world/default-planet.js'
// Packets
export {
  PACKET_ID,
  PACKET_DESTINATION,
  PACKET_SOURCE,
  PACKET_FLAGS,
  PACKET_MAC,
  PACKET_VERB,
  PACKET_HEADER,
  FLAG_ENCRYPTED,
  FLAG_FRAGMENTED,
  VERB_COMPRESSED,
  Cipher,
  cipherOf,
  hopsOf,
  incrementHops,
  isFragmented,
  setFragmented,
  verbOf,
  isCompressed,
  destinationOf,
  sourceOf,
  packetIdOf,
  packetIdHigh,
  packetIdLow,
  writeHeader,
  addressAt,
  writeAddress,
} from './packet/header.js'
export { PacketIds } from './packet/packet-id.js'
export {
  FRAGMENT_DESTINATION,
  FRAGMENT_INDICATOR,
  FRAGMENT_NUMBERS,
  FRAGMENT_HOPS,
  FRAGMENT_HEADER,
  FRAGMENT_MARK,
  isFragment,
  fragmentTotal,
  fragmentNumber,
  isFragmentUsable,
  fragmentDestination,
  fragmentHops,
  incrementFragmentHops,
  datagramsFor,
  largestPacketFor,
  splitPacket,
} from './packet/fragment.js'
export { Armor, maskHelloTail, markTrustedPath, trustedPathOf } from './packet/armor.js'
export { PacketCompression } from './packet/compression.js'
export { decompressBlock, Lz4Compressor } from './packet/lz4-block.js'
// Verbs
export { Verb, verbName } from './verbs/verb.js'
export { PacketError, packetErrorName } from './verbs/error-code.js'
export { type Ack, decodeAck, encodeAck } from './verbs/ack.js'
export { type Echo, decodeEcho, encodeEcho } from './verbs/echo.js'
export { type ErrorReply, decodeError, encodeError } from './verbs/error.js'
export {
  type ExtFrame,
  type OkExtFrame,
  EXT_FRAME_FLAGS,
  EXT_FRAME_DESTINATION,
  EXT_FRAME_SOURCE,
  EXT_FRAME_ETHERTYPE,
  EXT_FRAME_PAYLOAD,
  ExtFrameFlag,
  decodeExtFrame,
  encodeExtFrame,
  decodeOkExtFrame,
  encodeOkExtFrame,
} from './verbs/ext-frame.js'
export {
  type Frame,
  FRAME_NETWORK_ID,
  FRAME_ETHERTYPE,
  FRAME_PAYLOAD,
  decodeFrame,
  encodeFrame,
} from './verbs/frame.js'
export {
  type SoftwareVersion,
  type WorldReference,
  type Hello,
  type OkHello,
  decodeHello,
  decodeHelloMoons,
  encodeHello,
  decodeOkHello,
  encodeOkHello,
} from './verbs/hello.js'
export {
  type MulticastFrame,
  type OkMulticastFrame,
  decodeMulticastFrame,
  encodeMulticastFrame,
  decodeOkMulticastFrame,
  encodeOkMulticastFrame,
} from './verbs/multicast-frame.js'
export {
  type MulticastGather,
  type Gathered,
  type OkMulticastGather,
  decodeMulticastGather,
  encodeMulticastGather,
  decodeOkMulticastGather,
  encodeOkMulticastGather,
  decodeGathered,
  encodeGathered,
} from './verbs/multicast-gather.js'
export {
  type Subscription,
  type MulticastLike,
  MULTICAST_LIKE_LENGTH,
  decodeMulticastLike,
  encodeMulticastLike,
} from './verbs/multicast-like.js'
export {
  type NetworkConfigRequest,
  decodeNetworkConfigRequest,
  encodeNetworkConfigRequest,
} from './verbs/network-config-request.js'
export { type OkNetworkConfig, decodeOkNetworkConfig, encodeOkNetworkConfig } from './verbs/network-config.js'
export {
  type NetworkCredentials,
  decodeNetworkCredentials,
  encodeNetworkCredentials,
} from './verbs/network-credentials.js'
export { type OkHead, OK_PAYLOAD, decodeOkHead, encodeOkHead } from './verbs/ok.js'
export {
  type PathNegotiationRequest,
  decodePathNegotiationRequest,
  encodePathNegotiationRequest,
} from './verbs/path-negotiation-request.js'
export {
  type DirectPath,
  type PushDirectPaths,
  decodePushDirectPaths,
  encodePushDirectPaths,
} from './verbs/push-direct-paths.js'
export {
  type QosRecord,
  type QosMeasurement,
  MAX_QOS_RECORDS,
  decodeQosMeasurement,
  encodeQosMeasurement,
} from './verbs/qos-measurement.js'
export {
  type RemoteTrace,
  MAX_REMOTE_TRACE_LENGTH,
  decodeRemoteTrace,
  encodeRemoteTrace,
} from './verbs/remote-trace.js'
export { type Rendezvous, decodeRendezvous, encodeRendezvous } from './verbs/rendezvous.js'
export { type UserMessage, decodeUserMessage, encodeUserMessage } from './verbs/user-message.js'
export { type Whois, type OkWhois, decodeWhois, encodeWhois, decodeOkWhois, encodeOkWhois } from './verbs/whois.js'
// Credentials
export { type Credential, CredentialType } from './credentials/credential.js'
export { type Verdict, type IdentityLookup } from './credentials/signing.js'
export {
  type Qualifier,
  type CertificateOfMembership,
  type Membership,
  decodeCom,
  encodeCom,
  comSigningForm,
  issueCom,
  verifyCom,
  comsAgree,
  comTimestamp,
  comNetworkId,
  comIssuedTo,
} from './credentials/com.js'
export { type Tag, decodeTag, encodeTag, signTag, verifyTag, tagSigningForm } from './credentials/tag.js'
export {
  type Custody,
  type Capability,
  decodeCapability,
  encodeCapability,
  signCapability,
  passCapability,
  verifyCapability,
  capabilityIssuedTo,
  capabilitySigningForm,
} from './credentials/capability.js'
export {
  type Thing,
  type CertificateOfOwnership,
  ThingType,
  decodeOwnership,
  encodeOwnership,
  signOwnership,
  verifyOwnership,
  ownershipSigningForm,
  ipThing,
  macThing,
  owns,
} from './credentials/ownership.js'
export {
  type Revocation,
  REVOCATION_FAST_PROPAGATE,
  decodeRevocation,
  encodeRevocation,
  signRevocation,
  verifyRevocation,
  revocationSigningForm,
} from './credentials/revocation.js'
// Network configs
export {
  type Specialist,
  type SingleSignOn,
  type NetworkConfig,
  NetworkFlag,
  SpecialistRole,
  hasFlag,
  specialistsWith,
} from './netconf/network-config.js'
export { decodeNetworkConfig, encodeNetworkConfig } from './netconf/dictionary-form.js'
export {
  type ChunkPlace,
  type NetworkConfigChunk,
  decodeNetworkConfigChunk,
  encodeNetworkConfigChunk,
  verifyNetworkConfigChunk,
  splitNetworkConfig,
} from './netconf/chunk.js'
export {
  type RequestMetadata,
  ownMetadata,
  decodeRequestMetadata,
  encodeRequestMetadata,
} from './netconf/request-metadata.js'
export { decodeAuthentication, encodeAuthentication } from './netconf/authentication.js'
export {
  type Rule,
  type Action,
  type Match,
  type UnknownRule,
  type RuleName,
  RuleType,
  ruleTypeOf,
  decodeRule,
  encodeRule,
  decodeRules,
  encodeRules,
} from './netconf/rule.js'
export { type Route } from './netconf/route.js'
export { type Dns } from './netconf/dns.js'
// Text
export { Dictionary } from './dictionary.js'
