/**
 * Fast propagation: a controller may leave it to members to pass its configuration on (ZeroTierOne node/Network.cpp,
 * handleConfigChunk).
 */
import { sendTo } from '@zt/dataplane'
import { Verb } from '@zt/protocol'
import type { NodeCore } from '../core.js'
import type { Peer } from '../peers/peer.js'
import type { JoinedNetwork } from './joined-network.js'

/** Send the record at `bytes[start, end)` of the current packet, unchanged, to the members we know. */
export function passOnChunk(
  core: NodeCore,
  network: JoinedNetwork,
  from: Peer | undefined,
  start: number,
  end: number,
): void {
  if (!from) return
  const record = core.d.packet.bytes.slice(start, end)
  for (const member of network.port.members.values()) {
    if (!member.link || member.address === from.address || member.address === network.controller) continue
    sendTo(core.d, member.link, Verb.NetworkConfig, record, { compress: true })
  }
}
