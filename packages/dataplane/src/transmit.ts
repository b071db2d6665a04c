/**
 * The outbound pipeline: a frame of the stack becomes datagrams. Which way a frame goes is decided here; each way has a
 * file of its own, and all of them end in `outbound/send.ts`: find a path, seal, fragment, send.
 */
import { isMulticastMac, type Mac } from '@zt/sansio'
import type { Dataplane } from './dataplane.js'
import type { Port } from './networks/port.js'
import { sendBridged } from './outbound/bridged.js'
import { sendMulticast } from './outbound/multicast.js'
import { sendUnicast } from './outbound/unicast.js'

/** Send a frame on a network. False if the socket is full: nothing was taken, and `onDrain` will tell. */
export function sendFrame(
  d: Dataplane,
  port: Port,
  source: Mac,
  destination: Mac,
  etherType: number,
  bytes: Uint8Array,
  offset: number,
  length: number,
): boolean {
  if (!d.port.writable) return hold(d, port)
  if (port.config === undefined) d.counters.count('frame-out-not-ready')
  else if (source !== port.mac && !port.isBridge) d.counters.count('frame-out-not-a-bridge')
  else if (isMulticastMac(destination)) sendMulticast(d, port, source, destination, etherType, bytes, offset, length)
  else if (destination === port.mac)
    d.deliverLater(port, source, destination, etherType, bytes.slice(offset, offset + length))
  else if (port.isMemberMac(destination)) sendUnicast(d, port, source, destination, etherType, bytes, offset, length)
  else sendBridged(d, port, source, destination, etherType, bytes, offset, length)
  return true
}

function hold(d: Dataplane, port: Port): false {
  port.owesDrain = true
  d.upcalls.wake()
  return false
}
