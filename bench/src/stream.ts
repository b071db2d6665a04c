import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { percentile } from './statistics.js'

/** The first byte of a connection says what it is for. */
const SINK = 1
const ECHO = 2

/** Round trips before those that count: every contestant is measured as compiled code. */
export const WARM_UP = 5000

const CHUNK = Buffer.alloc(64 * 1024, 0x5a)

export interface StreamResult {
  readonly bytesPerSecond: number
  readonly p50: number
  readonly p99: number
  readonly connectsPerSecond: number
}

/** Anything with net.Socket's manners. */
export type Stream = Duplex & { setNoDelay?(on: boolean): unknown }

/** The server's side: swallow and count, or echo. A sink answers each 4 bytes sent after its data with nothing but the end. */
export function serveStream(socket: Stream): void {
  socket.once('data', (first: Buffer) => {
    if (first[0] === ECHO) {
      if (first.length > 1) socket.write(first.subarray(1))
      socket.on('data', (bytes: Buffer) => socket.write(bytes))
      return
    }
    let received = first.length
    socket.on('data', (bytes: Buffer) => {
      received += bytes.length
    })
    socket.on('end', () => socket.end(String(received)))
  })
  socket.on('error', () => {}) // the client is gone; it reports
}

/** Bulk to a sink for a while, then round trips, then connects, one after the other. */
export async function measureStream(open: () => Stream, milliseconds: number): Promise<StreamResult> {
  const bytesPerSecond = await bulk(await opened(open, SINK), milliseconds)
  const echo = await opened(open, ECHO)
  await roundTrips(echo, WARM_UP)
  const times = await roundTrips(echo, 5000)
  echo.destroy()
  return {
    bytesPerSecond,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    connectsPerSecond: await connects(open, 500),
  }
}

async function opened(open: () => Stream, purpose: number): Promise<Stream> {
  const socket = open()
  await once(socket, 'connect')
  socket.setNoDelay?.(true)
  socket.write(Buffer.of(purpose))
  return socket
}

/** Bytes a second that the other side says it received. */
async function bulk(socket: Stream, milliseconds: number): Promise<number> {
  const start = performance.now()
  while (performance.now() - start < milliseconds) {
    if (!socket.write(CHUNK)) await once(socket, 'drain')
  }
  socket.end()
  let answer = ''
  socket.setEncoding('latin1')
  for await (const part of socket) answer += part
  return (Number(answer) * 1000) / (performance.now() - start)
}

function roundTrips(socket: Stream, count: number): Promise<number[]> {
  const probe = Buffer.alloc(64, 7)
  const times: number[] = []
  return new Promise((resolve) => {
    let at = 0
    let missing = 0
    const next = () => {
      at = performance.now()
      missing = probe.length
      socket.write(probe)
    }
    const onData = (bytes: Buffer) => {
      missing -= bytes.length
      if (missing > 0) return
      times.push(performance.now() - at)
      if (times.length < count) return next()
      socket.off('data', onData)
      resolve(times)
    }
    socket.on('data', onData)
    next()
  })
}

async function connects(open: () => Stream, count: number): Promise<number> {
  const start = performance.now()
  for (let i = 0; i < count; i++) {
    const socket = open()
    await once(socket, 'connect')
    socket.destroy()
  }
  return (count * 1000) / (performance.now() - start)
}
