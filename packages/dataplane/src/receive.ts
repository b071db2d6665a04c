/**
 * The inbound pipeline: a datagram comes in, a frame goes out to the stack, or the node is told what to do next. Every
 * step has a file of its own; this one is their table of contents.
 */
import type { Endpoint, Instant } from '@zt/sansio'
import type { Dataplane } from './dataplane.js'
import { Kind, classify } from './inbound/classify.js'
import { collect } from './inbound/collect.js'
import { type Outcome, Received } from './inbound/outcome.js'
import { dispatch } from './inbound/dispatch.js'
import { open } from './inbound/open.js'
import { relay } from './relay.js'

/** A physical datagram has arrived: `bytes[offset, offset + length)`, borrowed. */
export function receive(
  d: Dataplane,
  now: Instant,
  socket: number,
  from: Endpoint,
  bytes: Uint8Array,
  offset: number,
  length: number,
): Outcome {
  const kind = classify(bytes, offset, length, d.addressHigh, d.addressLow)
  if (kind === Kind.foreign) {
    d.relayedTo = relay(d, now, from, bytes, offset, length)
    return d.relayedTo ? Received.relayed : Received.done
  }
  if (kind === Kind.junk) return d.done('datagram-junk')
  if (kind === Kind.ownEcho) return d.done('datagram-from-ourselves')
  if (!collect(d, now, kind, socket, from, bytes, offset, length)) return Received.done
  return process(d, now)
}

/** The packet in `d.packet` is whole. */
export function process(d: Dataplane, now: Instant): Outcome {
  const opened = open(d)
  return opened === Received.opened ? dispatch(d, now) : opened
}
