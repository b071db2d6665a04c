import { existsSync } from 'node:fs'
import { Controller } from '@zt/controller'
import { SystemRandom } from '@zt/io-node'
import type { SecretIdentity, World } from '@zt/protocol'
import { formatWorld, makePlanet } from '@zt/root'
import { Endpoint, ZtError } from '@zt/sansio'
import type { Command, Invocation } from '../command.js'
import { nodeFlags, text, texts } from '../flags.js'
import { openControllerApi, requireState } from '../hosting.js'
import { untilStopped, withNode } from '../with-node.js'

export const root: Command = {
  summary: 'run a root, and a controller with it if wanted',
  usage: '',
  details: `
Runs a root: relays, introduces peers to each other, answers WHOIS. Its identity must be listed in the planet. Where
there is no planet yet, --advertise makes one: the file "planet" in --state is what every other node needs.

  zt root --state ./root --port 9993 --advertise 192.0.2.1/9993
  zt root --state ./root --port 9993 --controller      the planet is there already

With --controller networks are managed through the local HTTP interface of ZeroTierOne's controller:

  curl -H "X-ZT1-Auth: $(cat root/authtoken.secret)" -d '{"name":"mine"}' \\
       http://127.0.0.1:9993/controller/network/${'<node id>'}______`,
  flags: {
    controller: { type: 'boolean', help: 'also run a network controller, with its HTTP interface on 127.0.0.1' },
    advertise: {
      type: 'string',
      value: 'IP/PORT',
      multiple: true,
      help: 'make a planet with this root at these endpoints, if there is none yet',
    },
    'api-port': { type: 'string', value: 'N', help: 'TCP port of the HTTP interface (default: the UDP port)' },
    ...nodeFlags,
  },
  positionals: [0, 0],
  async run(invocation) {
    const { values, output, signal } = invocation
    const state = requireState(invocation)
    const planet = planetMaker(invocation, state)
    const controller = values.controller ? controllerOf : undefined
    await withNode(
      invocation,
      async (node, hosted) => {
        const isRoot = node.planet.roots.some(({ identity }) => identity.address === node.identity.address)
        if (!isRoot)
          throw new ZtError('ZT_ROOT_UNLISTED', `the planet does not list node ${node.id} as a root`, {
            hint: 'zt planet create --root identity.public@IP/PORT makes a planet with it; zt root --advertise does that for a fresh state',
          })
        await using api = hosted ? await openControllerApi(invocation, state, hosted, node.port) : undefined
        const endpoints = node.planet.roots
          .find(({ identity }) => identity.address === node.identity.address)!
          .endpoints.map(String)
        const facts = {
          event: 'root',
          node: node.id,
          port: node.port,
          endpoints,
          planet: `${state}/planet`,
          planetHex: Buffer.from(formatWorld(node.planet)).toString('hex'),
          ...(api ? { api: api.url } : {}),
        }
        output.result(
          facts,
          `root ${node.id} on UDP port ${node.port}, advertised at ${endpoints.join(' ')}${api ? `\ncontroller at ${api.url}` : ''}\nother nodes need ${state}/planet`,
        )
        await untilStopped(signal)
      },
      { ...(planet ? { planet } : {}), ...(controller ? { controller } : {}) },
    )
  },
}

/** A controller signs with the identity of the node that it runs on. */
export function controllerOf(identity: SecretIdentity): Controller {
  return new Controller({ identity, random: new SystemRandom() })
}

/** Makes the planet on the first run of a root that advertises itself. */
function planetMaker({ values }: Invocation, state: string): ((identity: SecretIdentity) => World) | undefined {
  const endpoints = texts(values, 'advertise')
    .flatMap((value) => value.split(','))
    .map((value) => Endpoint.parse(value))
  if (endpoints.length === 0 || text(values, 'planet') !== undefined) return undefined
  if (existsSync(`${state}/planet`)) return undefined
  return (identity) =>
    makePlanet({ id: BigInt(identity.address), timestamp: Date.now(), roots: [{ identity, endpoints }] })
}
