import {
  type IpError,
  type IpErrorKind,
  type IpInput,
  type IpStack,
  PROTOCOL_UDP,
  type Transport,
  addressOf,
} from '@zt/ipstack'
import { Endpoint, type ErrorCode, type Instant, IpAddress, ZtError } from '@zt/sansio'
import { pickEphemeralPort } from './ports.js'
import { defaultUdpSettings, type UdpSettings } from './settings.js'
import { type BindOptions, UdpEndpoint, type UdpEndpointOwner } from './udp-endpoint.js'
import { checkUdpLength, hasUdpChecksum, UDP_HEADER_LENGTH, udpDestinationPort, udpSourcePort } from './wire/header.js'

/**
 * UDP on a stack (RFC 768): finds the endpoint that a datagram is for, and endpoints their ports.
 *
 * @example
 * const udp = new Udp(stack)
 * const endpoint = udp.bind({ port: 53 })
 * endpoint.onDatagram = ({ from, bytes }) => endpoint.send(from, bytes)
 */
export class Udp implements Transport, UdpEndpointOwner {
  readonly stack: IpStack
  readonly settings: UdpSettings
  /** Endpoints by port, in order of binding. */
  readonly #ports = new Map<number, UdpEndpoint[]>()

  /** @throws EADDRINUSE if the stack has UDP already. */
  constructor(stack: IpStack, settings: Partial<UdpSettings> = {}) {
    this.stack = stack
    this.settings = { ...defaultUdpSettings, ...settings }
    stack.registerTransport(PROTOCOL_UDP, this)
  }

  /**
   * Take a port. @throws EADDRINUSE (taken, or no ephemeral port is left), EADDRNOTAVAIL (not an address of ours),
   * EINVAL (not a port)
   */
  bind(options: BindOptions = {}): UdpEndpoint {
    const { ip } = options
    const wanted = options.port ?? 0
    if (!Number.isInteger(wanted) || wanted < 0 || wanted > 65_535) {
      throw new ZtError('EINVAL', `expected a port from 0 to 65535, got ${wanted}`, { syscall: 'bind', port: wanted })
    }
    if (ip !== undefined && !ip.isUnspecified && !ip.isMulticast && !this.stack.isLocal(ip)) {
      throw bindError('EADDRNOTAVAIL', `${ip} is not an address of this host`, ip, wanted)
    }
    const port = wanted === 0 ? this.#ephemeralPort(ip) : wanted
    const endpoint = new UdpEndpoint(this, port, options)
    const sharing = this.#ports.get(port) ?? []
    if (sharing.some((other) => isConflict(other, endpoint)))
      throw bindError('EADDRINUSE', 'the port is taken', ip, port)
    this.#ports.set(port, [...sharing, endpoint])
    return endpoint
  }

  /** All endpoints. */
  get endpoints(): readonly UdpEndpoint[] {
    return [...this.#ports.values()].flat()
  }

  /** @internal */
  release(endpoint: UdpEndpoint): void {
    const others = (this.#ports.get(endpoint.port) ?? []).filter((each) => each !== endpoint)
    if (others.length > 0) this.#ports.set(endpoint.port, others)
    else this.#ports.delete(endpoint.port)
  }

  /** @internal */
  handleSegment(input: IpInput, bytes: Uint8Array, offset: number, available: number): boolean {
    const { counters } = this.stack
    const length = checkUdpLength(bytes, offset, available)
    if (length === 0) {
      counters.count('udp-malformed')
      return true
    }
    // Only IPv4 may go without (RFC 8200 section 8.1).
    const isValid = hasUdpChecksum(bytes, offset) ? input.isChecksumValid(bytes, offset, length) : input.family === 4
    const port = udpDestinationPort(bytes, offset)
    if (!isValid || port === 0) {
      counters.count(isValid ? 'udp-port-zero' : 'udp-bad-checksum')
      return true
    }
    const from = udpSourcePort(bytes, offset)
    const isTaken = this.#deliver(input, port, from, bytes, offset + UDP_HEADER_LENGTH, length - UDP_HEADER_LENGTH)
    if (!isTaken) counters.count('udp-no-port')
    return isTaken
  }

  /** @internal */
  handleError(error: IpError, bytes: Uint8Array, offset: number): void {
    const { w0, w1, w2, w3 } = error.remote
    const remote = new Endpoint(addressOf(w0, w1, w2, w3), udpDestinationPort(bytes, offset))
    // Nothing in a datagram can be checked but its ports; an endpoint that never spoke to them proves a forgery.
    const senders = (this.#ports.get(udpSourcePort(bytes, offset)) ?? []).filter((each) => each.speaksTo(remote.ip))
    if (senders.length === 0) return this.stack.counters.count('udp-error-unexpected')
    if (error.kind === 'packet-too-big') this.stack.reportPathMtu(error.remote, error.mtu)
    for (const sender of senders) sender.fail(CODES[error.kind], remote)
  }

  /** Nothing waits here: what is sent is sent at once. @internal */
  flush(_now: Instant): void {}

  /** @internal */
  handlePathChange(): void {
    for (const endpoints of this.#ports.values()) for (const endpoint of endpoints) endpoint.pathChanged()
  }

  /** To the endpoint that fits best; to all that fit if it is for a group. */
  #deliver(input: IpInput, port: number, from: number, bytes: Uint8Array, offset: number, length: number): boolean {
    const endpoints = this.#ports.get(port)
    if (endpoints === undefined) return false
    let best: UdpEndpoint | undefined
    let bestFit = 0
    for (let i = 0; i < endpoints.length; i++) {
      const fit = endpoints[i].match(input, from)
      if (fit > 0 && !input.isUnicast) endpoints[i].take(input, from, bytes, offset, length)
      if (fit > bestFit) {
        bestFit = fit
        best = endpoints[i]
      }
    }
    if (best !== undefined && input.isUnicast) best.take(input, from, bytes, offset, length)
    return best !== undefined
  }

  #ephemeralPort(ip: IpAddress | undefined): number {
    const { firstEphemeralPort, lastEphemeralPort } = this.settings
    const port = pickEphemeralPort(
      firstEphemeralPort,
      lastEphemeralPort,
      this.stack.random,
      (each) => !this.#ports.has(each),
    )
    if (port === undefined) throw bindError('EADDRINUSE', 'no ephemeral port is free', ip, 0)
    return port
  }
}

const CODES: Record<IpErrorKind, ErrorCode> = {
  'port-unreachable': 'ECONNREFUSED',
  'protocol-unreachable': 'ECONNREFUSED',
  'host-unreachable': 'EHOSTUNREACH',
  'network-unreachable': 'ENETUNREACH',
  prohibited: 'EHOSTUNREACH',
  'packet-too-big': 'EMSGSIZE',
  'time-exceeded': 'EHOSTUNREACH',
  'parameter-problem': 'EHOSTUNREACH',
}

/** Would these two take each other's datagrams, without both having agreed to share? */
function isConflict(a: UdpEndpoint, b: UdpEndpoint): boolean {
  if (a.isShared && b.isShared) return false
  if (!((a.takesV4 && b.takesV4) || (a.takesV6 && b.takesV6))) return false
  if (a.nic !== undefined && b.nic !== undefined && a.nic !== b.nic) return false
  const [first, second] = [a.local.ip, b.local.ip]
  return first.isUnspecified || second.isUnspecified || first.equals(second)
}

function bindError(code: ErrorCode, why: string, ip: IpAddress | undefined, port: number): ZtError {
  const address = (ip ?? IpAddress.parse('::')).toString()
  return new ZtError(code, `bind ${code} ${address} port ${port}: ${why}`, { syscall: 'bind', address, port })
}
