/** What the rules say about a frame from another member; what they order to be forwarded is sent. */
import type { Mac } from '@zt/sansio'
import type { Dataplane } from '../dataplane.js'
import type { Member } from '../networks/member.js'
import type { Port } from '../networks/port.js'
import { sendForwards } from '../outbound/forwards.js'
import { Admission } from '../rules/filter.js'

export function judge(
  d: Dataplane,
  port: Port,
  member: Member,
  source: Mac,
  destination: Mac,
  etherType: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): Admission {
  const policy = port.policy!
  if (policy.rules.acceptsAll) return Admission.Accept
  const { filter } = d
  filter.frame.set(source, destination, etherType, bytes, offset, length)
  const admission = filter.incoming(policy, member, member.address)
  if (filter.forwardCount > 0) sendForwards(d, port, source, destination, etherType, bytes, offset)
  return admission
}
