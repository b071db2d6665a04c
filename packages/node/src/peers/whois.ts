/** Who is behind an address: asked of the best root, answered for others, and what was waiting goes on. */
import { sendTo } from '@zt/dataplane'
import { type Address, Verb, encodeWhois, isReservedAddress } from '@zt/protocol'
import { ByteWriter, type Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import { recall } from './peer-cache.js'

/** ZT_WHOIS_RETRY_DELAY */
export const WHOIS_RETRY_MS = 500

/** Ask for an address, unless that was done a moment ago. */
export function askWhois(core: NodeCore, now: Instant, address: Address): void {
  if (address === core.address || isReservedAddress(address) || core.peers.has(address)) return
  if (recall(core, now, address)) return
  core.arm('parked', now + WHOIS_RETRY_MS)
  const { upstream } = core.d
  if (!upstream || now - (core.whoisSent.get(address) ?? Number.NEGATIVE_INFINITY) < WHOIS_RETRY_MS) return
  core.whoisSent.set(address, now)
  const w = new ByteWriter(5)
  encodeWhois(w, { addresses: [address] })
  sendTo(core.d, upstream, Verb.Whois, w.bytes)
}
