import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { generateKeyPair, type KeyPair, publicKeyOf } from '@zt/crypto'
import { SystemRandom } from '@zt/io-node'
import { formatAddress, type World, WorldType } from '@zt/protocol'
import { formatWorld, makePlanet, parseWorld } from '@zt/root'
import { Endpoint, formatHex, parseHex, ZtError } from '@zt/sansio'
import type { Command } from '../command.js'
import { readInput } from '../files.js'
import { outputFlags, required, text, texts } from '../flags.js'
import { identityOf } from './identity.js'

export const planetCreate: Command = {
  summary: 'make a planet: the list of roots of a private world',
  usage: '',
  details: `
Signs a world file in the genuine format. Give it to every node, ours with --planet and ZeroTierOne as the file
"planet" in its home. Each root is its public identity and the endpoints it is reached at.

A later version of the planet (other roots, other endpoints) must be signed with the same key: keep it with --key.

  zt planet create --root identity.public@192.0.2.1/9993,2001:db8::1/9993 -o planet --key planet.key`,
  flags: {
    root: {
      type: 'string',
      value: 'IDENTITY.public@IP/PORT[,IP/PORT]',
      multiple: true,
      help: 'a root: its identity file and endpoints; up to 4',
    },
    output: { type: 'string', short: 'o', value: 'FILE', help: 'where to write the planet' },
    key: {
      type: 'string',
      value: 'FILE',
      help: 'signing key; made if the file is not there (default: a fresh one, thrown away)',
    },
    id: { type: 'string', value: 'N', help: 'world id (default: the address of the first root)' },
    ...outputFlags,
  },
  positionals: [0, 0],
  async run({ output, values }) {
    const roots = await Promise.all(texts(values, 'root').map(rootOf))
    if (roots.length === 0)
      throw new ZtError('ZT_ARG_MISSING', 'a planet needs at least one --root IDENTITY.public@IP/PORT')
    const file = required(values, 'output', 'where to write the planet (-o FILE)')
    const id = values.id === undefined ? BigInt(roots[0]!.identity.address) : worldId(String(values.id))
    const signingKey = await signingKeyOf(text(values, 'key'))
    const planet = makePlanet({ roots, id, timestamp: Date.now(), signingKey })
    await writeFile(file, formatWorld(planet))
    output.result({ file, ...worldValue(planet) }, `${file}: ${describeWorld(planet)}`)
  },
}

export const planetShow: Command = {
  summary: 'print a planet or moon file',
  usage: 'FILE',
  details: 'Prints the roots of a world file with their endpoints.\n\n  zt planet show planet',
  flags: outputFlags,
  positionals: [1, 1],
  async run({ output, positionals }) {
    const file = positionals[0]!
    const world = worldOf(await readInput(file), file)
    output.result(worldValue(world), describeWorld(world))
  },
}

function worldOf(bytes: Uint8Array, file: string): World {
  try {
    return parseWorld(bytes)
  } catch (cause) {
    throw new ZtError('ZT_WORLD_INVALID', `${file} is not a world file`, {
      cause,
      hint: 'zt planet create makes one; a genuine node keeps its own as the file "planet" in its home',
    })
  }
}

/** The key in a file, as 64 secret bytes in hexadecimal; a fresh one where there is none. */
async function signingKeyOf(file: string | undefined): Promise<KeyPair> {
  if (file === undefined) return generateKeyPair(new SystemRandom())
  if (existsSync(file)) {
    const content = (await readInput(file)).toString().trim()
    if (!/^[0-9a-f]{128}$/i.test(content))
      throw new ZtError('ZT_ARG_INVALID', `${file} does not hold a signing key`, {
        hint: 'a signing key has 128 hexadecimal digits; name a file that is not there to make one',
      })
    const secretKey = parseHex(content)
    return { secretKey, publicKey: publicKeyOf(secretKey) }
  }
  const key = generateKeyPair(new SystemRandom())
  await writeFile(file, formatHex(key.secretKey), { mode: 0o600, flag: 'wx' })
  return key
}

async function rootOf(value: string) {
  const at = value.lastIndexOf('@')
  if (at < 1)
    throw new ZtError(
      'ZT_ARG_INVALID',
      `--root must be IDENTITY.public@IP/PORT[,IP/PORT], got ${JSON.stringify(value)}`,
    )
  const identity = await identityOf(value.slice(0, at))
  return {
    identity,
    endpoints: value
      .slice(at + 1)
      .split(',')
      .map((endpoint) => Endpoint.parse(endpoint)),
  }
}

function worldId(value: string): bigint {
  if (!/^(\d+|0x[0-9a-f]{1,16})$/i.test(value))
    throw new ZtError('ZT_ARG_INVALID', `--id must be a number, got ${JSON.stringify(value)}`)
  return BigInt(value)
}

function worldValue(world: World): object {
  return {
    type: world.type === WorldType.Moon ? 'moon' : 'planet',
    id: world.id,
    timestamp: world.timestamp,
    signer: formatHex(world.updatesMustBeSignedBy),
    roots: world.roots.map(({ identity, endpoints }) => ({
      address: formatAddress(identity.address),
      endpoints: endpoints.map(String),
    })),
  }
}

function describeWorld(world: World): string {
  const kind = world.type === WorldType.Moon ? 'moon' : 'planet'
  const date = new Date(world.timestamp)
  const made = Number.isNaN(date.getTime()) ? `timestamp ${world.timestamp}` : date.toISOString()
  const roots = world.roots.map(
    ({ identity, endpoints }) => `  root ${formatAddress(identity.address)} at ${endpoints.join(' ')}`,
  )
  return [`${kind} ${world.id.toString(16)} of ${made}`, ...roots].join('\n')
}
