import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { Endpoint, IpAddress } from '@zt/sansio'
import { datagramPortCases } from '@zt/testkit'
import { afterEach, describe, expect, test } from 'vitest'
import { createDatagramPort, type DatagramPortOptions, type NodeDatagramPort } from '../src/index.js'

const opened: NodeDatagramPort[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((port) => port.close()))
})

async function open(options: DatagramPortOptions = { bind: ['127.0.0.1'] }): Promise<NodeDatagramPort> {
  const port = await createDatagramPort(options)
  opened.push(port)
  return port
}

/** The next `count` datagrams, copied. */
function receive(port: NodeDatagramPort, count = 1): Promise<{ socket: number; from: Endpoint; bytes: Uint8Array }[]> {
  const got: { socket: number; from: Endpoint; bytes: Uint8Array }[] = []
  return new Promise((resolve) => {
    port.receiver = {
      handleDatagram: (socket, from, bytes) => {
        got.push({ socket, from, bytes: Uint8Array.from(bytes) })
        if (got.length === count) resolve(got)
      },
    }
  })
}

const hasV6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'))

describe('a port of the system complies', () => {
  const cases = datagramPortCases(async () => {
    const [a, b] = [await open(), await open()]
    const until = (predicate: () => boolean): Promise<void> =>
      new Promise((resolve) => {
        const look = (): unknown => (predicate() ? resolve() : setImmediate(look))
        look()
      })
    const close = async (): Promise<void> => {
      await Promise.all([a.close(), b.close()])
    }
    return { a, b, toB: b.sockets[0].local, until, close }
  })
  for (const { name, run } of cases) test(name, run)
})

describe('createDatagramPort', () => {
  test('sends from an offset and says where a datagram came from', async () => {
    const [a, b] = [await open(), await open()]
    const arrival = receive(b)
    expect(a.send(1, b.sockets[0].local, Uint8Array.of(0, 1, 2, 3, 4), 1, 3)).toBe(true)
    const [{ socket, from, bytes }] = await arrival
    expect(socket).toBe(b.sockets[0].id)
    expect(from).toEqual(a.sockets[0].local)
    expect(bytes).toEqual(Uint8Array.of(1, 2, 3))
  })

  test('borrows bytes only for the call, and one sender is one Endpoint object', async () => {
    const [a, b] = [await open(), await open()]
    const arrival = receive(b, 20)
    const bytes = new Uint8Array(3000)
    for (let i = 0; i < 20; i++) {
      bytes.fill(i)
      a.send(1, b.sockets[0].local, bytes, 0, i % 2 ? 3000 : 1000)
      bytes.fill(0xee)
    }
    const got = await arrival
    expect(got.map(({ bytes }) => bytes.length)).toEqual(Array.from({ length: 20 }, (_, i) => (i % 2 ? 3000 : 1000)))
    expect(got.every(({ bytes }, i) => bytes.every((byte) => byte === i))).toBe(true)
    expect(new Set(got.map(({ from }) => from)).size).toBe(1)
  })

  test('listens on one port for IPv4 and IPv6 unless told otherwise', async () => {
    const port = await open({})
    expect(port.sockets[0].local.ip).toEqual(IpAddress.parse('0.0.0.0'))
    expect(new Set(port.sockets.map(({ local }) => local.port)).size).toBe(1)
    expect(new Set(port.sockets.map(({ id }) => id)).size).toBe(port.sockets.length)
    if (!hasV6) return
    expect(port.sockets[1].local.ip).toEqual(IpAddress.parse('::'))
    const arrival = receive(port)
    const six = await open({ bind: ['::1'] })
    six.send(1, new Endpoint(IpAddress.parse('::1'), port.sockets[1].local.port), Uint8Array.of(6), 0, 1)
    expect((await arrival)[0]).toMatchObject({ socket: 2, bytes: Uint8Array.of(6) })
  })

  test('refuses what cannot be sent', async () => {
    const port = await open()
    const bytes = new Uint8Array(70_000)
    expect(port.send(1, Endpoint.parse('127.0.0.1/0'), bytes, 0, 10)).toBe(false)
    expect(port.send(1, Endpoint.parse('::1/9'), bytes, 0, 10)).toBe(false)
    expect(port.send(1, Endpoint.parse('127.0.0.1/9'), bytes, 0, 70_000)).toBe(false)
    expect(port.send(7, Endpoint.parse('127.0.0.1/9'), bytes, 0, 10)).toBe(false)
    expect(port.counters.get('unsendable')).toBe(4)
    expect(port.writable).toBe(true)
  })

  test('takes a time to live', async () => {
    const [a, b] = [await open(), await open()]
    const arrival = receive(b, 2)
    expect(a.send(1, b.sockets[0].local, Uint8Array.of(1), 0, 1, 2)).toBe(true)
    expect(a.send(1, b.sockets[0].local, Uint8Array.of(2), 0, 1)).toBe(true)
    expect((await arrival).map(({ bytes }) => bytes[0])).toEqual([1, 2])
  })

  test('asks for large receive buffers and says what was granted', async () => {
    expect((await open()).receiveBufferBytes).toBeGreaterThan(64 * 1024)
  })

  test('a port in use is an error with a hint', async () => {
    const { port } = (await open()).sockets[0].local
    await expect(createDatagramPort({ port, bind: ['127.0.0.1'] })).rejects.toMatchObject({
      code: 'EADDRINUSE',
      message: `cannot open UDP port ${port} on 127.0.0.1: EADDRINUSE`,
      hint: expect.stringContaining('another program'),
    })
  })

  test('an address of another machine is an error with a hint', async () => {
    await expect(createDatagramPort({ bind: ['192.0.2.1'] })).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
      hint: expect.stringContaining('no such address'),
    })
  })

  test.each([-1, 65_536, 1.5, Number.NaN])('port %d is the mistake of the caller', async (port) => {
    await expect(createDatagramPort({ port })).rejects.toMatchObject({ code: 'ZT_ARG_INVALID' })
  })

  test('closing frees the port and is idempotent', async () => {
    const port = await open()
    const { local } = port.sockets[0]
    await port.close()
    await port.close()
    expect(port.sockets).toEqual([])
    expect(port.send(1, local, Uint8Array.of(1), 0, 1)).toBe(false)
    const again = createSocket('udp4').bind(local.port, '127.0.0.1')
    await once(again, 'listening')
    again.close()
  })

  test('without a receiver datagrams are dropped and counted', async () => {
    const [a, b] = [await open(), await open()]
    a.send(1, b.sockets[0].local, Uint8Array.of(1), 0, 1)
    await new Promise<void>((resolve) => {
      const look = (): unknown => (b.counters.get('no-receiver') === 1 ? resolve() : setImmediate(look))
      look()
    })
  })
})
