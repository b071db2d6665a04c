/** The same programs on `node:net` over loopback and on ours over two stacks: what they observe must be the same. */
import { once } from 'node:events'
import net from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { TcpServer, TcpSocket } from '../src/index.js'
import { B4, world } from './world.js'

interface SocketLike extends Duplex {
  readonly readyState: string
  readonly bytesRead: number
  readonly bytesWritten: number
  resetAndDestroy(): unknown
  destroySoon(): unknown
}

/** One connection, by whichever implementation. */
interface Ends {
  readonly client: SocketLike
  readonly server: SocketLike
}

type Program = (ends: Ends, log: (line: string) => void) => void

const EVENTS = ['connect', 'ready', 'end', 'finish', 'error', 'close', 'drain', 'timeout']

/** What both ends observe, each in its own order, until both have closed. */
async function observe(
  ends: Ends,
  program: Program,
  until: <T>(promise: Promise<T>) => Promise<T>,
): Promise<Record<string, string[]>> {
  const seen: Record<string, string[]> = { client: [], server: [] }
  for (const who of ['client', 'server'] as const) {
    const socket = ends[who]
    for (const event of EVENTS) {
      socket.on(event, (...args: unknown[]) => {
        const detail = args.map((arg) => (arg instanceof Error ? (arg as NodeJS.ErrnoException).code : arg)).join()
        seen[who].push(detail === '' ? event : `${event} ${detail}`)
      })
    }
  }
  const closed = Promise.all(
    [ends.client, ends.server].map((socket) => new Promise<void>((done) => socket.once('close', () => done()))),
  )
  program(ends, (line) => seen.client.push(line))
  await until(closed)
  for (const who of ['client', 'server'] as const) {
    const { readyState, bytesRead, bytesWritten, destroyed, readableEnded, writableFinished } = ends[who]
    seen[who].push(JSON.stringify({ readyState, bytesRead, bytesWritten, destroyed, readableEnded, writableFinished }))
  }
  return seen
}

async function byNet(program: Program, allowHalfOpen: boolean): Promise<Record<string, string[]>> {
  const listener = net.createServer({ allowHalfOpen }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const accepted = once(listener, 'connection') as Promise<[net.Socket]>
  const client = net.connect({ port: (listener.address() as net.AddressInfo).port, host: '127.0.0.1', allowHalfOpen })
  const [[server]] = await Promise.all([accepted, once(client, 'connect')])
  const seen = await observe({ client, server }, program, (promise) => promise)
  listener.close()
  return seen
}

async function byOurs(program: Program, allowHalfOpen: boolean): Promise<Record<string, string[]>> {
  const w = world()
  const listener = await new TcpServer(w.b, { allowHalfOpen }).listenAsync({ port: 80 })
  const accepted = once(listener, 'connection') as Promise<[TcpSocket]>
  const client = TcpSocket.connect(w.a, { port: 80, host: B4, allowHalfOpen })
  const [[server]] = await w.until(Promise.all([accepted, once(client, 'connect')]))
  const seen = await observe({ client, server }, program, w.until)
  expect([w.a.openSockets, listener.connections]).toEqual([0, 0])
  return seen
}

const twoSided: Record<string, Program> = {
  'both end at once': ({ client, server }) => {
    client.resume()
    server.resume()
    client.end('a')
    server.end('b')
  },
  'question and answer': ({ client, server }) => {
    let question = ''
    server.on('data', (chunk) => (question += String(chunk)))
    server.on('end', () => server.writable && server.end(`re: ${question}`))
    client.resume()
    client.end('question')
  },
  'the client resets': ({ client, server }) => {
    server.resume()
    client.resetAndDestroy()
  },
  'the server writes after the client has ended': ({ client, server }, log) => {
    server.resume()
    client.on('data', (chunk) => log(`data ${String(chunk)}`))
    server.on('end', () => {
      if (!server.writableEnded) server.end('late')
    })
    client.end('x')
  },
}

/** Where one side never ends by itself: with half-open sockets they would wait for ever, on either implementation. */
const oneSided: Record<string, Program> = {
  'the client ends, nobody reads': ({ client }) => void client.end(),
  'the client ends with data, the server reads': ({ client, server }) => {
    server.resume()
    client.end('hello')
  },
  'the server ends with data, the client reads': ({ client, server }) => {
    client.resume()
    server.end('hello')
  },
  'the client destroys': ({ client, server }) => {
    server.resume()
    client.destroy()
  },
  'the client destroys with an error of its own': ({ client, server }) => {
    server.resume()
    client.destroy(Object.assign(new Error('mine'), { code: 'EMINE' }))
  },
  'the client destroys soon': ({ client, server }) => {
    server.resume()
    client.write('last words')
    client.destroySoon()
  },
  'the client writes after its end': ({ client, server }) => {
    server.resume()
    client.end('x')
    client.write('y')
  },
  'a megabyte with back-pressure': ({ client, server }) => {
    server.resume()
    let left = 16
    const more = (): void => {
      while (left > 0) {
        left--
        if (!client.write(Buffer.alloc(65_536)) && left > 0) return
      }
      client.end()
    }
    client.once('drain', function again() {
      if (left > 0) client.once('drain', again)
      more()
    })
    more()
  },
}

/** How often the buffer is full depends on the speed of the network. */
const withoutDrain = (seen: Record<string, string[]>): Record<string, string[]> =>
  Object.fromEntries(Object.entries(seen).map(([who, lines]) => [who, lines.filter((line) => line !== 'drain')]))

describe.each([
  [false, { ...twoSided, ...oneSided }],
  [true, twoSided],
])('sockets are like those of node:net, allowHalfOpen %s', (allowHalfOpen, programs) => {
  for (const [name, program] of Object.entries(programs)) {
    test(name, async () => {
      expect(withoutDrain(await byOurs(program, allowHalfOpen))).toEqual(
        withoutDrain(await byNet(program, allowHalfOpen)),
      )
    })
  }
})
