/** What the data path asks of the control plane, there and then. The node implements it. */
import type { Address, MulticastGroup } from '@zt/protocol'
import type { Member } from './networks/member.js'
import type { Port } from './networks/port.js'
import type { PeerLink } from './peers/peer-link.js'

/** Everything here may send control packets, and none of it may call back into a link. */
export interface Upcalls {
  /** A packet for this address is parked: find out who it is. */
  identityWanted(address: Address): void
  /** A frame is about to go to this member, and our credentials were renewed since they were last shown to it. */
  credentialsDue(port: Port, member: Member): void
  /** This member passed the gate and was not told our groups for a while. */
  likesDue(port: Port, member: Member): void
  /** Fewer members of the group are known than a multicast should reach. */
  membersWanted(port: Port, group: MulticastGroup, limit: number): void
  /** The user of a port has subscribed to a group. */
  groupJoined(port: Port, group: MulticastGroup): void
  /** Packets for this peer have to be relayed. */
  relayUsed(link: PeerLink): void
  /** Something was sent or is to be done outside of any call into the node: it wants to be flushed. */
  wake(): void
}
