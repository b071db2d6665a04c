/**
 * A frame to a host behind a bridge: to the bridge if we know it, or else to some (ZeroTierOne node/Switch.cpp,
 * onLocalEthernet).
 */
import type { Address } from '@zt/protocol'
import type { Mac } from '@zt/sansio'
import type { Dataplane } from '../dataplane.js'
import type { Port } from '../networks/port.js'
import { sendExtFrame } from './ext-frame.js'
import { sendForwards } from './forwards.js'
import { NOBODY } from './wrap.js'

/** ZT_MAX_BRIDGE_SPAM */
const MOST_BRIDGES = 32

/** Send a frame whose destination is no member's MAC. */
export function sendBridged(
  d: Dataplane,
  port: Port,
  source: Mac,
  destination: Mac,
  etherType: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): void {
  const { filter } = d
  const policy = port.policy!
  filter.frame.set(source, destination, etherType, bytes, offset, length)
  const passes = filter.outgoing(policy, undefined, NOBODY)
  if (filter.forwardCount > 0) sendForwards(d, port, source, destination, etherType, bytes, offset)
  if (!passes) {
    d.counters.count('frame-out-filtered')
    return
  }
  const bridges = bridgesTo(d, port, destination)
  if (bridges.length === 0) d.counters.count('frame-out-no-bridge')
  for (const bridge of bridges) {
    const member = port.member(bridge)
    filter.frame.set(source, destination, etherType, bytes, offset, length)
    if (!filter.outgoingReplica(policy, member, bridge)) d.counters.count('frame-out-filtered')
    else sendExtFrame(d, port, member, 0, source, destination, etherType, bytes, offset, length)
  }
}

function bridgesTo(d: Dataplane, port: Port, host: Mac): readonly Address[] {
  const known = port.bridges.find(host)
  if (known !== undefined && known !== d.address && port.activeBridges.includes(known)) return [known]
  const others = port.activeBridges.filter((bridge) => bridge !== d.address)
  if (others.length <= MOST_BRIDGES) return others
  const start = d.random.u32() % others.length
  return Array.from({ length: MOST_BRIDGES }, (_, i) => others[(start + i) % others.length])
}
