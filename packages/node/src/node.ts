import type { AesPort, SalsaPoly } from '@zt/crypto'
import type { Address, NetworkId, SecretIdentity, World } from '@zt/protocol'
import { Counters, type DatagramPort, type Endpoint, type Instant, type Machine, type RandomSource, ZtError } from '@zt/sansio'
import type { NodeEvent, RootStatus } from './events.js'
import type { ControllerPort } from './networks/controller-port.js'
import type { Network } from './networks/network.js'
import type { NodeSettings } from './settings.js'
import type { PeerSnapshot } from './status.js'

/** What a node is made of. */
export interface NodeOptions {
  readonly now: Instant
  readonly identity: SecretIdentity
  /** The world whose roots are our upstreams. If it lists our own identity, this node is a root. */
  readonly planet: World
  readonly port: DatagramPort
  readonly random: RandomSource
  /** AES with the machine's own instructions; without it suite 3 works and is slow. */
  readonly aes?: AesPort
  /** The engine of suites 0 and 1, whose memory holds the packets; by default one is made. */
  readonly salsaPoly?: SalsaPoly
  readonly settings?: Partial<NodeSettings>
  /** What was kept by `persist` events: bytes by state key, such as `networks.d/8056c2e21c000001.conf`. */
  readonly restored?: ReadonlyMap<string, Uint8Array>
  /** Answers the configuration requests that reach this node. */
  readonly controller?: ControllerPort
  /** Admit 127.0.0.0/8 and ::1 as paths. Genuine nodes never do. Default: false. */
  readonly allowLoopback?: boolean
}

/** A ZeroTier node. Feed it datagrams and time, drain its events; frames pass through `Network.link`. */
export class ZtNode implements Machine {
  readonly address: Address
  readonly counters = new Counters()

  constructor(options: NodeOptions) {
    this.address = options.identity.address
  }

  get isOnline(): boolean {
    return false
  }

  handleDatagram(_now: Instant, _socket: number, _from: Endpoint, _bytes: Uint8Array, _offset = 0, _length = 0): void {}

  flush(_now: Instant): void {}

  handleTimeout(_now: Instant): void {}

  nextTimeout(): Instant {
    return Number.POSITIVE_INFINITY
  }

  pollEvent(): NodeEvent | undefined {
    return undefined
  }

  /** Join a network, or return it if it is joined already. @throws ZT_ARG_INVALID for an id of zero. */
  join(_now: Instant, _networkId: NetworkId): Network {
    throw new ZtError('ZT_BUG', 'not wired up')
  }

  /** Leave a network. Leaving one that was not joined is no error. */
  leave(_now: Instant, _networkId: NetworkId): void {}

  get networks(): readonly Network[] {
    return []
  }

  network(_networkId: NetworkId): Network | undefined {
    return undefined
  }

  /** All peers known now. */
  peers(_now: Instant): PeerSnapshot[] {
    return []
  }

  /** The roots, each with the reason why it is not reachable if it is not. */
  roots(_now: Instant): RootStatus[] {
    return []
  }

  /** Our own endpoints, to be told to peers: interface addresses with the ports that we are bound to. */
  localAddressesChanged(_now: Instant, _endpoints: readonly Endpoint[]): void {}

  /** Send a USER_MESSAGE. It may be lost. @throws ZT_TOO_LARGE if it does not fit a packet. */
  sendUserMessage(_now: Instant, _to: Address, _messageType: bigint, _bytes: Uint8Array): void {}
}
