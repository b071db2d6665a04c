// The pipelines and what they work on
export { Dataplane, type DataplaneParts } from './dataplane.js'
export { receive, process } from './receive.js'
export { sendFrame } from './transmit.js'
export type { Upcalls } from './upcalls.js'
// Memory
export { Arena } from './arena.js'
export { Reassembler } from './inbound/reassemble.js'
// Inbound
export { Received, type Outcome } from './inbound/outcome.js'
export { InboundPacket } from './inbound/packet.js'
export { accept } from './inbound/open.js'
export { dispatch } from './inbound/dispatch.js'
export { noteReceived } from './inbound/note-received.js'
export { parkInbound, unpark } from './inbound/parked-in.js'
export { gather } from './inbound/on-multicast-frame.js'
// Outbound
export { sendOn, sendTo, sendOrPark, sendParked, park, type ControlOptions } from './outbound/send.js'
export { reply } from './outbound/reply.js'
export { sendQueued } from './outbound/multicast.js'
export { type ParkedIn, type ParkedOut, ParkedPackets, PARKED_MS } from './outbound/parked.js'
// Peers and networks
export { PeerLink, PEER_ACTIVITY_MS, TRUST_MS, type Suite } from './peers/peer-link.js'
export { PeerTable } from './peers/peer-table.js'
export { Port, type PortHost } from './networks/port.js'
export { Member, type Added, type CredentialWindow } from './networks/member.js'
export { MulticastMembers } from './networks/multicast-members.js'
