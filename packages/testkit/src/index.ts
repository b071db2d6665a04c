// Time and chance
export { VirtualClock } from './virtual-clock.js'
export { SeededRandom, withSeed } from './seeded-random.js'
// A simulated internet of datagrams
export { SimNetwork, type SimNetworkOptions, SimNat, type DatagramEvent, type DatagramDrop } from './sim/network.js'
export { SimHost, SimDatagramPort, type SimPortOptions, type SimSite } from './sim/host.js'
export { NatTable, type NatKind, type NatOptions } from './sim/nat.js'
// Links in memory
export { EtherSegment, SimEtherLink, SimIpLink, etherPair, ipPair, type SegmentOptions } from './sim/ether.js'
export { Channel, type LinkProfile, type Fate } from './sim/channel.js'
// Recorders
export { PcapRecorder } from './record/pcap.js'
export { Timeline, type TimelineEntry } from './record/timeline.js'
// What every implementation of a port must do
export type { ComplianceCase } from './compliance/compliance.js'
export { stateStoreCases } from './compliance/state-store.js'
export { datagramPortCases, type DatagramPortPair, type ReceivingPort } from './compliance/datagram-port.js'
