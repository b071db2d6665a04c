/**
 * Surface: how the world sees us. Peers tell us from where our packets reached them; that is told to other peers, and a
 * change reported by a root means that our paths in that scope are in doubt (ZeroTierOne node/SelfAwareness.cpp).
 */
import { type Address, IpScope, ipScope } from '@zt/protocol'
import { BoundedMap, type Endpoint, type Instant } from '@zt/sansio'

/** ZT_SELFAWARENESS_ENTRY_TIMEOUT */
const ENTRY_MS = 600_000
const MOST_ENTRIES = 256

interface Report {
  readonly scope: IpScope
  readonly reporterAt: string
  readonly endpoint: Endpoint
  readonly at: Instant
}

/** What a report has changed: every path of this scope and family is in doubt. */
export interface SurfaceChange {
  readonly scope: IpScope
  readonly family: 4 | 6
}

/** Bounded: the oldest reports go first. */
export class Surface {
  readonly #reports = new BoundedMap<string, Report>(MOST_ENTRIES)
  readonly #allowLoopback: boolean

  constructor(allowLoopback: boolean) {
    this.#allowLoopback = allowLoopback
  }

  /**
   * `reporter`, seen by us at `reporterAt`, says that our packets come from `endpoint`. Only what an upstream says can
   * mean a change.
   */
  learn(
    now: Instant,
    reporter: Address,
    socket: number,
    reporterAt: Endpoint,
    endpoint: Endpoint,
    isTrusted: boolean,
  ): SurfaceChange | undefined {
    const scope = ipScope(endpoint.ip)
    if (scope !== ipScope(reporterAt.ip) || scope === IpScope.None || scope === IpScope.Multicast) return undefined
    if (scope === IpScope.Loopback && !this.#allowLoopback) return undefined
    const key = `${reporter} ${socket} ${reporterAt}`
    const before = this.#reports.get(key)
    this.#reports.set(key, { scope, reporterAt: reporterAt.toString(), endpoint, at: now })
    const isChange = isTrusted && before && now - before.at < ENTRY_MS && !before.endpoint.ip.equals(endpoint.ip)
    if (!isChange) return undefined
    // What others said about this scope is old news, and would look like a change back.
    for (const [other, report] of [...this.#reports]) {
      if (report.scope === scope && report.reporterAt !== reporterAt.toString()) this.#reports.delete(other)
    }
    return { scope, family: endpoint.ip.family }
  }

  /** Our endpoints as others see them, each once. */
  endpoints(now: Instant): Endpoint[] {
    const seen = new Map<string, Endpoint>()
    for (const { endpoint, at } of this.#reports.values())
      if (now - at < ENTRY_MS) seen.set(endpoint.toString(), endpoint)
    return [...seen.values()]
  }
}
