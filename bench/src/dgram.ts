import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { Peer } from './peer.js'
import { percentile } from './statistics.js'
import { WARM_UP } from './stream.js'

/** Datagram sizes of one full 2800-byte frame of a ZeroTier network. */
const HEAD = Buffer.alloc(1432, 1)
const TAIL = Buffer.alloc(1422, 2)
const ACK = Buffer.alloc(64, 3)
const WINDOW = 128

export interface DgramCeiling {
  readonly packetsPerSecond: number
  readonly bytesPerSecond: number
  readonly p50: number
  readonly p99: number
}

/** What dgram itself can do on loopback: two datagrams a frame, one 64-byte datagram back every two frames. */
export async function measureDgram(milliseconds: number): Promise<DgramCeiling> {
  const peer = new Peer('dgram')
  const port = await peer.next<number>()
  const socket = await open()
  const bulk = await flood(socket, port, milliseconds)
  await pingPong(socket, port, WARM_UP)
  const times = await pingPong(socket, port, 5000)
  socket.close()
  await peer.stop()
  return { ...bulk, p50: percentile(times, 0.5), p99: percentile(times, 0.99) }
}

/** The other side: acknowledges every second tail, and echoes what begins with a 9. */
export async function dgramRole(): Promise<void> {
  const socket = await open()
  let frames = 0
  socket.on('message', (bytes, from) => {
    if (bytes[0] === 9) socket.send(bytes, from.port, from.address)
    else if (bytes[0] === 2 && ++frames % 2 === 0) socket.send(ACK, from.port, from.address)
  })
  process.send!(socket.address().port)
}

async function open(): Promise<Socket> {
  // Addresses are literals: a synchronous lookup sends at once instead of on the next tick.
  const socket = createSocket({
    type: 'udp4',
    recvBufferSize: 4 << 20,
    sendBufferSize: 1 << 20,
    lookup: (ip, _options, done) => done(null, ip, 4),
  })
  const listening = once(socket, 'listening') // before bind: with that lookup it happens at once
  socket.bind(0, '127.0.0.1')
  await listening
  return socket
}

function flood(
  socket: Socket,
  port: number,
  milliseconds: number,
): Promise<{ packetsPerSecond: number; bytesPerSecond: number }> {
  return new Promise((resolve) => {
    let sent = 0
    let acked = 0
    const start = performance.now()
    let lastAck = start
    const pump = () => {
      while (sent - acked < WINDOW) {
        socket.send(HEAD, port, '127.0.0.1')
        socket.send(TAIL, port, '127.0.0.1')
        sent++
      }
    }
    const watchdog = setInterval(() => {
      if (performance.now() - lastAck > 40) acked = sent // lost acknowledgements: start over with an empty window
      pump()
    }, 20)
    let delivered = 0
    const onMessage = () => {
      acked = Math.min(sent, acked + 2)
      delivered += 2
      lastAck = performance.now()
      const elapsed = lastAck - start
      if (elapsed < milliseconds) return pump()
      clearInterval(watchdog)
      socket.off('message', onMessage)
      resolve({
        packetsPerSecond: (delivered * 2 * 1000) / elapsed,
        bytesPerSecond: (delivered * (HEAD.length + TAIL.length) * 1000) / elapsed,
      })
    }
    socket.on('message', onMessage)
    pump()
  })
}

function pingPong(socket: Socket, port: number, count: number): Promise<number[]> {
  const probe = Buffer.alloc(64, 9)
  const times: number[] = []
  return new Promise((resolve) => {
    let at = 0
    const next = () => {
      at = performance.now()
      socket.send(probe, port, '127.0.0.1')
    }
    const lost = setInterval(() => performance.now() - at > 100 && next(), 100)
    const onMessage = (bytes: Buffer) => {
      if (bytes[0] !== 9) return // an acknowledgement of the flood, late
      times.push(performance.now() - at)
      if (times.length < count) return next()
      clearInterval(lost)
      socket.off('message', onMessage)
      resolve(times)
    }
    socket.on('message', onMessage)
    next()
  })
}
