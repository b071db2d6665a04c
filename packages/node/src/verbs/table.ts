/** Control verbs and what handles them. Frames never get here: the data path keeps them. */
import { Verb } from '@zt/protocol'
import { received } from '../peers/received.js'
import type { VerbHandler } from './handler.js'
import { onEcho } from './on-echo.js'
import { onError } from './on-error.js'
import { onHello } from './on-hello.js'
import { onMulticastGather } from './on-multicast-gather.js'
import { onMulticastLike } from './on-multicast-like.js'
import { onNetworkConfig } from './on-network-config.js'
import { onNetworkConfigRequest } from './on-network-config-request.js'
import { onNetworkCredentials } from './on-network-credentials.js'
import { onOk } from './on-ok.js'
import { onPushDirectPaths } from './on-push-direct-paths.js'
import { onRendezvous } from './on-rendezvous.js'
import { onUserMessage } from './on-user-message.js'
import { onWhois } from './on-whois.js'

/** Only a bond would make sense of these, and without one they do not even count as received. */
const ignore: VerbHandler = (core) => core.counters.count('verb-ignored')

const handlers: Partial<Record<number, VerbHandler>> = {
  [Verb.Hello]: (core, now) => onHello(core, now, true),
  [Verb.Error]: onError,
  [Verb.Ok]: onOk,
  [Verb.Whois]: onWhois,
  [Verb.Rendezvous]: onRendezvous,
  [Verb.Echo]: onEcho,
  [Verb.MulticastLike]: onMulticastLike,
  [Verb.NetworkCredentials]: onNetworkCredentials,
  [Verb.NetworkConfigRequest]: onNetworkConfigRequest,
  [Verb.NetworkConfig]: onNetworkConfig,
  [Verb.MulticastGather]: onMulticastGather,
  [Verb.PushDirectPaths]: onPushDirectPaths,
  [Verb.Ack]: ignore,
  [Verb.QosMeasurement]: ignore,
  [Verb.PathNegotiationRequest]: ignore,
  [Verb.UserMessage]: onUserMessage,
}

/** Verbs without a meaning here (NOP, REMOTE_TRACE, those to come) show that their sender is there, and no more. */
const acknowledge: VerbHandler = (core, now, peer) => received(core, now, peer)

/** The handler of each of the 32 verbs. */
export const verbHandlers: readonly VerbHandler[] = Array.from(
  { length: 32 },
  (_, verb) => handlers[verb] ?? acknowledge,
)
