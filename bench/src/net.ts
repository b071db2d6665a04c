import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { measureStream, serveStream, type StreamResult } from './stream.js'
import { Peer } from './peer.js'

/** Node's own TCP over loopback between two processes. */
export async function measureNet(milliseconds: number): Promise<StreamResult> {
  const peer = new Peer('net')
  const port = await peer.next<number>()
  const result = await measureStream(() => connect({ port, host: '127.0.0.1', noDelay: true }), milliseconds)
  await peer.stop()
  return result
}

export async function netRole(): Promise<void> {
  const server = createServer({ noDelay: true }, serveStream)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.send!((server.address() as AddressInfo).port)
}
