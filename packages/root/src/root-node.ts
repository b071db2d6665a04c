/**
 * A root is a node whose own identity is in its planet: it relays between those who cannot reach each other, introduces
 * them, tells who is who and where the members of multicast groups are, and hands out newer versions of its planet.
 * `@zt/node` does all that once it finds itself there; what is here makes sure that it does.
 */
import { equalIdentities, formatAddress } from '@zt/protocol'
import { type NodeOptions, ZtNode } from '@zt/node'
import { ZtError } from '@zt/sansio'

/**
 * A node that is a root of its planet.
 *
 * @throws ZT_ROOT_NOT_IN_PLANET if the planet does not list its identity.
 */
export function createRootNode(options: NodeOptions): ZtNode {
  const { identity, planet } = options
  if (!planet.roots.some((root) => equalIdentities(root.identity, identity))) {
    throw new ZtError(
      'ZT_ROOT_NOT_IN_PLANET',
      `${formatAddress(identity.address)} is not among the roots of the planet`,
      {
        hint: 'make a planet that lists this identity with the endpoints where it will be reached',
        address: identity.address,
      },
    )
  }
  return new ZtNode(options)
}
