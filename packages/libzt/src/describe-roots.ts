import type { RootStatus, RootTrouble } from '@zt/node'
import { formatAddress } from '@zt/protocol'

const reasons: Readonly<Record<RootTrouble, string>> = {
  'no-route': 'none of our sockets can reach its endpoints',
  'no-reply': 'no reply to HELLO',
  silent: 'it answered, and is silent now',
  'not-asked': 'not asked yet',
}

/** Why each root is not reachable, in a line. */
export function describeRoots(roots: readonly RootStatus[]): string {
  if (roots.length === 0) return 'the planet has no roots'
  return roots
    .map(
      (root) =>
        `${formatAddress(root.address)} at ${root.endpoints.join(' ')}: ${root.trouble ? reasons[root.trouble] : 'reachable'}`,
    )
    .join('; ')
}
