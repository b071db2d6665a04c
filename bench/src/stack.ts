import { SystemClock, SystemRandom } from '@zt/io-node'
import { IpStack } from '@zt/ipstack'
import { Endpoint, IpAddress, type IpLink, IpPrefix } from '@zt/sansio'
import { Tcp, type TcpConnection } from '@zt/tcp'

const MTU = 2800
const PORT = 80
const CHUNK = new Uint8Array(64 * 1024).fill(0x5a)

export interface StackResult {
  readonly bytesPerSecond: number
}

/** Stack to stack in one process, on one core: a link that is a function call, MTU 2800, checksums on. */
export async function measureStack(milliseconds: number): Promise<StackResult> {
  const clock = new SystemClock()
  const random = new SystemRandom()
  const [left, right] = pair()
  const host = (link: IpLink, address: string) => {
    const stack = new IpStack({ clock, random })
    stack.attachIp(link).addAddress(IpPrefix.parse(address))
    return { stack, tcp: new Tcp(stack) }
  }
  const client = host(left, '10.0.0.1/24')
  const server = host(right, '10.0.0.2/24')
  let received = 0
  server.tcp.listen({
    port: PORT,
    onConnection: (connection) => {
      connection.handler = {
        readable: () => {
          for (let bytes = connection.read(); bytes; bytes = connection.read()) received += bytes.length
        },
      }
    },
  })
  const connection = await new Promise<TcpConnection>((resolve) => {
    const opening: TcpConnection = client.tcp.connect({
      remote: new Endpoint(IpAddress.parse('10.0.0.2'), PORT),
      handler: { connected: () => resolve(opening) },
    })
  })
  const start = performance.now()
  const bytesPerSecond = await new Promise<number>((resolve) => {
    const pump = () => {
      const elapsed = performance.now() - start
      if (elapsed >= milliseconds) return resolve((received * 1000) / elapsed)
      while (connection.write(CHUNK) === CHUNK.length) {
        // as much as fits
      }
    }
    connection.handler = { writable: pump }
    pump()
  })
  connection.abort()
  client.stack.close()
  server.stack.close()
  return { bytesPerSecond }
}

/** Two ends of a link in memory: what one sends the other has received when `send` returns. */
function pair(): [IpLink, IpLink] {
  const end = (): IpLink => ({
    mtu: MTU,
    isUp: true,
    send: () => false,
    onReceive: () => {},
    onDrain: () => {},
    onChange: () => {},
  })
  const left = end()
  const right = end()
  left.send = (bytes, offset, length) => {
    right.onReceive(bytes, offset, length)
    return true
  }
  right.send = (bytes, offset, length) => {
    left.onReceive(bytes, offset, length)
    return true
  }
  return [left, right]
}
