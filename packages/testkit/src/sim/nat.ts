import { type Clock, type Duration, Endpoint, type Instant, type IpAddress } from '@zt/sansio'
import type { SeededRandom } from '../seeded-random.js'

/**
 * The four classic kinds (RFC 3489 section 5). In the terms of RFC 4787 the first three map independently of the
 * destination and filter by nothing, by address, or by address and port; `symmetric` maps and filters by both.
 */
export type NatKind = 'full-cone' | 'restricted' | 'port-restricted' | 'symmetric'

/** How a NAT behaves. Times are in milliseconds of virtual time. */
export interface NatOptions {
  readonly kind?: NatKind
  /** May hosts inside reach each other by the outside address? */
  readonly hairpin?: boolean
  /** How long an unused mapping lasts. Only what goes out renews it (RFC 4787 REQ-6). */
  readonly mappingTimeoutMs?: Duration
  /** How outside ports are chosen. The default keeps the inside port where it is free; for `symmetric` it is random. */
  readonly ports?: 'preserve' | 'sequential' | 'random'
}

interface Mapping {
  readonly key: string
  readonly inside: Endpoint
  readonly outside: Endpoint
  lastUsed: Instant
  /** Who may answer, by filter key, and when it was last sent to. */
  readonly admitted: Map<string, Instant>
}

/** The translation table of one NAT. It translates endpoints; `SimNetwork` moves the datagrams. */
export class NatTable {
  readonly #clock: Clock
  readonly #random: SeededRandom
  readonly #outside: IpAddress
  readonly #kind: NatKind
  readonly #timeout: Duration
  readonly #ports: 'preserve' | 'sequential' | 'random'
  /** Least recently used first. */
  readonly #byKey = new Map<string, Mapping>()
  readonly #byPort = new Map<number, Mapping>()
  #nextPort = 1024

  constructor(clock: Clock, random: SeededRandom, outside: IpAddress, options: NatOptions) {
    this.#clock = clock
    this.#random = random
    this.#outside = outside
    this.#kind = options.kind ?? 'port-restricted'
    this.#timeout = options.mappingTimeoutMs ?? 120_000
    this.#ports = options.ports ?? (this.#kind === 'symmetric' ? 'random' : 'preserve')
  }

  /** Mappings in use now. */
  get size(): number {
    this.#expire()
    return this.#byKey.size
  }

  /** As whom a datagram appears outside, or `undefined` if no port is left. Makes or renews the mapping. */
  outbound(from: Endpoint, to: Endpoint): Endpoint | undefined {
    this.#expire()
    const key = this.#kind === 'symmetric' ? `${from}>${to}` : `${from}`
    const mapping = this.#byKey.get(key) ?? this.#map(key, from)
    if (!mapping) return undefined
    mapping.lastUsed = this.#clock.now()
    this.#byKey.delete(key) // and to the end again: the table is in the order of last use
    this.#byKey.set(key, mapping)
    mapping.admitted.set(this.#filterKey(to), this.#clock.now())
    return mapping.outside
  }

  /** For whom inside a datagram to this outside port is, or `undefined` if it is not let in. */
  inbound(port: number, from: Endpoint): Endpoint | undefined {
    this.#expire()
    const mapping = this.#byPort.get(port)
    if (!mapping) return undefined
    const admitted = mapping.admitted.get(this.#filterKey(from))
    if (admitted === undefined || admitted + this.#timeout <= this.#clock.now()) return undefined
    return mapping.inside
  }

  /** Forget everything, as a restarted router does. */
  restart(): void {
    this.#byKey.clear()
    this.#byPort.clear()
  }

  #filterKey(remote: Endpoint): string {
    if (this.#kind === 'full-cone') return '*'
    return this.#kind === 'restricted' ? `${remote.ip}` : `${remote}`
  }

  #map(key: string, inside: Endpoint): Mapping | undefined {
    const port = this.#choosePort(inside.port)
    if (port === undefined) return undefined
    const mapping: Mapping = {
      key,
      inside,
      outside: new Endpoint(this.#outside, port),
      lastUsed: this.#clock.now(),
      admitted: new Map(),
    }
    this.#byKey.set(key, mapping)
    this.#byPort.set(port, mapping)
    return mapping
  }

  #choosePort(wanted: number): number | undefined {
    if (this.#ports === 'preserve' && !this.#byPort.has(wanted)) return wanted
    let port = this.#ports === 'random' ? 1024 + this.#random.below(64_512) : this.#nextPort
    for (let tries = 0; tries < 64_512; tries++, port = port === 65_535 ? 1024 : port + 1) {
      if (this.#byPort.has(port)) continue
      this.#nextPort = port === 65_535 ? 1024 : port + 1
      return port
    }
    return undefined
  }

  #expire(): void {
    const oldest = this.#clock.now() - this.#timeout
    for (const mapping of this.#byKey.values()) {
      if (mapping.lastUsed > oldest) break
      this.#byKey.delete(mapping.key)
      this.#byPort.delete(mapping.outside.port)
    }
  }
}
