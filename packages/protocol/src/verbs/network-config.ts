import type { ByteReader, ByteWriter } from '@zt/sansio'
import type { NetworkId } from '../network-id.js'

// NETWORK_CONFIG and OK(NETWORK_CONFIG_REQUEST) carry the same record, one chunk of a config: see ../netconf/chunk.ts.

/**
 * The OK for a NETWORK_CONFIG that completed a config. Nobody evaluates it. ZeroTierOne labels it as an answer to ECHO.
 *
 *     37  u64  network id
 *     45  u64  config update id
 */
export interface OkNetworkConfig {
  readonly networkId: NetworkId
  readonly updateId: bigint
}

export function decodeOkNetworkConfig(r: ByteReader): OkNetworkConfig | undefined {
  const ok = { networkId: r.u64(), updateId: r.u64() }
  return r.ok ? ok : undefined
}

export function encodeOkNetworkConfig(w: ByteWriter, ok: OkNetworkConfig): void {
  w.u64(ok.networkId).u64(ok.updateId)
}
