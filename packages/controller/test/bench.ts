import { readFileSync } from 'node:fs'
import {
  decodeNetworkConfig,
  decodeNetworkConfigChunk,
  encodeRequestMetadata,
  type Identity,
  type NetworkConfig,
  ownMetadata,
  parseIdentity,
  publicIdentity,
  type RequestMetadata,
  type SecretIdentity,
  verifyNetworkConfigChunk,
} from '@zt/protocol'
import { ByteReader } from '@zt/sansio'
import { SeededRandom } from '@zt/testkit'
import { expect } from 'vitest'
import { type ConfigRequest, Controller, type ControllerMessage } from '../src/index.js'

const texts = JSON.parse(
  readFileSync(new URL('../../../fixtures/identities.json', import.meta.url), 'utf8'),
) as string[]

/** Throw-away identities; the first one is the controller's. */
export const identities = texts.map((text) => parseIdentity(text) as SecretIdentity)
export const self = identities[0]

export const START = 1_700_000_000_000

export function newController(seed = 1): Controller {
  return new Controller({ identity: self, random: new SeededRandom(seed) })
}

/** What a member sends to ask for its config. */
export function request(networkId: bigint, from: Identity, more: Partial<RequestMetadata> = {}): ConfigRequest {
  return {
    networkId,
    from: publicIdentity(from),
    requestId: 0x1234n,
    metadata: encodeRequestMetadata({ ...ownMetadata({ major: 1, minor: 14, revision: 1 }), ...more }),
    endpoint: undefined,
  }
}

/** The config in a message, put together and verified as a member does it. */
export function configIn(message: ControllerMessage | undefined): NetworkConfig {
  if (message?.type !== 'config') throw new Error(`expected a config, got ${JSON.stringify(message?.type)}`)
  let dictionary = new Uint8Array(0)
  for (const record of message.chunks) {
    const chunk = decodeNetworkConfigChunk(new ByteReader(record))!
    expect(verifyNetworkConfigChunk(chunk, self)).toBe(true)
    if (dictionary.length === 0) dictionary = new Uint8Array(chunk.place!.totalLength)
    dictionary.set(chunk.data, chunk.place!.offset)
  }
  const config = decodeNetworkConfig(dictionary)
  if (!config) throw new Error('the config does not decode')
  return config
}

/** Everything that the controller wants to send by itself. */
export function drain(controller: Controller): ControllerMessage[] {
  const messages: ControllerMessage[] = []
  for (let message = controller.pollMessage(); message; message = controller.pollMessage()) messages.push(message)
  return messages
}
