import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import type { Command } from '../command.js'
import { networkFlags, portNumber } from '../flags.js'
import { withNetworks } from '../with-node.js'

export const nc: Command = {
  summary: 'stdin and stdout over TCP',
  usage: 'HOST PORT',
  details: `
Connects and copies stdin to the connection and the connection to stdout. The end of stdin ends our side; the end of
the other side ends the command.

  echo hello | zt nc 10.147.17.5 7 --network 8056c2e21c000001
  ssh -o ProxyCommand='zt nc %h %p --network 8056c2e21c000001 --state ~/.zt' user@10.147.17.5`,
  flags: networkFlags,
  positionals: [2, 2],
  async run(invocation) {
    const [host, port] = invocation.positionals as [string, string]
    const number = portNumber(port, 'PORT')
    await withNetworks(invocation, async (networks, node) => {
      const socket = (networks.length === 1 ? networks[0]! : node).connect({
        host,
        port: number,
        allowHalfOpen: true,
        signal: invocation.signal,
      })
      await once(socket, 'connect')
      invocation.output.progress(`connected to ${host} port ${port}`)
      // When the other side has ended, what is still typed has nowhere to go.
      const sending = pipeline(process.stdin, socket).catch((error: Error) => {
        if (!socket.readableEnded) throw error
      })
      const receiving = async () => {
        for await (const bytes of socket as AsyncIterable<Buffer>) await invocation.output.bytes(bytes)
        process.stdin.destroy()
      }
      await Promise.all([sending, receiving()])
    })
  },
}
