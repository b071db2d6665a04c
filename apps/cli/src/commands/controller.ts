import type { Command } from '../command.js'
import { nodeFlags } from '../flags.js'
import { openControllerApi, requireState } from '../hosting.js'
import { untilStopped, withNode } from '../with-node.js'
import { controllerOf } from './root.js'

export const controller: Command = {
  summary: 'run a network controller',
  usage: '',
  details: `
Runs a network controller: authorises members, assigns addresses, signs what members show each other. Networks are kept
in --state, in the files of ZeroTierOne's controller, and managed through its local HTTP interface:

  zt controller --state ./controller --planet planet --port 9994
  curl -H "X-ZT1-Auth: $(cat controller/authtoken.secret)" -d '{"name":"mine","private":true}' \\
       http://127.0.0.1:9994/controller/network/${'<node id>'}______
  curl -H "X-ZT1-Auth: $(cat controller/authtoken.secret)" -d '{"authorized":true}' \\
       http://127.0.0.1:9994/controller/network/${'<network id>'}/member/${'<node id>'}`,
  flags: {
    'api-port': { type: 'string', value: 'N', help: 'TCP port of the HTTP interface (default: the UDP port)' },
    ...nodeFlags,
  },
  positionals: [0, 0],
  async run(invocation) {
    const { output, signal } = invocation
    const state = requireState(invocation)
    await withNode(
      invocation,
      async (node, hosted) => {
        await using api = await openControllerApi(invocation, state, hosted!, node.port)
        output.result(
          {
            event: 'controller',
            node: node.id,
            port: node.port,
            api: api.url,
            networks: hosted!.networks().map(({ id }) => id),
          },
          `controller ${node.id} on UDP port ${node.port}, HTTP interface at ${api.url}`,
        )
        await untilStopped(signal)
      },
      { controller: controllerOf },
    )
  },
}
