import { once } from 'node:events'
import type { ZeroTier } from '@zt/libzt'
import { IpAddress, ZtError } from '@zt/sansio'
import type { Command } from '../command.js'
import { receiveAll, sendPattern } from '../demo/bulk.js'
import { formatBytes, formatSpeed } from '../describe.js'
import { byteCount, networkFlags, portNumber, required, text, times } from '../flags.js'
import type { Output } from '../output.js'
import { untilStopped, withNetworks } from '../with-node.js'

type TcpSocket = ReturnType<ZeroTier['connect']>

/** The first byte of a connection to `bench recv`: count and hash what comes, or send it back. */
const COUNT = 1
const ECHO = 2

export const benchRecv: Command = {
  summary: 'the receiving side of zt bench send and zt bench ping',
  usage: 'PORT',
  details: `
Receives what zt bench send sends, hashes it and answers with the hash; sends back what zt bench ping sends.

  zt bench recv 5001 --network 8056c2e21c000001 --state ./node`,
  flags: networkFlags,
  positionals: [1, 1],
  async run(invocation) {
    const { output, positionals, signal } = invocation
    const port = portNumber(positionals[0]!, 'PORT')
    await withNetworks(invocation, async (networks, node) => {
      for (const network of networks) {
        const server = await network.listen({ port, signal, allowHalfOpen: true })
        server.on('connection', (socket) => {
          const from = `${socket.remoteAddress}`
          socket.on('error', () => {}) // whoever reads is told too
          receive(socket, from, output).catch((error: Error) => output.progress(`${from}: ${error.message}`))
        })
        const addresses = network.addresses.map(({ address }) => String(address))
        output.result(
          { event: 'listening', node: node.id, network: network.id, port, addresses },
          `receiving on port ${port} of ${addresses.join(' ')}`,
        )
      }
      await untilStopped(signal)
    })
  },
}

async function receive(socket: TcpSocket, from: string, output: Output): Promise<void> {
  await once(socket, 'readable')
  const purpose = (socket.read(1) as Buffer | null)?.[0]
  if (purpose === ECHO) return void socket.pipe(socket)
  const start = performance.now()
  const { bytes, sha256 } = await receiveAll(socket)
  const milliseconds = performance.now() - start
  socket.end(sha256)
  output.result(
    { event: 'received', from, bytes, sha256, milliseconds },
    `${from}: ${formatBytes(bytes)} in ${(milliseconds / 1000).toFixed(2)} s, ${formatSpeed(bytes, milliseconds)}, sha256 ${sha256}`,
  )
}

export const benchSend: Command = {
  summary: 'throughput to a zt bench recv',
  usage: 'IP PORT',
  details: `
Sends bytes to a zt bench recv, checks that it received the same, and prints the speed.

  zt bench send 10.147.17.5 5001 --bytes 100M --network 8056c2e21c000001`,
  flags: { bytes: { type: 'string', value: 'N', help: 'how many: 1000000, 64k, 100M (needed)' }, ...networkFlags },
  positionals: [2, 2],
  async run(invocation) {
    const { output, positionals, values, signal } = invocation
    const [ip, port] = target(positionals)
    const total = byteCount(required(values, 'bytes', 'how much to send'), '--bytes')
    await withNetworks(invocation, async (networks, node) => {
      const network = networks.length === 1 ? networks[0]! : node.networkFor(ip)
      const socket = network.connect({ host: String(ip), port, allowHalfOpen: true, signal })
      await once(socket, 'connect')
      const start = performance.now()
      socket.write(Buffer.of(COUNT))
      const sha256 = await sendPattern(socket, 1, total)
      let answer = ''
      for await (const part of socket as AsyncIterable<Buffer>) answer += part.toString()
      const milliseconds = performance.now() - start
      if (answer !== sha256)
        throw new ZtError(
          'ZT_BENCH_CORRUPT',
          `${ip} received other bytes than were sent: sha256 ${answer || 'none'} instead of ${sha256}`,
        )
      const path = network.pathTo(ip)
      output.result(
        { bytes: total, milliseconds, bitsPerSecond: (total * 8000) / milliseconds, sha256, path },
        `${formatBytes(total)} in ${(milliseconds / 1000).toFixed(2)} s: ${formatSpeed(total, milliseconds)} (${path}), sha256 equal`,
      )
    })
  },
}

export const benchPing: Command = {
  summary: 'TCP round trips to a zt bench recv',
  usage: 'IP PORT',
  details:
    'Sends 64 bytes back and forth over one connection and prints the median and the tail.\n\n  zt bench ping 10.147.17.5 5001 --network 8056c2e21c000001',
  flags: { count: { type: 'string', value: 'N', help: 'how many round trips (default: 1000)' }, ...networkFlags },
  positionals: [2, 2],
  async run(invocation) {
    const { output, positionals, values, signal } = invocation
    const [ip, port] = target(positionals)
    const count = times(text(values, 'count'), '--count', 1000)
    await withNetworks(invocation, async (networks, node) => {
      const network = networks.length === 1 ? networks[0]! : node.networkFor(ip)
      const socket = network.connect({ host: String(ip), port, noDelay: true, signal })
      await once(socket, 'connect')
      socket.write(Buffer.of(ECHO))
      const probe = Buffer.alloc(64, 0x5a)
      const times: number[] = []
      for (let i = 0; i < count; i++) {
        const start = performance.now()
        socket.write(probe)
        for (let missing = probe.length; missing > 0;) {
          const part = socket.read() as Buffer | null
          if (part) missing -= part.length
          else await once(socket, 'readable')
        }
        times.push(performance.now() - start)
      }
      socket.destroy()
      times.sort((a, b) => a - b)
      const at = (share: number) => times[Math.min(count - 1, Math.floor(count * share))]!
      const path = network.pathTo(ip)
      output.result(
        { count, p50: at(0.5), p99: at(0.99), max: at(1), path },
        `${count} round trips: median ${at(0.5).toFixed(3)} ms, 99 % below ${at(0.99).toFixed(3)} ms (${path})`,
      )
    })
  },
}

function target(positionals: readonly string[]): [IpAddress, number] {
  return [IpAddress.parse(positionals[0]!), portNumber(positionals[1]!, 'PORT')]
}
