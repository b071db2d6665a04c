/** The membership gate for frames that may bring the sender's certificate with them. */
import type { CertificateOfMembership } from '@zt/protocol'
import type { Instant } from '@zt/sansio'
import type { Dataplane } from '../dataplane.js'
import type { Member } from '../networks/member.js'
import type { Port } from '../networks/port.js'

/**
 * Returns the membership of the sender of `d.packet` if it may talk on the network. A signature is checked only for who
 * is not admitted yet, and not more often than `comGate` lets it: the check is dear, and anybody may send certificates.
 */
export function admitSender(
  d: Dataplane,
  now: Instant,
  port: Port,
  com: CertificateOfMembership | undefined,
): Member | undefined {
  const link = d.packet.link!
  const admitted = port.admit(link)
  if (admitted || !com) return admitted
  if (!link.comGate.pass(now)) return d.drop('credentials-limited')
  port.file(link.address, (member) => member.addCom(com, d.identityOf))
  return port.admit(link)
}
