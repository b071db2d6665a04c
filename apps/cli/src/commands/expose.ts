import { connect } from 'node:net'
import { pipeline } from 'node:stream/promises'
import type { Command } from '../command.js'
import { hostAndPort, networkFlags, portNumber, required } from '../flags.js'
import { untilStopped, withNetworks } from '../with-node.js'

export const expose: Command = {
  summary: 'TCP listener inside the network, forwarded to a local service',
  usage: 'PORT',
  details: `
Accepts TCP connections on every managed address and forwards each to a service that this machine can reach.

  zt expose 5432 --to localhost:5432 --network 8056c2e21c000001 --state ./node`,
  flags: { to: { type: 'string', value: 'HOST:PORT', help: 'the service to forward to' }, ...networkFlags },
  positionals: [1, 1],
  async run(invocation) {
    const { output, positionals, values, signal } = invocation
    const port = portNumber(positionals[0]!, 'PORT')
    const service = required(values, 'to', 'the service to forward to')
    const target = hostAndPort(service, '--to')
    await withNetworks(invocation, async (networks, node) => {
      for (const network of networks) {
        const server = await network.listen({ port, signal, allowHalfOpen: true })
        server.on('connection', (inside) => {
          const from = `${inside.remoteAddress}:${inside.remotePort}`
          const outside = connect({ ...target, allowHalfOpen: true })
          output.result({ event: 'connection', from, to: service }, `${from} -> ${service}`)
          // Each direction ends on its own; an error on either side ends both.
          void Promise.all([pipeline(inside, outside), pipeline(outside, inside)]).catch((error: Error) => {
            output.progress(`${from}: ${error.message}`)
            inside.destroy()
            outside.destroy()
          })
        })
        const addresses = network.addresses.map(({ address }) => String(address))
        output.result(
          { event: 'listening', node: node.id, network: network.id, port, addresses, to: service },
          `forwarding port ${port} of ${addresses.join(' ')} to ${service}`,
        )
      }
      await untilStopped(signal)
    })
  },
}
