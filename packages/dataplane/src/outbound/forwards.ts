/** Copies and redirected frames that the rules ordered: EXT_FRAMEs to members who watch. */
import type { Mac } from '@zt/sansio'
import type { Dataplane } from '../dataplane.js'
import type { Port } from '../networks/port.js'
import { sendExtFrame } from './ext-frame.js'

/** Send what the filter put into its first `forwardCount` forwards, for the frame it judged last. */
export function sendForwards(
  d: Dataplane,
  port: Port,
  source: Mac,
  destination: Mac,
  etherType: number,
  bytes: Uint8Array,
  offset: number,
): void {
  const { filter } = d
  for (let i = 0; i < filter.forwardCount; i++) {
    const { to, flags, length } = filter.forwards[i]
    sendExtFrame(d, port, port.member(to), flags, source, destination, etherType, bytes, offset, length)
  }
}
