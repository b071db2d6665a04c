// An ordinary HTTP and UDP server on the kernel's own stack, the counterpart of `zt listen` and `zt udp-listen`.
import { createHash } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:http'

const [httpPort, udpPort] = process.argv.slice(2).map(Number)

const server = createServer(async (request, response) => {
  const bytes = /^\/bytes\/(\d+)$/.exec(request.url ?? '')
  if (bytes) return void response.end(Buffer.alloc(Number(bytes[1]), 'genuine '))
  const hash = createHash('sha256')
  let received = 0
  for await (const part of request) {
    hash.update(part)
    received += part.length
  }
  response.end(
    JSON.stringify({ server: 'plain', from: request.socket.remoteAddress, received, sha256: hash.digest('hex') }),
  )
})
server.listen(httpPort, '::', () => {
  const udp = createSocket({ type: 'udp6', ipv6Only: false })
  udp.on('message', (message, from) => {
    if (String(message).trim() === 'ping') udp.send('pong', from.port, from.address)
  })
  udp.bind(udpPort, '::', () => console.log(JSON.stringify({ event: 'listening' })))
})
