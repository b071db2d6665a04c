/**
 * How far the data path took a packet, and so what is left to the control plane. The packet is in `Dataplane.packet`.
 */
export const Received = {
  /** Nothing is left to do. It was delivered, relayed, kept for later, or dropped and counted. */
  done: 0,
  /** Authenticated and decrypted; to be dispatched. Not seen outside the pipeline. */
  opened: 1,
  /** Authenticated, and not for the data path: the control plane handles the verb. */
  control: 2,
  /** HELLO in the clear, not authenticated yet: it brings its own identity. */
  hello: 3,
  /** From a peer that we do not know. */
  stranger: 4,
  /** A frame of a peer that has not proved its membership. */
  unproven: 5,
  /** A frame was delivered, and there is something about its peer to see to: a new path, or a push that is due. */
  seen: 6,
  /** Passed on to `Dataplane.relayedTo`. */
  relayed: 7,
} as const
/** A value of `Received`. */
export type Outcome = (typeof Received)[keyof typeof Received]
