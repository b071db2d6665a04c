import { createHash } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import type { Output } from './output.js'

const BLOCK = Buffer.from(Array.from({ length: 65536 }, (_, i) => (i * 31 + (i >> 8)) & 0xff))

/** What `zt listen` answers: a line for GET, `/bytes/N` with N bytes, the length and hash of what is sent. */
export function answerRequest(output: Output, node: string): RequestListener {
  return (request, response) => {
    const from = request.socket.remoteAddress ?? '?'
    void answer(request, response, node, from).then(
      (bytes) =>
        output.result(
          { event: 'request', method: request.method, url: request.url, from, bytes },
          `${from} ${request.method} ${request.url} ${bytes}`,
        ),
      () => response.destroy(), // the client went away in the middle
    )
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, node: string, from: string): Promise<number> {
  const hash = createHash('sha256')
  let received = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    hash.update(part)
    received += part.length
  }
  const wanted = /^\/bytes\/(\d{1,12})$/.exec(request.url ?? '')
  if (wanted) {
    await sendBytes(response, Number(wanted[1]))
    return Number(wanted[1])
  }
  const said =
    received > 0
      ? { node, from, received, sha256: hash.digest('hex') }
      : { node, from, hello: 'from a user-space TCP/IP stack' }
  response.setHeader('content-type', 'application/json')
  response.end(`${JSON.stringify(said)}\n`)
  return received
}

async function sendBytes(response: ServerResponse, count: number): Promise<void> {
  response.setHeader('content-length', count)
  response.setHeader('content-type', 'application/octet-stream')
  await pipeline(blocks(count), response)
}

function* blocks(count: number): Generator<Buffer> {
  for (let left = count; left > 0; left -= BLOCK.length) yield left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK
}
