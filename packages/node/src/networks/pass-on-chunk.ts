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
  for (const { address } of network.port.members.values()) {
    // What the member has may be the link of a peer that was forgotten, without keys.
    const link = core.d.peers.get(address)
    if (!link || address === from.address || address === network.controller) continue
    sendTo(core.d, link, Verb.NetworkConfig, record, { compress: true })
  }
}
