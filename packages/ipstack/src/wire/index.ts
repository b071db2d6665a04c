// Numbers
export {
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  EXTENSION_DESTINATION,
  EXTENSION_FRAGMENT,
  EXTENSION_HOP_BY_HOP,
  EXTENSION_NONE,
  EXTENSION_ROUTING,
  PROTOCOL_ICMPV4,
  PROTOCOL_ICMPV6,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
} from './numbers.js'
// Checksums
export { checksum, foldSum, isChecksumValid, sumBytes, sumWord, updateChecksum } from './checksum.js'
// Headers
export { type Arp, ARP_LENGTH, ARP_REPLY, ARP_REQUEST, parseArp, readMac, writeArp, writeMac } from './arp.js'
export {
  checkIpv4,
  inspectIpv4Options,
  IPV4_HEADER_LENGTH,
  ipv4Fragment,
  ipv4HeaderLength,
  ipv4Protocol,
} from './ipv4.js'
export { checkIpv6, IPV6_HEADER_LENGTH, skipIpv6Extensions } from './ipv6.js'
export { isIcmpv4Error } from './icmpv4.js'
export { isIcmpv6Error, ICMPV6_NEIGHBOR_ADVERTISEMENT, ICMPV6_NEIGHBOR_SOLICITATION } from './icmpv6.js'
export { type Ndp, parseNdp } from './ndp.js'
