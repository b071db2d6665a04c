/** EtherTypes and IP protocol numbers (IANA). */

export const ETHERTYPE_IPV4 = 0x0800
export const ETHERTYPE_ARP = 0x0806
export const ETHERTYPE_IPV6 = 0x86dd

export const PROTOCOL_ICMPV4 = 1
export const PROTOCOL_TCP = 6
export const PROTOCOL_UDP = 17
export const PROTOCOL_ICMPV6 = 58

/** IPv6 extension headers (RFC 8200 section 4). */
export const EXTENSION_HOP_BY_HOP = 0
export const EXTENSION_ROUTING = 43
export const EXTENSION_FRAGMENT = 44
export const EXTENSION_NONE = 59
export const EXTENSION_DESTINATION = 60
