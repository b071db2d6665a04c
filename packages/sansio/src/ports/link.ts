import type { Mac } from '../net/mac-address.js'

/**
 * An Ethernet segment as its user sees it: addresses are passed apart, no Ethernet header is built. A ZeroTier network
 * offers one; so do TAP devices and the simulator. One user per link: it installs `onReceive` and `onDrain`.
 *
 * All buffers are borrowed for the duration of the call, both ways: whoever wants to keep bytes copies them.
 */
export interface EtherLink {
  readonly mac: Mac
  /** The largest payload, in bytes, without the Ethernet header. May change; see `onChange`. */
  readonly mtu: number
  /** `false`: the link is full and nothing was taken; wait for `onDrain`. */
  send(destination: Mac, etherType: number, bytes: Uint8Array, offset: number, length: number): boolean
  /** Installed by the user of the link. */
  onReceive: (
    source: Mac,
    destination: Mac,
    etherType: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ) => void
  /** Installed by the user of the link: there is room again. */
  onDrain: () => void
  /** Installed by the user of the link: `mtu` or whether the link is up has changed. */
  onChange: () => void
  readonly isUp: boolean
  /** Be sent frames for this group. `detail` is ZeroTier's additional distinguishing information; others ignore it. */
  joinGroup(group: Mac, detail?: number): void
  leaveGroup(group: Mac, detail?: number): void
}

/** A link of bare IP packets (a TUN device, a WireGuard-like tunnel). Ownership and back-pressure as for `EtherLink`. */
export interface IpLink {
  readonly mtu: number
  send(bytes: Uint8Array, offset: number, length: number): boolean
  onReceive: (bytes: Uint8Array, offset: number, length: number) => void
  onDrain: () => void
  onChange: () => void
  readonly isUp: boolean
}
