/** A configuration comes, in chunks, and is put in force; or the controller refuses (ZeroTierOne node/Network.cpp). */
import {
  type NetworkConfig,
  type NetworkConfigChunk,
  type OkNetworkConfig,
  decodeNetworkConfig,
  decodeNetworkConfigChunk,
  encodeNetworkConfig,
  formatNetworkId,
  isAdHoc,
  verifyNetworkConfigChunk,
} from '@zt/protocol'
import type { ByteReader, Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import type { Peer } from '../peers/peer.js'
import { askWhois } from '../peers/whois.js'
import type { JoinedNetwork } from './joined-network.js'
import { passOnChunk } from './pass-on-chunk.js'

/** ZT_NETWORK_AUTOCONF_DELAY */
export const REFRESH_MS = 60_000
/** A controller that refused is asked again after this. */
export const REFUSED_RETRY_MS = 5_000

/** A chunk has come, from anybody. Says which update it completed, if it did and that was applied. */
export function onConfigChunk(
  core: NodeCore,
  now: Instant,
  peer: Peer | undefined,
  r: ByteReader,
): OkNetworkConfig | undefined {
  const start = r.offset
  const chunk = decodeNetworkConfigChunk(r)
  if (!chunk) return core.d.drop('packet-malformed')
  const network = core.networks.get(chunk.networkId)
  if (!network) return core.d.drop('config-of-unknown-network')
  if (!network.chunks.wants(chunk)) return core.d.drop('config-chunk-duplicate')
  if (!isGenuine(core, now, network, peer, chunk)) return undefined
  if (chunk.place?.fastPropagate) passOnChunk(core, network, peer, start, r.offset)
  const dictionary = network.chunks.add(chunk)
  if (!dictionary) return undefined
  const config = decodeNetworkConfig(dictionary)
  if (!config || config.networkId !== network.id || config.issuedTo !== core.address)
    return core.d.drop('config-malformed')
  apply(core, now, network, config)
  return { networkId: network.id, updateId: chunk.place?.updateId ?? core.d.packet.id }
}

/** Chunks are the controller's if it signed them; old ones without a signature, if they come from it. */
function isGenuine(
  core: NodeCore,
  now: Instant,
  network: JoinedNetwork,
  peer: Peer | undefined,
  chunk: NetworkConfigChunk,
): boolean {
  const isFromController = peer === undefined || peer.address === network.controller
  if (!chunk.place) return isFromController || core.d.refuse('config-chunk-unsigned')
  if (!isFromController && peer && !peer.controllerGate.pass(now)) return core.d.refuse('config-chunk-limited')
  const controller = core.d.identityOf(network.controller)
  if (!controller) {
    askWhois(core, now, network.controller)
    return core.d.refuse('config-chunk-controller-unknown')
  }
  return verifyNetworkConfigChunk(chunk, controller) || core.d.refuse('config-chunk-forged')
}

/**
 * Put a configuration in force. The one that came last counts, whatever its date (ZeroTierOne node/Network.cpp,
 * setConfiguration).
 */
export function apply(core: NodeCore, now: Instant, network: JoinedNetwork, config: NetworkConfig): void {
  const before = network.config && essence(network.config)
  const wasReady = network.status === 'ready'
  network.port.configure(now, config)
  network.status = 'ready'
  network.authenticationUrl = undefined
  network.lastConfig = now
  network.attempts = 0
  network.credentials = undefined
  if (!wasReady) {
    network.lastAnnounced = Number.NEGATIVE_INFINITY
    core.emit({ type: 'network-ready', networkId: network.id })
  } else if (before !== essence(config)) core.emit({ type: 'network-updated', networkId: network.id })
  if (!isAdHoc(network.id)) core.emit({ type: 'persist', key: stateKey(network), bytes: encodeNetworkConfig(config) })
  // What was refused for want of a configuration may pass now.
  core.released.push(...core.d.parkedIn.peers())
  core.arm('networks', now + REFRESH_MS)
}

/**
 * Put a configuration in force that was kept from an earlier run. It counts as old: a newer one is asked for at once.
 */
export function restore(now: Instant, network: JoinedNetwork, bytes: Uint8Array, self: number): void {
  const config = decodeNetworkConfig(bytes)
  if (config?.networkId === network.id && config.issuedTo === self) network.port.configure(now, config)
}

/** Where a network's configuration is kept. */
export function stateKey(network: JoinedNetwork): string {
  return `networks.d/${formatNetworkId(network.id)}.conf`
}

/** The controller says no. A configuration that was given before stays in force (ZeroTierOne node/Network.cpp). */
export function refused(
  core: NodeCore,
  now: Instant,
  network: JoinedNetwork,
  status: 'denied' | 'not-found' | 'auth-required',
  url = '',
): void {
  const isNews = network.status !== status || (status === 'auth-required' && network.authenticationUrl !== url)
  network.status = status
  network.attempts = 0
  network.authenticationUrl = status === 'auth-required' ? url : undefined
  core.arm('networks', now + REFUSED_RETRY_MS)
  if (!isNews) return
  const { id: networkId, controller } = network
  if (status === 'denied') core.emit({ type: 'network-denied', networkId, controller })
  else if (status === 'not-found') core.emit({ type: 'network-not-found', networkId, controller })
  else core.emit({ type: 'network-auth-required', networkId, url })
}

/** What users of a network notice: everything but dates and signatures. */
function essence(config: NetworkConfig): string {
  const { name, mtu, flags, multicastLimit, isPublic, specialists, routes, staticIps, rules, dns, sso } = config
  const parts = { name, mtu, flags, multicastLimit, isPublic, specialists, routes, staticIps, rules, dns, sso }
  return JSON.stringify(parts, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
}
