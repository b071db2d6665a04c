import type { EventEmitter } from 'node:events'
import type { Server } from 'node:http'
import type { TcpServer } from '../tcp-server.js'

/**
 * Let a stock `http.Server` serve the connections of a TCP server, in addition to others it may have. From then on
 * `close`, `address` and `listening` of the HTTP server are about these too: `server.close()` closes the TCP servers, and
 * 'close' comes when all of that has ended.
 *
 *     serveHttp(http.createServer(app), await new TcpServer(host).listenAsync({ port: 80 }))
 */
export function serveHttp(server: Server, connections: TcpServer): void {
  const fed = feeds.get(server)
  if (fed) fed.add(connections)
  else adopt(server, connections)
  connections.on('connection', (socket) => (server as EventEmitter).emit('connection', socket))
  connections.once('close', () => feeds.get(server)?.delete(connections))
  // An http.Server that never listened has no time-outs of its own: it sets them up at this event.
  if (connections.listening) server.emit('listening')
  else connections.once('listening', () => server.emit('listening'))
}

/** The TCP servers of each HTTP server. */
const feeds = new WeakMap<Server, Set<TcpServer>>()

function adopt(server: Server, first: TcpServer): void {
  const fed = new Set([first])
  feeds.set(server, fed)
  const nativeClose = server.close.bind(server)
  const nativeAddress = server.address.bind(server)
  const isNative = (): boolean => nativeAddress() !== null
  server.address = () => nativeAddress() ?? [...fed][0]?.address() ?? null
  Object.defineProperty(server, 'listening', {
    configurable: true,
    get: () => isNative() || [...fed].some(({ listening }) => listening),
  })
  let isClosing = false
  server.close = (onClose) => {
    const open = [...fed].filter(({ listening, connections }) => listening || connections > 0)
    // A server that also listens on the system's own network ends as it always did, and takes ours with it.
    if (open.length === 0 || isNative()) {
      for (const connections of open) connections.close()
      return nativeClose(onClose)
    }
    if (onClose) server.once('close', () => onClose())
    if (isClosing) return server
    isClosing = true
    let left = open.length
    for (const connections of open) {
      connections.once('close', () => {
        if (--left > 0) return
        isClosing = false
        nativeClose() // stops its timers and emits 'close', although it never listened itself
      })
      if (connections.listening) connections.close()
    }
    server.closeIdleConnections()
    return server
  }
}
