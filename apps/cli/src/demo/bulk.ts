import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Duplex, Readable } from 'node:stream'

/** Repeatable bytes that look random enough: a block from a small generator, stirred by position. */
export function* pattern(seed: number, total: number): Generator<Buffer> {
  const block = Buffer.alloc(64 * 1024)
  let state = seed | 1
  for (let i = 0; i < block.length; i += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    block.writeInt32LE(state, i)
  }
  for (let sent = 0; sent < total; sent += block.length) {
    const part = Buffer.from(sent + block.length <= total ? block : block.subarray(0, total - sent))
    part.writeUInt32LE(sent >>> 0, 0)
    yield part
  }
}

/** Send the pattern with back-pressure, end, and give its SHA-256. */
export async function sendPattern(socket: Duplex, seed: number, total: number): Promise<string> {
  const hash = createHash('sha256')
  for (const part of pattern(seed, total)) {
    hash.update(part)
    if (!socket.write(part)) await once(socket, 'drain')
  }
  socket.end()
  return hash.digest('hex')
}

/** Read to the end and give the number of bytes and their SHA-256. */
export async function receiveAll(
  socket: Readable,
  onBytes: (count: number) => void = () => {},
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const part of socket as AsyncIterable<Buffer>) {
    hash.update(part)
    bytes += part.length
    onBytes(part.length)
  }
  return { bytes, sha256: hash.digest('hex') }
}
