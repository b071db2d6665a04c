/** Fixed identities, and a world made of them: nothing here searches for an address. */
import { readFileSync } from 'node:fs'
import type { NetworkSettings } from '@zt/controller'
import { isSecretIdentity, parseIdentity, type SecretIdentity } from '@zt/protocol'
import { makePlanet } from '@zt/root'
import { Endpoint, IpAddress, isZtError, type ZtError } from '@zt/sansio'
import { EmbeddedWorld, type StartOptions, ZeroTier } from '../src/index.js'

const texts = JSON.parse(
  readFileSync(new URL('../../../fixtures/identities.json', import.meta.url), 'utf8'),
) as string[]

/** The text of `identity.secret` number `index`. */
export function secretText(index: number): string {
  return texts[index]!
}

export function identityOf(index: number): SecretIdentity {
  const identity = parseIdentity(secretText(index))
  if (!isSecretIdentity(identity)) throw new Error('the fixtures are secret identities')
  return identity
}

export function startWorld(): Promise<EmbeddedWorld> {
  return EmbeddedWorld.start({ identities: { root: identityOf(0), controller: identityOf(1) } })
}

let nextIdentity = 2

/**
 * A node of the world that nobody has met: peers hold on for a while to the endpoint that they know of an identity, so one
 * that came back on another port would have to wait.
 */
export function startNode(world: EmbeddedWorld, more: StartOptions = {}): Promise<ZeroTier> {
  return ZeroTier.start({ planet: world.planet, bind: ['127.0.0.1'], identity: identityOf(nextIdentity++), ...more })
}

/** A public network with every kind of managed address. */
export function settings(subnet = '10.1.0', more: NetworkSettings = {}): NetworkSettings {
  return {
    name: 'test',
    private: false,
    v4AssignMode: { zt: true },
    v6AssignMode: { zt: false, rfc4193: true, '6plane': true },
    ipAssignmentPools: [{ ipRangeStart: `${subnet}.1`, ipRangeEnd: `${subnet}.254` }],
    routes: [{ target: `${subnet}.0/24`, via: null }],
    ...more,
  }
}

/** A planet whose root is nowhere: what is sent there stays unanswered. */
export function deadPlanet(port: number) {
  return makePlanet({
    id: 1n,
    timestamp: 1,
    roots: [{ identity: identityOf(texts.length - 1), endpoints: [new Endpoint(IpAddress.parse('127.0.0.1'), port)] }],
  })
}

/** What a promise is rejected with, which must be one of our errors. */
export async function errorOf(promise: Promise<unknown>): Promise<ZtError> {
  try {
    await promise
  } catch (error) {
    if (isZtError(error)) return error
    throw error
  }
  throw new Error('it was fulfilled')
}
