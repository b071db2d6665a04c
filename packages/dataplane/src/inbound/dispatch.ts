/** Frames end here; every other verb is for the control plane. */
import { Verb } from '@zt/protocol'
import type { Instant } from '@zt/sansio'
import type { Dataplane } from '../dataplane.js'
import { onExtFrame } from './on-ext-frame.js'
import { onFrame } from './on-frame.js'
import { onMulticastFrame } from './on-multicast-frame.js'
import { type Outcome, Received } from './outcome.js'

export function dispatch(d: Dataplane, now: Instant): Outcome {
  switch (d.packet.verb) {
    case Verb.Frame:
      return onFrame(d, now)
    case Verb.ExtFrame:
      return onExtFrame(d, now)
    case Verb.MulticastFrame:
      return onMulticastFrame(d, now)
    default:
      return Received.control
  }
}
