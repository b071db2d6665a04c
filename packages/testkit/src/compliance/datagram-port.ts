import { type DatagramPort, type DatagramReceiver, Endpoint, equalBytes } from '@zt/sansio'
import { type ComplianceCase, require } from './compliance.js'

/** A `DatagramPort` that can be given its receiver later, as ours can. */
export type ReceivingPort = DatagramPort & { receiver: DatagramReceiver | undefined }

/** Two ports that reach each other over IPv4. */
export interface DatagramPortPair {
  readonly a: ReceivingPort
  readonly b: ReceivingPort
  /** Where `b`'s first socket is reached from `a`. */
  readonly toB: Endpoint
  /** Let time pass, real or virtual, until it holds. */
  until(predicate: () => boolean): Promise<void>
  /** Close both. */
  close(): Promise<void>
}

/** What every `DatagramPort` must do. @param open gives a fresh pair each time. */
export function datagramPortCases(open: () => Promise<DatagramPortPair>): ComplianceCase[] {
  const withPair = (name: string, check: (pair: DatagramPortPair) => Promise<void>): ComplianceCase => ({
    name,
    run: async () => {
      const pair = await open()
      try {
        await check(pair)
      } finally {
        await pair.close()
      }
    },
  })
  return [
    withPair('carries the bytes of a range, which are borrowed for the call only', async ({ a, b, toB, until }) => {
      const got: Uint8Array[] = []
      b.receiver = { handleDatagram: (_socket, _from, bytes) => void got.push(bytes.slice()) }
      const bytes = Uint8Array.of(0, 1, 2, 3, 4)
      require(a.send(a.sockets[0].id, toB, bytes, 1, 3), 'send must take a datagram when nothing is in the way')
      bytes.fill(9)
      await until(() => got.length === 1)
      require(equalBytes(got[0], Uint8Array.of(1, 2, 3)), 'the bytes of the range must arrive as they were when sent')
    }),
    withPair('says which socket it came in on and where an answer goes', async ({ a, b, toB, until }) => {
      let answered = false
      b.receiver = {
        handleDatagram: (socket, from, bytes) => {
          require(b.sockets.some(({ id }) => id === socket), 'the socket must be one of the port')
          b.send(socket, from, bytes, 0, bytes.length)
        },
      }
      a.receiver = { handleDatagram: (_socket, from) => void (answered = from.equals(toB)) }
      a.send(a.sockets[0].id, toB, Uint8Array.of(1), 0, 1)
      await until(() => answered)
    }),
    withPair('refuses unknown sockets and families it does not have', async ({ a, toB }) => {
      const bytes = Uint8Array.of(1)
      require(!a.send(0x7fff_fff0, toB, bytes, 0, 1), 'an unknown socket must not take a datagram')
      const four = a.sockets.find(({ local }) => local.ip.isV4)!
      require(!a.send(four.id, Endpoint.parse('2001:db8::1/9'), bytes, 0, 1), 'an IPv4 socket cannot reach IPv6')
    }),
    withPair('takes nothing after it was closed', async ({ a, toB, close }) => {
      const { id } = a.sockets[0]
      await close()
      require(a.sockets.length === 0, 'a closed port has no sockets')
      require(!a.send(id, toB, Uint8Array.of(1), 0, 1), 'a closed port takes no datagram')
    }),
  ]
}
