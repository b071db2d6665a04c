import type { ByteReader, ByteWriter, Endpoint } from '@zt/sansio'
import { decodeUtf8, encodeUtf8 } from '../utf8.js'
import { decodeInetAddress, encodeInetAddress } from '../inet-address.js'
import { MAX_DNS_SERVERS } from '../limits.js'

/** Name servers for names in one domain. */
export interface Dns {
  readonly domain: string
  /** The port is usually 0: the usual one. */
  readonly servers: readonly Endpoint[]
}

const DOMAIN_LENGTH = 128

/** 128 bytes domain, zero padded; exactly four InetAddresses, unused ones "none". */
export function decodeDns(r: ByteReader): Dns | undefined {
  const domain = r.take(DOMAIN_LENGTH)
  const zero = domain.indexOf(0)
  const text = decodeUtf8(domain.subarray(0, zero < 0 ? DOMAIN_LENGTH - 1 : zero))
  const servers: Endpoint[] = []
  for (let i = 0; i < MAX_DNS_SERVERS; i++) {
    const server = decodeInetAddress(r)
    if (server) servers.push(server)
  }
  return r.ok ? { domain: text, servers } : undefined
}

/** Servers past the fourth, and bytes of the domain past the 127th, are left out. */
export function encodeDns(w: ByteWriter, dns: Dns | undefined): void {
  const domain = encodeUtf8(dns?.domain ?? '').subarray(0, DOMAIN_LENGTH - 1)
  w.put(domain).zeros(DOMAIN_LENGTH - domain.length)
  for (let i = 0; i < MAX_DNS_SERVERS; i++) encodeInetAddress(w, dns?.servers[i])
}
