/**
 * Asking for configurations: of the controller, of the one plugged into us, or of nobody at all for ad-hoc networks.
 */
import { park, sendTo } from '@zt/dataplane'
import { Verb, encodeNetworkConfigRequest, encodeRequestMetadata, isAdHoc, ownMetadata } from '@zt/protocol'
import { ByteWriter, type Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import { askWhois } from '../peers/whois.js'
import { adHocConfig } from './ad-hoc.js'
import { REFRESH_MS, REFUSED_RETRY_MS, apply, refused } from './configure.js'
import { sendControllerMessage } from './controller-service.js'
import type { JoinedNetwork } from './joined-network.js'

/** Between requests that are not answered: a little more than controllers want between two. */
const RETRY_MS = [1_100, 2_000, 4_000, 5_000] as const
/** What a controller's own node puts in place of a packet id. */
const OWN_REQUEST_ID = 0xffff_ffff_ffff_ffffn

/** Ask for what is due, and be called when the next is. */
export function refreshNetworks(core: NodeCore, now: Instant): void {
  for (const network of core.networks.values()) {
    if (nextRequest(network) <= now) requestConfig(core, now, network)
    core.arm('networks', nextRequest(network))
  }
}

function nextRequest(network: JoinedNetwork): Instant {
  const { status, attempts, lastRequest } = network
  if (status !== 'ready' && status !== 'requesting') return lastRequest + REFUSED_RETRY_MS
  if (attempts > 0) return lastRequest + RETRY_MS[Math.min(attempts, RETRY_MS.length) - 1]
  return network.lastConfig + REFRESH_MS
}

/** Ask for a configuration now. */
export function requestConfig(core: NodeCore, now: Instant, network: JoinedNetwork): void {
  network.lastRequest = now
  network.attempts++
  if (isAdHoc(network.id)) makeAdHoc(core, now, network)
  else if (network.controller === core.address) askOurselves(core, now, network)
  else askController(core, now, network)
}

function makeAdHoc(core: NodeCore, now: Instant, network: JoinedNetwork): void {
  const config = adHocConfig(now, network.id, core.address)
  if (config) apply(core, now, network, config)
  else refused(core, now, network, 'not-found')
}

function metadata(core: NodeCore): Uint8Array {
  const { platform, protocolVersion } = core.settings
  const own = ownMetadata(core.software, platform === '' ? undefined : platform)
  return encodeRequestMetadata({ ...own, protocolVersion })
}

function askOurselves(core: NodeCore, now: Instant, network: JoinedNetwork): void {
  if (!core.controller) return refused(core, now, network, 'not-found')
  const request = {
    networkId: network.id,
    from: core.identity,
    requestId: OWN_REQUEST_ID,
    metadata: metadata(core),
    endpoint: undefined,
  }
  for (const message of core.controller.handleRequest(now, request)) sendControllerMessage(core, now, message)
}

function askController(core: NodeCore, now: Instant, network: JoinedNetwork): void {
  const w = new ByteWriter(512)
  encodeNetworkConfigRequest(w, {
    networkId: network.id,
    metadata: metadata(core),
    revision: network.config?.revision ?? 0,
    timestamp: network.config?.timestamp ?? 0,
  })
  const peer = core.peers.get(network.controller)
  // Parked once: a second copy would only be refused for coming too soon.
  if (peer && sendTo(core.d, peer.link, Verb.NetworkConfigRequest, w.bytes, { compress: true })) return
  if (core.d.parkedOut.peers().includes(network.controller)) askWhois(core, now, network.controller)
  else park(core.d, network.controller, Verb.NetworkConfigRequest, w.finish())
}
