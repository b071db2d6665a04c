/** JoinedNetwork: a network we are in, with what the node has to remember about it. */
import type { Port } from '@zt/dataplane'
import {
  type Address,
  DEFAULT_NETWORK_MTU,
  type MulticastGroup,
  type NetworkConfig,
  type NetworkId,
  type Route,
  controllerOf,
} from '@zt/protocol'
import type { EtherLink, Instant, IpPrefix, Mac } from '@zt/sansio'
import { ConfigChunks } from './config-chunks.js'
import type { Network, NetworkStatus } from './network.js'

const LONG_AGO: Instant = Number.NEGATIVE_INFINITY

/** One joined network. */
export class JoinedNetwork implements Network {
  readonly id: NetworkId
  readonly port: Port
  status: NetworkStatus = 'requesting'
  authenticationUrl: string | undefined = undefined
  readonly chunks = new ConfigChunks()
  /** When a configuration last came, and when one was last asked for. */
  lastConfig: Instant = LONG_AGO
  lastRequest: Instant = LONG_AGO
  /** Requests since the last answer. */
  attempts = 0
  /** When our groups were last announced to those who keep everybody's. */
  lastAnnounced: Instant = LONG_AGO
  /** Groups subscribed to since then. */
  readonly newGroups: MulticastGroup[] = []
  /** Payloads of the NETWORK_CREDENTIALS packets that show our credentials; made at first use. */
  credentials: readonly Uint8Array[] | undefined = undefined

  constructor(id: NetworkId, port: Port) {
    this.id = id
    this.port = port
  }

  get controller(): Address {
    return controllerOf(this.id)
  }

  get config(): NetworkConfig | undefined {
    return this.port.config
  }

  get mac(): Mac {
    return this.port.mac
  }

  get name(): string {
    return this.config?.name ?? ''
  }

  get addresses(): readonly IpPrefix[] {
    return this.config?.staticIps ?? []
  }

  get routes(): readonly Route[] {
    return this.config?.routes ?? []
  }

  get mtu(): number {
    return this.config?.mtu ?? DEFAULT_NETWORK_MTU
  }

  get link(): EtherLink {
    return this.port
  }

  get groups(): readonly MulticastGroup[] {
    return this.port.groups()
  }
}
