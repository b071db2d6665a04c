/** What may be set about UDP in a stack. */
export interface UdpSettings {
  /** Ports given to endpoints that do not ask for one, both ends included (RFC 6335 section 6). */
  readonly firstEphemeralPort: number
  readonly lastEphemeralPort: number
  /** What an endpoint holds for its owner, in bytes; every datagram counts a little more than its length. */
  readonly receiveBufferBytes: number
  /** Destinations whose flows an unconnected endpoint remembers. */
  readonly flowsPerEndpoint: number
}

/** What UDP does unless told otherwise. */
export const defaultUdpSettings: UdpSettings = {
  firstEphemeralPort: 49_152,
  lastEphemeralPort: 65_535,
  receiveBufferBytes: 256 * 1024,
  flowsPerEndpoint: 64,
}
