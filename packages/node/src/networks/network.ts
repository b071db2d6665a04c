/** Network: one network this node has joined, as its users see it. */
import type { MulticastGroup, NetworkConfig, NetworkId, Route } from '@zt/protocol'
import type { EtherLink, IpPrefix, Mac } from '@zt/sansio'

/** Where joining stands. Refusals do not take a configuration away that was given before. */
export type NetworkStatus = 'requesting' | 'ready' | 'denied' | 'not-found' | 'auth-required'

/** A joined network. Made by `ZtNode.join`. */
export interface Network {
  readonly id: NetworkId
  readonly status: NetworkStatus
  /** The configuration in force, or `undefined` while there is none. */
  readonly config: NetworkConfig | undefined
  /** Our MAC on this network. */
  readonly mac: Mac
  /** Its name, as its owner chose it; empty while there is no configuration. */
  readonly name: string
  /** Our managed addresses, with their prefix lengths. */
  readonly addresses: readonly IpPrefix[]
  readonly routes: readonly Route[]
  readonly mtu: number
  /** Where to sign in, while the status is `auth-required`. */
  readonly authenticationUrl: string | undefined
  /** Ethernet frames of this network. One user per link. */
  readonly link: EtherLink
  /** The groups we are subscribed to. */
  readonly groups: readonly MulticastGroup[]
}
