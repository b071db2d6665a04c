/**
 * One connection between two stacks in one process, over a link in memory that holds a burst: what TCP and IP cost by
 * themselves. One iteration moves `BYTES` in one direction; checksums are on. Run from the repository root:
 *
 * `node --conditions=@zt/source --import tsx packages/tcp/bench/stack-to-stack.ts [mtu] [megabytes]`
 */

import { randomFillSync } from 'node:crypto'
import { IpStack } from '@zt/ipstack'
import { type Clock, Endpoint, type IpLink, IpPrefix, type RandomSource } from '@zt/sansio'
import { Tcp, type TcpConnection } from '../src/index.js'

const mtu = Number(process.argv[2] ?? 2800)
const total = Number(process.argv[3] ?? 1024) * 1e6

const clock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  at(at, run) {
    const timer = setTimeout(run, Math.max(0, at - this.now()))
    return () => clearTimeout(timer)
  },
  soon: (run) => void setImmediate(run),
}

const random: RandomSource = {
  fill: (into) => randomFillSync(into),
  u32: () => randomFillSync(new Uint32Array(1))[0]!,
}

/** One end of a link. What is sent waits in slots, `DEPTH` at the most, until the loop comes to `deliver`. */
class MemoryLink implements IpLink {
  readonly mtu = mtu
  readonly isUp = true
  peer!: MemoryLink
  readonly #slots = Array.from({ length: 64 }, () => new Uint8Array(mtu))
  readonly #lengths = new Int32Array(64)
  #count = 0
  #isScheduled = false
  #wasFull = false
  onReceive: IpLink['onReceive'] = () => {}
  onDrain = (): void => {}
  onChange = (): void => {}

  send(bytes: Uint8Array, offset: number, length: number): boolean {
    if (this.#count === this.#slots.length) {
      this.#wasFull = true
      return false
    }
    this.#slots[this.#count]!.set(bytes.subarray(offset, offset + length))
    this.#lengths[this.#count++] = length
    if (!this.#isScheduled) {
      this.#isScheduled = true
      setImmediate(this.#deliver)
    }
    return true
  }

  readonly #deliver = (): void => {
    this.#isScheduled = false
    const count = this.#count
    this.#count = 0
    for (let i = 0; i < count; i++) this.peer.onReceive(this.#slots[i]!, 0, this.#lengths[i]!)
    if (!this.#wasFull) return
    this.#wasFull = false
    this.onDrain()
  }
}

function host(link: MemoryLink, address: string) {
  const stack = new IpStack({ clock, random })
  stack.attachIp(link).addAddress(IpPrefix.parse(address))
  return { stack, tcp: new Tcp(stack) }
}

const [left, right] = [new MemoryLink(), new MemoryLink()]
left.peer = right
right.peer = left
const { stack: stackA, tcp: a } = host(left, '10.0.0.1/24')
const { stack: stackB, tcp: b } = host(right, '10.0.0.2/24')

function transfer(bytes: number): Promise<{ seconds: number; sender: TcpConnection }> {
  return new Promise((resolve) => {
    let received = 0
    const block = new Uint8Array(65_536)
    const listener = b.listen({
      port: 80,
      onConnection(connection) {
        connection.handler = {
          readable() {
            for (let got = connection.read(); got; got = connection.read()) received += got.length
          },
          ended() {
            if (received !== bytes) throw new Error(`${received} of ${bytes} bytes have arrived`)
            listener.close()
            resolve({ seconds: (performance.now() - started) / 1000, sender })
            connection.close()
          },
        }
      },
    })
    let left = bytes
    const pump = (): void => {
      while (left > 0) {
        const taken = sender.write(block, 0, Math.min(left, block.length))
        left -= taken
        if (taken === 0) return
      }
      sender.shutdownWrite()
    }
    const started = performance.now()
    const sender = a.connect({ remote: Endpoint.parse('10.0.0.2/80'), handler: { connected: pump, writable: pump } })
  })
}

await transfer(total / 8)
for (let round = 0; round < 3; round++) {
  const before = process.memoryUsage().heapUsed
  const { seconds, sender } = await transfer(total)
  const info = sender.info()
  const gigabits = (total * 8) / seconds / 1e9
  console.log(
    `${gigabits.toFixed(2)} Gbit/s  ${((seconds * 1e9) / info.segmentsSent).toFixed(0)} ns a segment, both stacks  ` +
      `${info.segmentsSent} sent, ${info.segmentsReceived} received, ${info.segmentsRetransmitted} again, ` +
      `rtt ${info.srtt.toFixed(2)} ms, heap ${((process.memoryUsage().heapUsed - before) / 1e6).toFixed(1)} MB more`,
  )
}
stackA.close()
stackB.close()
