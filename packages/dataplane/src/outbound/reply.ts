/**
 * Answers go back on the path that the question came by, and not the best way (ZeroTierOne node/IncomingPacket.cpp): a
 * question that was relayed is answered through the same relay, and OK over a new path proves it.
 */
import { Path } from '@zt/multipath'
import { DEFAULT_PHYSICAL_MTU } from '@zt/protocol'
import type { Dataplane } from '../dataplane.js'
import { type ControlOptions, sendOn } from './send.js'

/** Answer `d.packet`, whose sender is known. */
export function reply(d: Dataplane, verb: number, payload: Uint8Array, options: ControlOptions = {}): boolean {
  const { link, socket, from } = d.packet
  if (!link || !from) return false
  const path = link.paths.find(socket, from) ?? new Path(socket, from, DEFAULT_PHYSICAL_MTU)
  return sendOn(d, link, path, verb, payload, options)
}
