import { createHash } from 'node:crypto'
import { SeededRandom } from '@zt/testkit'
import type { TcpConnection, TcpHandler } from '../../src/index.js'

/** Writes `total` pseudo-random bytes as fast as they are taken, then ends its side; hashes what it wrote. */
export class Source {
  readonly hash = createHash('sha256')
  readonly #connection: TcpConnection
  readonly #random: SeededRandom
  readonly #block: Uint8Array
  #left: number
  #offset = 0
  #ready = 0

  constructor(connection: TcpConnection, total: number, seed: number | string) {
    this.#connection = connection
    this.#random = new SeededRandom(seed)
    this.#block = this.#random.bytes(65_536)
    this.#left = total
  }

  /** Write until nothing more is taken. */
  pump(): void {
    while (this.#left > 0 || this.#ready > 0) {
      if (this.#ready === 0) {
        // The same block with another beginning each time, so that no two blocks are equal.
        const stamp = this.#random.u32()
        for (let i = 0; i < 4; i++) this.#block[i] = stamp >>> (8 * i)
        this.#offset = 0
        this.#ready = Math.min(this.#left, this.#block.length)
        this.#left -= this.#ready
        this.hash.update(this.#block.subarray(0, this.#ready))
      }
      const taken = this.#connection.write(this.#block, this.#offset, this.#ready)
      this.#offset += taken
      this.#ready -= taken
      if (this.#ready > 0) return
    }
    this.#connection.shutdownWrite()
  }
}

/** Reads and hashes all that comes. */
export class Sink {
  readonly hash = createHash('sha256')
  bytes = 0
  isEnded = false

  drain(connection: TcpConnection): void {
    for (let bytes = connection.read(); bytes; bytes = connection.read()) {
      this.bytes += bytes.length
      this.hash.update(bytes)
    }
  }
}

/** Sends and receives at once; remembers how it ended. */
export class Party implements TcpHandler {
  readonly source: Source
  readonly sink = new Sink()
  readonly #connection: TcpConnection
  closedWith: string | undefined

  constructor(connection: TcpConnection, total: number, seed: number | string) {
    this.#connection = connection
    this.source = new Source(connection, total, seed)
    connection.handler = this
  }

  connected(): void {
    this.source.pump()
  }

  readable(): void {
    this.sink.drain(this.#connection)
  }

  writable(): void {
    this.source.pump()
  }

  ended(): void {
    this.sink.isEnded = true
  }

  closed(error?: { code: string }): void {
    this.closedWith = error?.code ?? 'end'
  }
}
