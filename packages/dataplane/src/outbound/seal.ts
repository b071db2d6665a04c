/** The packet at `at` in the arena is complete but for its flags and authenticator: seal it for a path. */
import type { SessionKeys } from '@zt/crypto'
import type { Path } from '@zt/multipath'
import { largestPacketFor, setFragmented } from '@zt/protocol'
import type { Dataplane } from '../dataplane.js'
import type { Suite } from '../peers/peer-link.js'

/** Returns false if the packet takes more datagrams than receivers put together. */
export function seal(d: Dataplane, keys: SessionKeys, path: Path, at: number, length: number, suite: Suite): boolean {
  const { bytes } = d.arena
  if (length > largestPacketFor(path.mtu)) return d.refuse('packet-too-long-for-path')
  setFragmented(bytes, at, length > path.mtu)
  d.armor.armor(bytes, at, length, suite, keys)
  d.sealed[suite]++
  return true
}
