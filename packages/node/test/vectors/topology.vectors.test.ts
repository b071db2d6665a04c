/** Which planet a node goes by, and whom it relies on because of it. */
import { createSalsaPoly } from '@zt/crypto'
import { Dataplane, sendFrame } from '@zt/dataplane'
import {
  type Identity,
  type SecretIdentity,
  type World,
  DEFAULT_PLANET,
  WorldType,
  decodeWorld,
  formatAddress,
  parseIdentity,
} from '@zt/protocol'
import { ByteReader, Counters, Endpoint, formatHex, parseHex } from '@zt/sansio'
import { SeededRandom } from '@zt/testkit'
import { describe, expect, it } from 'vitest'
import { VectorFile } from '../../../../fixtures/vector-file.js'
import { NodeCore } from '../../src/core.js'
import { DEFAULT_SETTINGS } from '../../src/settings.js'
import { Upstreams } from '../../src/upstreams/upstreams.js'
import { acceptWorlds, adoptPlanet } from '../../src/upstreams/world-updates.js'

const NOW = 1_700_000_000_000

interface Step {
  readonly op: 'start' | 'add-world' | 'orbit' | 'deorbit'
  readonly why?: string
  readonly world?: string
  readonly accepted?: boolean
  readonly planetId: string
  readonly planetTimestamp: string
  readonly moons: readonly string[]
  readonly upstreams: readonly string[]
  readonly amUpstream: boolean
}
interface Case {
  readonly self: string
  readonly cachedPlanet: string | null
  readonly steps: readonly Step[]
}

function world(text: string): World {
  const decoded = decodeWorld(new ByteReader(parseHex(text)))
  if (!decoded) throw new Error('expected a world')
  return decoded
}

/** A node's control plane on this planet. Nothing is sent here, so the secret key may be any. */
function coreOn(planet: World, self: Identity): NodeCore {
  const identity: SecretIdentity = { ...self, secretKey: new Uint8Array(64).fill(1) }
  const counters = new Counters()
  const ignore = (): void => {}
  const dataplane = new Dataplane(NOW, {
    identity,
    port: { sockets: [{ id: 1, local: Endpoint.parse('0.0.0.0/9993') }], writable: true, send: () => true },
    random: new SeededRandom('topology'),
    counters,
    salsaPoly: createSalsaPoly(),
    upcalls: {
      identityWanted: ignore,
      credentialsDue: ignore,
      likesDue: ignore,
      membersWanted: ignore,
      groupJoined: ignore,
      relayUsed: ignore,
      wake: ignore,
    },
    sendFrame,
  })
  const core = new NodeCore({
    identity,
    settings: DEFAULT_SETTINGS,
    upstreams: new Upstreams(identity, planet),
    dataplane,
    counters,
    aes: undefined,
    controller: undefined,
    allowLoopback: false,
    cachedPeers: new Map(),
    validate: () => true,
  })
  adoptPlanet(core)
  return core
}

/** Offer a world as a root would; says whether it was taken, in which case it is also kept, byte for byte. */
function offer(core: NodeCore, bytes: string): boolean {
  acceptWorlds(core, [world(bytes)])
  const [updated, persist] = [core.takeEvent(), core.takeEvent()]
  if (updated === undefined) return false
  expect(updated).toEqual({ type: 'world-updated', world: world(bytes) })
  expect(persist?.type === 'persist' && persist.key === 'planet' && formatHex(persist.bytes!)).toBe(bytes)
  return true
}

function upstreamsOf(core: NodeCore): string[] {
  return [...core.peers.values()]
    .filter(({ link }) => link.isUpstream)
    .map(({ address }) => formatAddress(address))
    .sort()
}

describe('world.json: topology-sequence, planets', () => {
  it.each(new VectorFile('world.json').cases<Case>('topology-sequence'))('self $self', (c) => {
    const core = coreOn(c.cachedPlanet === null ? DEFAULT_PLANET : world(c.cachedPlanet), parseIdentity(c.self))
    const moons = new Map<string, World>()
    for (const step of c.steps) {
      if (step.op === 'start' && c.cachedPlanet !== null) {
        // A planet of our own stays when the default one comes along.
        acceptWorlds(core, [DEFAULT_PLANET])
        expect(core.takeEvent()).toBeUndefined()
      }
      if (step.op === 'add-world') {
        const offered = world(step.world!)
        const isMoon = offered.type === WorldType.Moon
        if (isMoon && step.accepted) moons.set(offered.id.toString(), offered)
        // This node orbits no moons: one that is offered changes nothing.
        expect(offer(core, step.world!), step.why).toBe(step.accepted! && !isMoon)
      }
      const { planet, isRoot } = core.upstreams
      expect(planet.id.toString(), step.why).toBe(step.planetId)
      expect(planet.timestamp.toString(), step.why).toBe(step.planetTimestamp)
      expect(isRoot, step.why).toBe(step.amUpstream)
      expect(core.d.isRelay, step.why).toBe(step.amUpstream)
      const ofMoons = step.moons.flatMap((id) =>
        moons.get(id)!.roots.map(({ identity }) => formatAddress(identity.address)),
      )
      const ofPlanet = planet.roots.map(({ identity }) => formatAddress(identity.address))
      const expected = step.upstreams.filter((address) => ofPlanet.includes(address) || !ofMoons.includes(address))
      expect(upstreamsOf(core), step.why).toEqual(expected)
    }
  })
})
