import type { Endpoint } from '../net/endpoint.js'

/** A bound UDP socket. `id` is small, unique in its port and never used again. */
export interface LocalSocket {
  readonly id: number
  /** Where it is bound; the address may be unspecified (a wildcard). */
  readonly local: Endpoint
}

/** What a `DatagramPort` calls. `bytes` are borrowed for the duration of the call. */
export interface DatagramReceiver {
  handleDatagram(socket: number, from: Endpoint, bytes: Uint8Array): void
}

/** Physical datagrams. Data is pushed: no queue of ours between an engine and the network. */
export interface DatagramPort {
  /** The sockets bound now. The array is replaced, not changed, when they change. */
  readonly sockets: readonly LocalSocket[]
  /**
   * Send now. The bytes are borrowed for the duration of the call. `false` means that the datagram was not taken: the
   * socket is gone, cannot reach that family, or its queue is full; the caller counts a drop or waits.
   *
   * `ttl` limits the hops of this one datagram where the platform can do that (hole punching); elsewhere it is ignored.
   */
  send(socket: number, to: Endpoint, bytes: Uint8Array, offset: number, length: number, ttl?: number): boolean
  /** Is there room for bulk traffic? Checked before data is taken from a sender that can wait. */
  readonly writable: boolean
}
