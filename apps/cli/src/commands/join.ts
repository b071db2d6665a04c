import { parseNetworkId } from '@zt/protocol'
import type { Command } from '../command.js'
import { describeNetwork } from '../describe.js'
import { nodeFlags } from '../flags.js'
import { join as joinNetwork, untilStopped, withNode } from '../with-node.js'

export const join: Command = {
  summary: 'join a network and print what it gives: addresses, routes, MTU',
  usage: 'NWID',
  details: `
Joins a network and prints the node id, the network's name, the addresses assigned, its routes and its MTU.
The network's controller must authorise the node on a private network: exit code 4 says it has not, with the node id
to authorise. Keep the node id between runs with --state.

  zt join 8056c2e21c000001 --state ./node
  zt join 8056c2e21c000001 --state ./node --stay      stay a member until Ctrl-C`,
  flags: { stay: { type: 'boolean', help: 'stay joined until stopped' }, ...nodeFlags },
  positionals: [1, 1],
  async run(invocation) {
    const id = parseNetworkId(invocation.positionals[0]!)
    await withNode(invocation, async (node) => {
      const network = await joinNetwork(invocation, node, id)
      const { value, text } = describeNetwork(node, network)
      invocation.output.result(value, text)
      if (!invocation.values.stay) return
      network.on('update', () => {
        const now = describeNetwork(node, network)
        invocation.output.result(now.value, now.text)
      })
      await untilStopped(invocation.signal)
    })
  },
}
