import { type ByteReader, type ByteWriter, Endpoint, type IpAddress, type IpPrefix } from '@zt/sansio'
import { decodeInetAddress, decodeInetPrefix, encodeInetAddress, encodeInetPrefix } from '../inet-address.js'

/** A route that members install. */
export interface Route {
  readonly target: IpPrefix
  /** Missing for what is reached directly, over the network itself. */
  readonly via?: IpAddress
  readonly flags: number
  readonly metric: number
}

/**
 * InetAddress target with prefix length, InetAddress via or none, u16 flags, u16 metric; again and again to the end.
 * Routes past `limit`, and those whose target is no subnet, are left out.
 */
export function decodeRoutes(r: ByteReader, limit: number): Route[] | undefined {
  const routes: Route[] = []
  for (let read = 0; r.remaining > 0 && read < limit; read++) {
    const target = decodeInetPrefix(r)
    const via = decodeInetAddress(r)?.ip
    const [flags, metric] = [r.u16(), r.u16()]
    if (target) routes.push({ target, ...(via && { via }), flags, metric })
  }
  return r.ok ? routes : undefined
}

export function encodeRoutes(w: ByteWriter, routes: readonly Route[]): void {
  for (const { target, via, flags, metric } of routes) {
    encodeInetPrefix(w, target)
    encodeInetAddress(w, via && new Endpoint(via, 0))
    w.u16(flags).u16(metric)
  }
}
