/** ERROR: each code counts only from whom it may come (ZeroTierOne node/IncomingPacket.cpp, _doERROR). */
import { PacketError, Verb, decodeAuthentication, decodeError } from '@zt/protocol'
import type { Instant } from '@zt/sansio'
import type { NodeCore } from '../core.js'
import { refused } from '../networks/configure.js'
import { credentialsRequested } from '../networks/credential-push.js'
import type { Peer } from '../peers/peer.js'
import { received } from '../peers/received.js'
import { payloadOf } from './handler.js'

export function onError(core: NodeCore, now: Instant, peer: Peer): void {
  const error = decodeError(payloadOf(core))
  if (!error) return core.counters.count('packet-malformed')
  const network = error.networkId === undefined ? undefined : core.networks.get(error.networkId)
  const isController = network !== undefined && network.controller === peer.address
  switch (error.code) {
    case PacketError.ObjectNotFound:
    case PacketError.UnsupportedOperation:
      if (isController && error.inReVerb === Verb.NetworkConfigRequest) refused(core, now, network, 'not-found')
      break
    case PacketError.NetworkAccessDenied:
      if (isController) refused(core, now, network, 'denied')
      break
    case PacketError.NetworkAuthenticationRequired:
      if (isController) {
        const login = error.authentication && decodeAuthentication(error.authentication)
        refused(core, now, network, 'auth-required', login?.authenticationUrl ?? login?.centralUrl ?? '')
      }
      break
    case PacketError.NeedMembershipCertificate:
      if (network?.config?.com) credentialsRequested(core, now, network, peer)
      break
    case PacketError.UnwantedMulticast:
      if (network && error.group && network.port.admit(peer.link)) {
        core.d.multicastMembers.remove(network.id, error.group, peer.address)
      }
      break
    case PacketError.IdentityCollision:
      if (peer.link.isUpstream) reportCollision(core, peer)
      // It is no sign of life of a root that we could use.
      return
    default:
      break
  }
  received(core, now, peer)
}

function reportCollision(core: NodeCore, peer: Peer): void {
  if (core.isCollided) return
  core.isCollided = true
  core.emit({ type: 'identity-collision', reportedBy: peer.address })
}
