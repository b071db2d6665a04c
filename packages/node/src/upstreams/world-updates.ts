/** A newer planet, from a root of the one in force (ZeroTierOne node/Topology.cpp, addWorld). */
import { type World, encodeWorld } from '@zt/protocol'
import { ByteWriter } from '@zt/sansio'
import type { NodeCore } from '../core.js'

/** Take those worlds that are newer and properly signed. */
export function acceptWorlds(core: NodeCore, worlds: readonly World[]): void {
  for (const world of worlds) {
    if (!core.upstreams.update(world)) continue
    adoptPlanet(core)
    const w = new ByteWriter(1024)
    encodeWorld(w, world)
    core.emit({ type: 'world-updated', world })
    core.emit({ type: 'persist', key: 'planet', bytes: w.finish() })
  }
}

/** Make the roots of the planet in force our upstreams. */
export function adoptPlanet(core: NodeCore): void {
  core.d.isRelay = core.upstreams.isRoot
  for (const peer of core.peers.values()) peer.link.isUpstream = core.upstreams.includes(peer.link.identity)
  for (const root of core.upstreams.roots) core.addPeer(root.identity)
}
