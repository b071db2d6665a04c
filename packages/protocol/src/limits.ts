/**
 * Versions, sizes and counts of the protocol. Everything that a stranger can make large is bounded by a name here
 * before memory is taken. Source: ZeroTierOne `node/Constants.hpp`, `node/Packet.hpp`, `include/ZeroTierOne.h`.
 */

/** What we announce: the version that ZeroTierOne 1.14 speaks. */
export const PROTOCOL_VERSION = 12
/** Peers below this are not understood: their addresses were derived differently. */
export const PROTOCOL_VERSION_MIN = 4
/** From this version on a peer understands AES-GMAC-SIV (cipher suite 3). */
export const PROTOCOL_VERSION_AES = 12
/** From this version on ECHO may be used instead of HELLO to probe a path. */
export const PROTOCOL_VERSION_ECHO = 5

/** A whole packet after reassembly, header included. */
export const MAX_PACKET_LENGTH = 10024
/** Header through verb. */
export const MIN_PACKET_LENGTH = 28
/** The largest datagram a receiver takes. */
export const MAX_DATAGRAM_LENGTH = 10100
/** A datagram's payload on a path of which nothing else is known: 1500 less IPv6, UDP, PPPoE and some slack. */
export const DEFAULT_PHYSICAL_MTU = 1432
export const MIN_PHYSICAL_MTU = 1400
export const MAX_PHYSICAL_MTU = 10324
/** Head included. */
export const MAX_FRAGMENTS = 7
/** A leaf refuses to relay a packet that was relayed this often. */
export const RELAY_MAX_HOPS = 3
/** The hop counter's width. */
export const MAX_HOPS = 7

/** The virtual network's MTU: default, and the clamp that members apply. */
export const DEFAULT_NETWORK_MTU = 2800
export const MIN_NETWORK_MTU = 1280
export const MAX_NETWORK_MTU = 10000

export const SIGNATURE_LENGTH = 96
export const PUBLIC_KEY_LENGTH = 64
export const SECRET_KEY_LENGTH = 64

export const MAX_WORLD_ROOTS = 4
export const MAX_WORLD_ENDPOINTS_PER_ROOT = 32
export const MAX_WORLD_LENGTH = 8480
/** Moons named in one HELLO: more than anybody orbits, and few enough to look at. */
export const MAX_HELLO_MOONS = 256

export const MAX_NETWORK_RULES = 1024
export const MAX_CAPABILITY_RULES = 64
export const MAX_NETWORK_CAPABILITIES = 128
export const MAX_CUSTODY_CHAIN = 7
export const MAX_NETWORK_TAGS = 128
export const MAX_OWNERSHIPS = 4
export const MAX_OWNERSHIP_THINGS = 16
export const MAX_COM_QUALIFIERS = 8
export const MAX_NETWORK_ROUTES = 128
export const MAX_STATIC_IPS = 32
/** 256 in 1.14, 512 from 1.16.2 on. */
export const MAX_SPECIALISTS = 512
export const MAX_DNS_SERVERS = 4
export const MAX_NETWORK_NAME_LENGTH = 127
/** A network config's dictionary. */
export const MAX_NETWORK_CONFIG_LENGTH = 484520
/** A config request's dictionary. */
export const MAX_REQUEST_METADATA_LENGTH = 1024
/** Chunks of one network config. */
export const MAX_CONFIG_CHUNKS = 474
/** Dictionary bytes in one chunk: what a packet holds, less room for the chunk record and compression. */
export const MAX_CONFIG_CHUNK_LENGTH = MAX_PACKET_LENGTH - MIN_PACKET_LENGTH - 256
/** The dictionary in ERROR(NETWORK_AUTHENTICATION_REQUIRED). */
export const MAX_AUTHENTICATION_LENGTH = 8192
