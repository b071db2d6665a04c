/**
 * NETWORK_CREDENTIALS: what a member may do, signed by the controller (ZeroTierOne node/IncomingPacket.cpp,
 * _doNETWORK_CREDENTIALS).
 */
import { type Added, parkInbound } from '@zt/dataplane'
import {
  type Address,
  type NetworkId,
  REVOCATION_FAST_PROPAGATE,
  type Revocation,
  capabilityIssuedTo,
  comIssuedTo,
  comNetworkId,
  controllerOf,
  decodeNetworkCredentials,
} from '@zt/protocol'
import type { Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import { passOnRevocation } from '../networks/credential-push.js'
import type { Peer } from '../peers/peer.js'
import { received } from '../peers/received.js'
import { askWhois } from '../peers/whois.js'
import { payloadOf } from './handler.js'

export function onNetworkCredentials(core: NodeCore, now: Instant, peer: Peer): void {
  if (!peer.credentialsGate.pass(now)) return core.counters.count('credentials-limited')
  const shown = decodeNetworkCredentials(payloadOf(core))
  if (!shown) return core.counters.count('packet-malformed')
  const lookup = core.d.identityOf
  const tally = new Tally(core)
  for (const com of shown.coms) {
    tally.take(comNetworkId(com), comIssuedTo(com), (member) => member.addCom(com, lookup))
  }
  for (const capability of shown.capabilities) {
    tally.take(capability.networkId, capabilityIssuedTo(capability), (member) =>
      member.addCapability(capability, lookup),
    )
  }
  for (const tag of shown.tags) tally.take(tag.networkId, tag.issuedTo, (member) => member.addTag(tag, lookup))
  for (const revocation of shown.revocations) {
    const added = tally.take(revocation.networkId, revocation.target, (member) =>
      member.addRevocation(revocation, lookup),
    )
    if (added === 'accepted' && isFast(revocation)) passOnRevocation(core, now, revocation, peer)
  }
  for (const ownership of shown.ownerships) {
    tally.take(ownership.networkId, ownership.issuedTo, (member) => member.addOwnership(ownership, lookup))
  }
  if (tally.unknownController !== undefined) {
    // All of it is looked at again when the controller is known; what was accepted is redundant then.
    parkForController(core, now, tally.unknownController)
    return
  }
  if (tally.isTrusted) core.released.push(peer.address)
  received(core, now, peer, tally.isTrusted)
}

/** Files credentials, and sums up what became of them. */
class Tally {
  isTrusted = false
  unknownController: Address | undefined = undefined
  readonly #core: NodeCore

  constructor(core: NodeCore) {
    this.#core = core
  }

  take(networkId: NetworkId, issuedTo: Address, add: (member: MemberOf) => Added): Added {
    const port = this.#core.networks.get(networkId)?.port
    if (!port || issuedTo === 0 || issuedTo === this.#core.address) return 'rejected'
    const added = port.file(issuedTo, add)
    this.#core.counters.count(`credential-${added}`)
    if (added === 'accepted' || added === 'redundant') this.isTrusted = true
    if (added === 'deferred') this.unknownController = controllerOf(networkId)
    return added
  }
}

type MemberOf = ReturnType<NonNullable<ReturnType<NodeCore['networks']['get']>>['port']['member']>

function isFast(revocation: Revocation): boolean {
  return (revocation.flags & REVOCATION_FAST_PROPAGATE) !== 0n
}

function parkForController(core: NodeCore, now: Instant, controller: Address): void {
  parkInbound(core.d, now, controller)
  askWhois(core, now, controller)
}
