/** A data path between a socket that records and a control plane that only takes note. */
import { SessionKeys, createSalsaPoly } from '@zt/crypto'
import type { Address, Identity, MulticastGroup, NetworkConfig, NetworkId } from '@zt/protocol'
import { Counters, Endpoint } from '@zt/sansio'
import { SeededRandom } from '@zt/testkit'
import { Dataplane } from '../../src/dataplane.js'
import { Port } from '../../src/networks/port.js'
import { PeerLink } from '../../src/peers/peer-link.js'
import { sendFrame } from '../../src/transmit.js'

/** When it all happens. */
export const NOW = 1_700_000_000_000
/** The one socket. */
export const SOCKET = 1

/** A datagram that left. */
export interface Sent {
  readonly to: Endpoint
  readonly bytes: Uint8Array
}

/** A `Dataplane` with everything it does to the outside. */
export class DataPath {
  readonly d: Dataplane
  readonly counters = new Counters()
  readonly sent: Sent[] = []
  /** Groups whose members were asked for. */
  readonly asked: MulticastGroup[] = []

  constructor(identity: Identity) {
    const ignore = (): void => {}
    this.d = new Dataplane(NOW, {
      identity,
      port: {
        sockets: [{ id: SOCKET, local: Endpoint.parse('0.0.0.0/9993') }],
        writable: true,
        send: (_socket, to, bytes, offset, length) => {
          this.sent.push({ to, bytes: bytes.slice(offset, offset + length) })
          return true
        },
      },
      random: new SeededRandom('data path'),
      counters: this.counters,
      salsaPoly: createSalsaPoly(),
      upcalls: {
        identityWanted: ignore,
        credentialsDue: ignore,
        likesDue: ignore,
        membersWanted: (_port, group) => this.asked.push(group),
        groupJoined: ignore,
        relayUsed: ignore,
        wake: ignore,
      },
      sendFrame,
    })
  }

  /** A peer that is reached directly at `at`. */
  addPeer(identity: Identity, agreement: Uint8Array, at: string): PeerLink {
    const link = new PeerLink(identity, new SessionKeys(agreement), 1432)
    link.paths.learn(NOW, SOCKET, Endpoint.parse(at))
    this.d.peers.add(link)
    return link
  }

  /** A network with this configuration in force. */
  addPort(config: NetworkConfig): Port {
    const port = new Port(this.d, config.networkId)
    this.d.addPort(port)
    port.configure(NOW, config)
    return port
  }
}

/** Somebody of whom nothing but the address matters. */
export function anybody(address: Address): Identity {
  return { address, publicKey: new Uint8Array(64) }
}

/** A public network where everything is accepted, changed as a case says. */
export function configOf(networkId: NetworkId, issuedTo: Address, change: Partial<NetworkConfig> = {}): NetworkConfig {
  return {
    networkId,
    timestamp: NOW,
    credentialTimeMaxDelta: 600_000,
    revision: 1,
    issuedTo,
    remoteTraceTarget: 0,
    remoteTraceLevel: 0,
    flags: 0n,
    multicastLimit: 32,
    isPublic: true,
    name: '',
    mtu: 2800,
    capabilities: [],
    tags: [],
    ownerships: [],
    specialists: [],
    routes: [],
    staticIps: [],
    rules: [{ type: 'ACTION_ACCEPT' }],
    ...change,
  }
}
