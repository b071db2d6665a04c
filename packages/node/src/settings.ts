/** Settings of a node with their units, defaults and the reasons for them. */
import { DEFAULT_PHYSICAL_MTU, PROTOCOL_VERSION } from '@zt/protocol'

/** How to seal what we send. Every receiver takes every suite; HELLO is always in the clear (suite 0). */
export type SendSuite =
  /**
   * Frames with Salsa20/12-Poly1305 (suite 1), which is the faster one in JavaScript at every packet size, alone and in
   * bulk; so throughput between nodes of our kind is best. The rest as ZeroTierOne does: AES-GMAC-SIV (suite 3) to
   * peers that understand it, from protocol 12 on, if an `AesPort` is there to make it cheap.
   */
  | 'auto'
  /** Suite 1 for everything. */
  | 1
  /** Suite 3 for everything to every peer that understands it, as ZeroTierOne does. */
  | 3

/** Everything has a default: see `DEFAULT_SETTINGS`. */
export interface NodeSettings {
  readonly sendSuite: SendSuite
  /** The protocol version announced. 12 makes genuine peers send AES-GMAC-SIV to us, 11 Salsa20/12. */
  readonly protocolVersion: number
  /** The largest datagram sent, in bytes. Receivers take more, networks between them often do not. */
  readonly physicalMtu: number
  /** The software version announced: major, minor, revision. */
  readonly softwareVersion: readonly [number, number, number]
  /** Operating system and architecture as told to controllers, for example `linux/x86_64`. */
  readonly platform: string
  /** Time between HELLOs to a root. Shorter than ZeroTierOne's 224 s: it keeps most NATs open. */
  readonly rootHelloIntervalMs: number
  /** A root that was silent for this long is not reachable any more. */
  readonly rootTimeoutMs: number
}

/** What holds where nothing else is said. */
export const DEFAULT_SETTINGS: NodeSettings = {
  sendSuite: 'auto',
  protocolVersion: PROTOCOL_VERSION,
  physicalMtu: DEFAULT_PHYSICAL_MTU,
  softwareVersion: [1, 14, 1],
  platform: '',
  rootHelloIntervalMs: 30_000,
  rootTimeoutMs: 75_000,
}
