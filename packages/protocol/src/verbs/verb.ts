/** What a packet is about: the low five bits of byte 27. */
export const Verb = {
  Nop: 0x00,
  Hello: 0x01,
  Error: 0x02,
  Ok: 0x03,
  Whois: 0x04,
  Rendezvous: 0x05,
  Frame: 0x06,
  ExtFrame: 0x07,
  Echo: 0x08,
  MulticastLike: 0x09,
  NetworkCredentials: 0x0a,
  NetworkConfigRequest: 0x0b,
  NetworkConfig: 0x0c,
  MulticastGather: 0x0d,
  MulticastFrame: 0x0e,
  PushDirectPaths: 0x10,
  /** Neither sent nor evaluated by any release. */
  Ack: 0x12,
  QosMeasurement: 0x13,
  UserMessage: 0x14,
  RemoteTrace: 0x15,
  PathNegotiationRequest: 0x16,
} as const

export type Verb = (typeof Verb)[keyof typeof Verb]

const names: readonly (string | undefined)[] = Array.from({ length: 32 }, (_, verb) =>
  Object.entries(Verb)
    .find(([, number]) => number === verb)?.[0]
    .replace(/(?<=[a-z])(?=[A-Z])/g, '_')
    .toUpperCase(),
)

/** `EXT_FRAME`, or `VERB_1f` for a number that means nothing. */
export function verbName(verb: number): string {
  return names[verb] ?? `VERB_${verb.toString(16).padStart(2, '0')}`
}
