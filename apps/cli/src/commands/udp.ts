import { once } from 'node:events'
import type { Command } from '../command.js'
import { ipAndPort, networkFlags, portNumber, required } from '../flags.js'
import { untilStopped, withNetworks } from '../with-node.js'

/** How long to look for a member that does not answer pings, in milliseconds, before a datagram is sent to it anyway. */
const FIND_TIMEOUT = 3000

export const udpListen: Command = {
  summary: 'print datagrams; answers ping with pong',
  usage: 'PORT',
  details: `
Prints every datagram that arrives on a UDP port of any managed address, and answers "ping" with "pong".

  zt udp-listen 9999 --network 8056c2e21c000001 --state ./node`,
  flags: networkFlags,
  positionals: [1, 1],
  async run(invocation) {
    const { output, positionals, signal } = invocation
    const port = portNumber(positionals[0]!, 'PORT')
    await withNetworks(invocation, async (networks, node) => {
      for (const network of networks) {
        for (const type of ['udp4', 'udp6'] as const) {
          const socket = network.createSocket({ type, ipv6Only: type === 'udp6' })
          socket.on('message', (bytes, from) => {
            const data = bytes.toString()
            output.result(
              { event: 'datagram', from: from.address, port: from.port, data },
              `${from.address} port ${from.port}: ${data}`,
            )
            if (data.trim() === 'ping') socket.send('pong', from.port, from.address, () => {}) // may be lost, as any datagram
          })
          socket.on('error', (error) => output.progress(error.message))
          socket.bind(port)
          await once(socket, 'listening')
        }
        const addresses = network.addresses.map(({ address }) => String(address))
        output.result(
          { event: 'listening', node: node.id, network: network.id, port, addresses },
          `listening on UDP port ${port} of ${addresses.join(' ')}`,
        )
      }
      await untilStopped(signal)
    })
  },
}

export const udpSend: Command = {
  summary: 'send a datagram, and wait for an answer if asked to',
  usage: '',
  details: `
Sends one datagram. With --wait it is sent again every second until an answer comes, which is printed.

  zt udp-send --to 10.147.17.5:9999 --data ping --wait --network 8056c2e21c000001`,
  flags: {
    to: { type: 'string', value: 'IP:PORT', help: 'where to' },
    data: { type: 'string', value: 'TEXT', help: 'what to send' },
    wait: { type: 'boolean', help: 'wait for an answer and print it' },
    ...networkFlags,
  },
  positionals: [0, 0],
  async run(invocation) {
    const { output, values, signal } = invocation
    const to = ipAndPort(required(values, 'to', 'where to send'), '--to')
    const data = required(values, 'data', 'what to send')
    await withNetworks(invocation, async (networks, node) => {
      const network = networks.length === 1 ? networks[0]! : node.networkFor(to.ip)
      const socket = network.createSocket(to.ip.isV4 ? 'udp4' : 'udp6')
      const send = () =>
        new Promise<void>((resolve, reject) =>
          socket.send(data, to.port, String(to.ip), (error) => (error ? reject(error) : resolve())),
        )
      if (values.wait) {
        await send()
        const again = setInterval(() => void send().catch(() => {}), 1000) // a failure shows as no answer
        try {
          const [bytes, from] = (await once(socket, 'message', { signal })) as [
            Buffer,
            { address: string; port: number },
          ]
          output.result({ from: from.address, port: from.port, data: bytes.toString() }, bytes.toString())
        } finally {
          clearInterval(again)
        }
      } else {
        // A member has to be found before anything can go to it, and this node does not stay: a ping finds it.
        if (!to.ip.isMulticast) await network.ping(to.ip, { signal, timeoutMs: FIND_TIMEOUT }).catch(() => {})
        await send()
        output.result({ sent: Buffer.byteLength(data), to }, `sent ${Buffer.byteLength(data)} bytes to ${to}`)
      }
      socket.close()
    })
  },
}
