/** A sealed packet becomes datagrams that fit the path (ZeroTierOne node/Switch.cpp, _sendViaSpecificPath). */
import type { Path } from '@zt/multipath'
import { splitPacket } from '@zt/protocol'
import type { Dataplane } from '../dataplane.js'

/**
 * Send the packet at `at` in the arena, in order, on one path; it must not exceed what the path takes in seven
 * datagrams. Says whether the socket took all of it.
 */
export function sendDatagrams(d: Dataplane, path: Path, at: number, length: number): boolean {
  const { port } = d
  const { bytes } = d.arena
  const { mtu, socket, endpoint } = path
  if (length <= mtu) return port.send(socket, endpoint, bytes, at, length) || d.refuse('datagram-not-sent')
  const end = at + splitPacket(bytes, at, length, mtu)
  let isSent = true
  for (let from = at; from < end; from += mtu) {
    isSent = port.send(socket, endpoint, bytes, from, Math.min(mtu, end - from)) && isSent
  }
  return isSent || d.refuse('datagram-not-sent')
}
