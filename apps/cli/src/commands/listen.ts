import { createServer } from 'node:http'
import type { Command } from '../command.js'
import { networkFlags, portNumber } from '../flags.js'
import { answerRequest } from '../http-answer.js'
import { untilStopped, withNetworks } from '../with-node.js'

export const listen: Command = {
  summary: 'HTTP server on every managed address; logs requests, answers 200',
  usage: 'PORT',
  details: `
Serves HTTP on every address that the networks assign, IPv4 and IPv6. Each request is logged and answered with 200 and
a line that says who asked. POST and PUT bodies are counted and hashed: the answer gives their length and SHA-256.
GET /bytes/N answers with N bytes.

  zt listen 8080 --network 8056c2e21c000001 --state ./node`,
  flags: networkFlags,
  positionals: [1, 1],
  async run(invocation) {
    const { output, signal, positionals } = invocation
    const port = portNumber(positionals[0]!, 'PORT')
    await withNetworks(invocation, async (networks, node) => {
      const server = createServer(answerRequest(output, node.id))
      for (const network of networks) {
        await network.serveHttp(server, { port, signal })
        const urls = network.addresses.map(
          ({ address }) => `http://${address.isV6 ? `[${address}]` : address}:${port}/`,
        )
        output.result(
          { event: 'listening', node: node.id, network: network.id, port, urls },
          `listening on ${urls.join(' ')}`,
        )
      }
      await untilStopped(signal)
      server.closeAllConnections()
    })
  },
}
