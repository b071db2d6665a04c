/** Which member the hosts behind bridges are reached through: learnt from the frames they send. */
import type { Address } from '@zt/protocol'
import { BoundedMap, type Mac } from '@zt/sansio'

/** ZeroTierOne allows 67 million and never forgets. The oldest go first here. */
const MOST_ROUTES = 16_384

/** MAC to member. Bounded. */
export class BridgeTable {
  readonly #routes = new BoundedMap<Mac, Address>(MOST_ROUTES)

  learn(host: Mac, bridge: Address): void {
    this.#routes.set(host, bridge)
  }

  find(host: Mac): Address | undefined {
    return this.#routes.get(host)
  }
}
