/**
 * Asking who listens to a group, when fewer members are known than a frame should reach (ZeroTierOne
 * node/Multicaster.cpp).
 */
import { type Port, sendOrPark } from '@zt/dataplane'
import {
  type Address,
  type MulticastGroup,
  SpecialistRole,
  Verb,
  encodeMulticastGather,
  specialistsWith,
} from '@zt/protocol'
import { ByteWriter, type Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'

/** ZT_MULTICAST_EXPLICIT_GATHER_DELAY, for groups of which some members are known. */
const GATHER_MS = 60_000
/** For groups of which none is. */
const GATHER_EMPTY_MS = 400
const MOST_ASKED = 16

/** Ask the best root, the controller and the anchors, unless that was done a moment ago. */
export function askForMembers(core: NodeCore, now: Instant, port: Port, group: MulticastGroup, limit: number): void {
  const key = `${port.networkId} ${group.mac} ${group.adi}`
  const isEmpty = core.d.multicastMembers.of(now, port.networkId, group).length === 0
  const since = now - (core.gathers.get(key) ?? Number.NEGATIVE_INFINITY)
  if (since < (isEmpty ? GATHER_EMPTY_MS : GATHER_MS)) return
  core.gathers.set(key, now)
  const com = port.config?.com
  const w = new ByteWriter(512)
  encodeMulticastGather(w, { networkId: port.networkId, group, limit, ...(com && { com }) })
  const payload = w.finish()
  for (const address of whomToAsk(core, port)) sendOrPark(core.d, address, Verb.MulticastGather, payload)
}

function whomToAsk(core: NodeCore, port: Port): Address[] {
  const asked = new Set<Address>()
  if (core.d.upstream) asked.add(core.d.upstream.address)
  const controller = core.networks.get(port.networkId)?.controller
  if (controller) asked.add(controller)
  if (port.config) for (const anchor of specialistsWith(port.config, SpecialistRole.Anchor)) asked.add(anchor)
  asked.delete(core.address)
  return [...asked].slice(0, MOST_ASKED)
}
