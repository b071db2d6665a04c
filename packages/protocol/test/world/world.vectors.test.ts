import { ByteReader, ByteWriter, Endpoint, formatHex } from '@zt/sansio'
import { describe, expect, it } from 'vitest'
import {
  type Address,
  DEFAULT_PLANET,
  DEFAULT_PLANET_BYTES,
  NO_ENDPOINT,
  type Root,
  WORLD_ID_EARTH,
  type World,
  WorldType,
  decodeWorld,
  encodeWorld,
  equalIdentities,
  formatAddress,
  formatIdentity,
  isWorldSignedBy,
  parseAddress,
  parseIdentity,
  signWorld,
  verifyWorldUpdate,
} from '../../src/index.js'
import { VectorFile, hex } from '../vector-file.js'

const file = new VectorFile('world.json')

interface Fields {
  readonly type: number
  readonly id: string
  readonly timestamp: string
  readonly updatesMustBeSignedBy: string
  readonly signature: string
  readonly roots: readonly { readonly identity: string; readonly endpoints: readonly (string | null)[] }[]
}

function decode(text: string): World | undefined {
  return decodeWorld(new ByteReader(hex(text)))
}

function world(text: string): World {
  const decoded = decode(text)
  if (!decoded) throw new Error('expected a world')
  return decoded
}

function encode(w: World): string {
  const writer = new ByteWriter()
  encodeWorld(writer, w)
  return formatHex(writer.bytes)
}

function fieldsOf(w: World): Fields {
  return {
    type: w.type,
    id: w.id.toString(),
    timestamp: w.timestamp.toString(),
    updatesMustBeSignedBy: formatHex(w.updatesMustBeSignedBy),
    signature: formatHex(w.signature),
    roots: w.roots.map(({ identity, endpoints }) => ({
      identity: formatIdentity(identity),
      endpoints: endpoints.map((endpoint) => (endpoint === NO_ENDPOINT ? null : endpoint.toString())),
    })),
  }
}

/** The rules by which a node keeps its worlds, in their shortest form, to try the functions that they are made of. */
class Topology {
  planet: World | undefined
  readonly moons = new Map<bigint, World>()
  wanted: { readonly id: bigint; readonly seed: Address }[] = []

  add(next: World, always: boolean): boolean {
    if (next.type === WorldType.Planet) {
      if (!verifyWorldUpdate(this.planet, next)) return false
      this.planet = next
      return true
    }
    const existing = this.moons.get(next.id)
    const seeded = this.wanted.filter(
      ({ id, seed }) => id === next.id && next.roots.some(({ identity }) => identity.address === seed),
    )
    if (existing ? !verifyWorldUpdate(existing, next) : !always && seeded.length === 0) return false
    this.wanted = this.wanted.filter((wish) => !seeded.includes(wish))
    this.moons.set(next.id, next)
    return true
  }

  get roots(): Root[] {
    return [...(this.planet?.roots ?? []), ...[...this.moons.values()].flatMap(({ roots }) => roots)]
  }
}

describe('world.json', () => {
  interface DefaultCase extends Fields {
    readonly bytes: string
    readonly consumed: number
  }
  it('the built-in planet', () => {
    for (const c of file.cases<DefaultCase>('default-planet')) {
      expect(formatHex(DEFAULT_PLANET_BYTES)).toBe(c.bytes)
      expect(DEFAULT_PLANET_BYTES.length).toBe(c.consumed)
      expect(fieldsOf(DEFAULT_PLANET)).toEqual(fieldsOf(world(c.bytes)))
      expect(c).toMatchObject(fieldsOf(DEFAULT_PLANET))
      expect(encode(DEFAULT_PLANET)).toBe(c.bytes)
      expect(DEFAULT_PLANET.id).toBe(WORLD_ID_EARTH)
      expect(isWorldSignedBy(DEFAULT_PLANET, DEFAULT_PLANET.updatesMustBeSignedBy)).toBe(true)
    }
  })

  interface MakeCase extends Fields {
    readonly signer: { readonly privateKey: string; readonly publicKey: string }
    readonly bytes: string
  }
  it('worlds are built and signed', () => {
    for (const c of file.cases<MakeCase>('world-make')) {
      const made = signWorld(
        {
          type: c.type as WorldType,
          id: BigInt(c.id),
          timestamp: Number(c.timestamp),
          updatesMustBeSignedBy: hex(c.updatesMustBeSignedBy),
          roots: c.roots.map(({ identity, endpoints }) => ({
            identity: parseIdentity(identity),
            endpoints: endpoints.map((endpoint) => (endpoint === null ? NO_ENDPOINT : Endpoint.parse(endpoint))),
          })),
        },
        { secretKey: hex(c.signer.privateKey) },
      )
      expect(encode(made)).toBe(c.bytes)
      expect(isWorldSignedBy(world(c.bytes), hex(c.signer.publicKey))).toBe(true)
    }
  })

  interface DecodeCase extends Fields {
    readonly why: string
    readonly input: string
    readonly ok: boolean
    readonly consumed: number
  }
  it.each(file.cases<DecodeCase>('world-decode'))('decode: $why', (c) => {
    const r = new ByteReader(hex(c.input))
    const decoded = decodeWorld(r)
    // Upstream jumps over attachments without looking whether they are there; a world that is cut off is refused here.
    const isCutOff = c.ok && c.consumed > c.input.length / 2
    expect(decoded !== undefined).toBe(c.ok && !isCutOff)
    if (!decoded) return
    expect(r.offset).toBe(c.consumed)
    expect(c).toMatchObject(fieldsOf(decoded))
  })

  interface ReplaceCase {
    readonly why: string
    readonly current: string | null
    readonly update: string
    readonly result: boolean
  }
  it('which update may replace which world', () => {
    for (const c of file.cases<ReplaceCase>('world-replace')) {
      expect(verifyWorldUpdate(c.current === null ? undefined : world(c.current), world(c.update)), c.why).toBe(
        c.result,
      )
    }
  })

  interface Step {
    readonly op: 'start' | 'add-world' | 'orbit' | 'deorbit'
    readonly why?: string
    readonly world: string
    readonly alwaysAcceptNew: boolean
    readonly accepted: boolean
    readonly moonId: string
    readonly seed: string | null
    readonly planetId: string
    readonly planetTimestamp: string
    readonly moons: readonly string[]
    readonly moonsWanted: readonly string[]
    readonly upstreams: readonly string[]
    readonly amUpstream: boolean
  }
  interface SequenceCase {
    readonly self: string
    readonly cachedPlanet: string | null
    readonly steps: readonly Step[]
  }
  it('planets and moons come and go', () => {
    for (const c of file.cases<SequenceCase>('topology-sequence')) {
      const self = parseIdentity(c.self)
      const topology = new Topology()
      for (const step of c.steps) {
        if (step.op === 'start') {
          if (c.cachedPlanet !== null) topology.add(world(c.cachedPlanet), false)
          topology.add(DEFAULT_PLANET, false)
        } else if (step.op === 'orbit') {
          if (step.seed !== null) topology.wanted.push({ id: BigInt(step.moonId), seed: parseAddress(step.seed) })
        } else if (step.op === 'deorbit') {
          topology.moons.delete(BigInt(step.moonId))
          topology.wanted = topology.wanted.filter(({ id }) => id !== BigInt(step.moonId))
        } else expect(topology.add(world(step.world), step.alwaysAcceptNew), step.why).toBe(step.accepted)

        expect(topology.planet?.id.toString()).toBe(step.planetId)
        expect(topology.planet?.timestamp.toString()).toBe(step.planetTimestamp)
        expect([...topology.moons.keys()].map(String).sort()).toEqual([...step.moons].sort())
        expect([...new Set(topology.wanted.map(({ id }) => id.toString()))].sort(), step.why).toEqual(
          [...step.moonsWanted].sort(),
        )
        const isSelf = ({ identity }: Root): boolean => equalIdentities(identity, self)
        const upstreams = new Set(
          topology.roots.filter((root) => !isSelf(root)).map(({ identity }) => formatAddress(identity.address)),
        )
        expect([...upstreams].sort()).toEqual([...step.upstreams].sort())
        expect(topology.roots.some(isSelf)).toBe(step.amUpstream)
      }
    }
  })
})
