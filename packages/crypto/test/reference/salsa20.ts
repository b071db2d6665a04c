/** Salsa20 as its specification puts it: https://cr.yp.to/snuffle/spec.pdf. Slow and obvious. */

const rotl = (x: number, n: number): number => ((x << n) | (x >>> (32 - n))) >>> 0
const add = (x: number, y: number): number => (x + y) % 2 ** 32

function quarterRound(y: number[], a: number, b: number, c: number, d: number): void {
  y[b] = (y[b]! ^ rotl(add(y[a]!, y[d]!), 7)) >>> 0
  y[c] = (y[c]! ^ rotl(add(y[b]!, y[a]!), 9)) >>> 0
  y[d] = (y[d]! ^ rotl(add(y[c]!, y[b]!), 13)) >>> 0
  y[a] = (y[a]! ^ rotl(add(y[d]!, y[c]!), 18)) >>> 0
}

const COLUMNS = [
  [0, 4, 8, 12],
  [5, 9, 13, 1],
  [10, 14, 2, 6],
  [15, 3, 7, 11],
] as const
const ROWS = [
  [0, 1, 2, 3],
  [5, 6, 7, 4],
  [10, 11, 8, 9],
  [15, 12, 13, 14],
] as const

/** One 64-byte block of keystream. */
export function referenceSalsaBlock(key: Uint8Array, nonce: Uint8Array, block: number, rounds: number): Uint8Array {
  const input = new Uint8Array(64)
  const sigma = new TextEncoder().encode('expand 32-byte k')
  for (let i = 0; i < 4; i++) input.set(sigma.subarray(4 * i, 4 * i + 4), 20 * i)
  input.set(key.subarray(0, 16), 4)
  input.set(nonce, 24)
  input.set(key.subarray(16), 44)
  const view = new DataView(input.buffer)
  view.setBigUint64(32, BigInt(block), true)
  const x = Array.from({ length: 16 }, (_, i) => view.getUint32(4 * i, true))
  const y = [...x]
  for (let round = 0; round < rounds; round += 2) {
    for (const [a, b, c, d] of COLUMNS) quarterRound(y, a, b, c, d)
    for (const [a, b, c, d] of ROWS) quarterRound(y, a, b, c, d)
  }
  const output = new DataView(new ArrayBuffer(64))
  for (let i = 0; i < 16; i++) output.setUint32(4 * i, add(x[i]!, y[i]!), true)
  return new Uint8Array(output.buffer)
}
