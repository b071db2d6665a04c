import type { IpError } from '@zt/ipstack'
import { endWith } from '../end.js'
import { within } from '../seq.js'
import { State } from '../states.js'
import type { Tcb } from '../tcb.js'

/**
 * An ICMP error that quotes a segment of this connection with sequence number `seq`. Anybody can send one, so it counts
 * only if that segment can be in flight, and it never ends a connection that was once up. Returns whether a smaller path
 * MTU is to be believed.
 *
 * @see RFC 5927 section 4, RFC 5461 section 4
 */
export function handleIcmp(tcb: Tcb, error: IpError, seq: number): boolean {
  const { snd, host } = tcb
  const isInFlight = tcb.state <= State.SYN_RCVD ? seq === snd.iss : within(seq, snd.una, snd.nxt)
  if (!isInFlight && !error.isLocal) {
    host.counters.count('icmp-ignored')
    return false
  }
  const isConnecting = tcb.state === State.SYN_SENT
  switch (error.kind) {
    case 'packet-too-big':
      host.counters.count('path-mtu-lowered')
      return true
    case 'port-unreachable':
    case 'protocol-unreachable':
    case 'prohibited':
      if (isConnecting) endWith(tcb, 'ECONNREFUSED', error.now)
      return false
    case 'host-unreachable':
    case 'network-unreachable':
      tcb.softError = error.kind === 'host-unreachable' ? 'EHOSTUNREACH' : 'ENETUNREACH'
      // The stack itself has given up: there is nothing to wait for.
      if (isConnecting && error.isLocal) endWith(tcb, tcb.softError, error.now)
      return false
    default:
      return false
  }
}
