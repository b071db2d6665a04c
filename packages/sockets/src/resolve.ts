import { lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { IpAddress } from '@zt/sansio'
import { callerError } from './errno.js'

/** Which addresses of a name are wanted. */
export interface ResolveOptions {
  /** 4 or 6; 0 or nothing is either. */
  readonly family?: number | undefined
  /** In the manner of `dns.lookup`, which is the default. */
  readonly lookup?: LookupFunction | undefined
}

/** An address as it is, or those of a name, in the order given by the resolver. `done` is called at once for an address. */
export function resolve(
  host: string,
  options: ResolveOptions,
  done: (error: Error | null, addresses: IpAddress[]) => void,
): void {
  const literal = parseHost(host)
  if (literal) return done(null, [literal])
  const lookup = options.lookup ?? (systemLookup as LookupFunction)
  const family = options.family === 4 || options.family === 6 ? options.family : 0
  lookup(host, { all: true, family }, (error, found) => {
    if (error) return done(error, [])
    const texts = Array.isArray(found) ? found.map(({ address }) => address) : [String(found)]
    const addresses = texts.map((text) => IpAddress.tryParse(text)).filter((address) => address !== undefined)
    if (addresses.length > 0) return done(null, addresses)
    done(
      callerError('ERR_INVALID_IP_ADDRESS', `Invalid IP address: ${texts.join(' ')}`, TypeError as ErrorConstructor),
      [],
    )
  })
}

/** The address that this is, with or without the brackets of URLs, or `undefined` if it is a name. */
export function parseHost(host: string): IpAddress | undefined {
  return IpAddress.tryParse(host.replace(/^\[(.*)\]$/, '$1'))
}

/** `localhost` is the stack's own loopback; no resolver needs to be asked. */
export function localhostFor(family: number | undefined): string {
  return family === 6 ? '::1' : '127.0.0.1'
}
