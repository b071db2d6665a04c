import { Controller, type NetworkSettings } from '@zt/controller'
import { SystemRandom } from '@zt/io-node'
import { parseAddress, parseNetworkId, type SecretIdentity, type World } from '@zt/protocol'
import { makePlanet } from '@zt/root'
import { Endpoint, IpAddress } from '@zt/sansio'
import { generateIdentity } from './identity-search.js'
import { ZeroTier } from './zerotier.js'

/** What an embedded world is made of. */
export interface EmbeddedWorldOptions {
  /** The local address that it is reached at. Default: 127.0.0.1. */
  readonly address?: string
  /** Identities to use instead of fresh ones, which take a second or two. */
  readonly identities?: { readonly root: SecretIdentity; readonly controller: SecretIdentity }
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: { readonly message: string }) => void
}

/**
 * A private ZeroTier world in this process: a planet of its own, its root, and a controller, each on a UDP socket of its
 * own. For tests, demonstrations, and networks that need nobody else.
 *
 * ```ts
 * await using world = await EmbeddedWorld.start()
 * const id = world.createNetwork({ private: false, ipAssignmentPools: [{ ipRangeStart: '10.1.0.1', ipRangeEnd: '10.1.0.254' }], routes: [{ target: '10.1.0.0/24', via: null }], v4AssignMode: { zt: true } })
 * await using node = await ZeroTier.start({ planet: world.planet })
 * const network = await node.join(id)
 * ```
 */
export class EmbeddedWorld implements AsyncDisposable {
  /** What nodes need to find their way into this world. */
  readonly planet: World
  readonly root: ZeroTier
  /** The node that the controller runs on. */
  readonly host: ZeroTier
  /** Creates networks, authorises members. */
  readonly controller: Controller

  static async start(options: EmbeddedWorldOptions = {}): Promise<EmbeddedWorld> {
    const { address = '127.0.0.1', signal, onProgress } = options
    const common = { bind: [address], ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) }
    const [rootIdentity, hostIdentity] = options.identities
      ? [options.identities.root, options.identities.controller]
      : await Promise.all([generateIdentity(signal ? { signal } : {}), generateIdentity(signal ? { signal } : {})])
    const random = new SystemRandom()
    const root = await ZeroTier.start({
      ...common,
      identity: rootIdentity,
      planet: (identity, port) =>
        makePlanet({
          id: BigInt(identity.address),
          timestamp: Date.now(),
          roots: [{ identity, endpoints: [new Endpoint(IpAddress.parse(address), port)] }],
        }),
    })
    try {
      const controller = new Controller({ identity: hostIdentity, random })
      const host = await ZeroTier.start({ ...common, identity: hostIdentity, planet: root.planet, controller })
      const world = new EmbeddedWorld(root, host, controller)
      try {
        await host.whenOnline({ signal }) // members find the controller by asking the root
        return world
      } catch (error) {
        await host.close()
        throw error
      }
    } catch (error) {
      await root.close()
      throw error
    }
  }

  private constructor(root: ZeroTier, host: ZeroTier, controller: Controller) {
    this.planet = root.planet
    this.root = root
    this.host = host
    this.controller = controller
  }

  /** Create a network on the embedded controller and give its id: 16 hexadecimal digits. @throws ZT_ARG_INVALID */
  createNetwork(settings: NetworkSettings): string {
    return this.controller.createNetwork(Date.now(), settings).id
  }

  /** Let a node join a private network, now or whenever it first asks. @throws ZT_CONTROLLER_NETWORK_UNKNOWN */
  authorize(network: string, node: string): void {
    this.controller.authorize(Date.now(), parseNetworkId(network), parseAddress(node))
  }

  async close(): Promise<void> {
    await Promise.all([this.host.close(), this.root.close()])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
