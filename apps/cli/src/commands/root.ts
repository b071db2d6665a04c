import { Controller } from '@zt/controller'
import { SystemRandom } from '@zt/io-node'
import type { SecretIdentity, World } from '@zt/protocol'
import { formatWorld, makePlanet } from '@zt/root'
import { Endpoint, IpAddress, ZtError } from '@zt/sansio'
import type { Command, Invocation } from '../command.js'
import { nodeFlags, portNumber, text, texts } from '../flags.js'
import { openControllerApi, requireState } from '../hosting.js'
import { untilStopped, withNode } from '../with-node.js'

export const root: Command = {
  summary: 'run a root, and a controller with it if wanted',
  usage: '',
  details: `
Runs a root: relays, introduces peers to each other, answers WHOIS. Its identity must be listed in the planet. Where
there is no planet yet, --advertise makes one: the file "planet" in --state is what every other node needs.

  zt root --state ./root --advertise 192.0.2.1/9993
  zt root --state ./root --controller      the planet is there already

The UDP port is the one advertised, else the one of the last run, unless --port says otherwise: behind a NAT that
forwards another one, say. --advertise IP alone advertises the port that is bound, whichever that is.

With --controller networks are managed through the local HTTP interface of ZeroTierOne's controller:

  curl -H "X-ZT1-Auth: $(cat root/authtoken.secret)" -d '{"name":"mine"}' \\
       http://127.0.0.1:9993/controller/network/${'<node id>'}______`,
  flags: {
    controller: { type: 'boolean', help: 'also run a network controller, with its HTTP interface on 127.0.0.1' },
    advertise: {
      type: 'string',
      value: 'IP[/PORT]',
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
    const advertised = advertisedEndpoints(invocation)
    const controller = values.controller ? controllerOf : undefined
    let isMade = false
    const planet = (identity: SecretIdentity, port: number): World => {
      isMade = true
      const endpoints = advertised.map((endpoint) => (endpoint.port === 0 ? new Endpoint(endpoint.ip, port) : endpoint))
      return makePlanet({ id: BigInt(identity.address), timestamp: Date.now(), roots: [{ identity, endpoints }] })
    }
    const fixed = advertised.find(({ port }) => port !== 0)
    await withNode(
      invocation,
      async (node, hosted) => {
        if (advertised.length > 0 && !isMade)
          output.progress(`${state}/planet is there already: --advertise is ignored`)
        const own = node.planet.roots.find(({ identity }) => identity.address === node.identity.address)
        if (!own)
          throw new ZtError('ZT_ROOT_UNLISTED', `the planet does not list node ${node.id} as a root`, {
            hint: 'zt planet create --root identity.public@IP/PORT makes a planet with it; zt root --advertise does that for a fresh state',
          })
        await using api = hosted ? await openControllerApi(invocation, state, hosted, node.port) : undefined
        const endpoints = own.endpoints.map(String)
        if (!own.endpoints.some(({ port }) => port === node.port))
          output.progress(
            `bound to UDP port ${node.port}, advertised at ${endpoints.join(' ')}: does something forward it?`,
          )
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
      {
        ...(advertised.length > 0 ? { planet } : {}),
        ...(controller ? { controller } : {}),
        ...(fixed ? { port: fixed.port } : {}),
      },
    )
  },
}

/** A controller signs with the identity of the node that it runs on. */
export function controllerOf(identity: SecretIdentity): Controller {
  return new Controller({ identity, random: new SystemRandom() })
}

/** Where `--advertise` says that this root is reached. Port 0 stands for the one that will be bound. */
function advertisedEndpoints({ values }: Invocation): Endpoint[] {
  const endpoints = texts(values, 'advertise')
    .flatMap((value) => value.split(','))
    .map(advertisedEndpoint)
  if (endpoints.length > 0 && values.planet !== undefined)
    throw new ZtError(
      'ZT_ARG_INVALID',
      '--advertise makes a planet and --planet takes one that is there: give one of them',
    )
  const port = text(values, 'port')
  const fixed = endpoints.find((endpoint) => endpoint.port !== 0)
  if (fixed && port !== undefined && portNumber(port, '--port', true) === 0)
    throw new ZtError('ZT_ARG_INVALID', `--port 0 lets the system choose a port, and --advertise ${fixed} names one`, {
      hint: `leave --port out to use ${fixed.port}, or advertise ${fixed.ip} alone`,
    })
  return endpoints
}

function advertisedEndpoint(value: string): Endpoint {
  const ip = IpAddress.tryParse(value)
  return ip ? new Endpoint(ip, 0) : Endpoint.parse(value)
}
