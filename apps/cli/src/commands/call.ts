import { type IncomingMessage, request } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { ZtError } from '@zt/sansio'
import type { Command } from '../command.js'
import { openFile } from '../files.js'
import { networkFlags, text } from '../flags.js'
import { withNetworks } from '../with-node.js'

export const call: Command = {
  summary: 'HTTP request over the network; the body goes to stdout',
  usage: 'URL',
  details: `
Sends one HTTP request to an address of a joined network and writes the body to stdout. With --json the status, the
headers and the body (as text) are one object. A status of 400 or more is exit code 1.

  zt call http://10.147.17.5:8080/ --network 8056c2e21c000001
  zt call http://10.147.17.5:8080/upload --data @file.bin --network 8056c2e21c000001`,
  flags: {
    data: { type: 'string', value: 'TEXT|@FILE', help: 'send this body, with POST' },
    method: { type: 'string', value: 'NAME', help: 'request method (default: GET, or POST with --data)' },
    ...networkFlags,
  },
  positionals: [1, 1],
  async run(invocation) {
    const { output, positionals, values, signal } = invocation
    const url = httpUrl(positionals[0]!)
    const data = text(values, 'data')
    await using file = data?.startsWith('@') ? await openFile(data.slice(1)) : undefined
    const method = text(values, 'method') ?? (data === undefined ? 'GET' : 'POST')
    await withNetworks(invocation, async (networks, node) => {
      const agent = networks.length === 1 ? networks[0]!.agent() : node.agent()
      try {
        const response = await new Promise<IncomingMessage>((resolve, reject) => {
          const outgoing = request(url, { method, agent, signal }, resolve)
          outgoing.on('error', reject)
          if (file) pipeline(file.createReadStream(), outgoing).catch(reject)
          else outgoing.end(data)
        })
        const status = response.statusCode ?? 0
        if (output.json) {
          const chunks: Buffer[] = []
          for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
          output.result({ status, headers: response.headers, body: Buffer.concat(chunks).toString() }, '')
        } else {
          for await (const chunk of response as AsyncIterable<Buffer>) {
            await output.bytes(chunk)
          }
        }
        if (status >= 400) throw new ZtError('ZT_HTTP_STATUS', `${url} answered ${status} ${response.statusMessage}`)
      } finally {
        agent.destroy()
      }
    })
  },
}

function httpUrl(value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url?.protocol !== 'http:')
    throw new ZtError('ZT_ARG_INVALID', `expected a URL such as http://10.147.17.5:8080/, got ${JSON.stringify(value)}`)
  return url
}
