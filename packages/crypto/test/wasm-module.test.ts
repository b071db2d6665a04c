import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SALSA_POLY_WASM } from '../src/salsa-poly/wasm-module.js'
import { compileSalsaPoly } from '../wasm/build.js'
import { referencePoly1305 } from './reference/poly1305.js'

test('the committed WebAssembly module is what its source compiles to', async () => {
  expect(SALSA_POLY_WASM).toBe(Buffer.from(await compileSalsaPoly()).toString('base64'))
}, 60_000)

/** The authenticator inside the module: through the engine its key is keystream, which no test can choose. */
interface Inside {
  readonly TEXT: { readonly value: number }
  readonly KEY_AT: { readonly value: number }
  readonly TAG_AT: { readonly value: number }
  authenticateRange(at: number, length: number): void
}

test('the authenticator in WebAssembly carries and reduces as the reference does', async () => {
  const binary = await compileSalsaPoly(`
    export const KEY_AT: i32 = i32(MAC_KEY)
    export const TAG_AT: i32 = i32(MAC)
    export function authenticateRange(at: usize, length: u32): void { authenticate(at, length) }`)
  const memory = new WebAssembly.Memory({ initial: 3 })
  const { instance } = await WebAssembly.instantiate(binary, { env: { memory } })
  const inside = instance.exports as unknown as Inside
  const bytes = new Uint8Array(memory.buffer)

  const check = (key: Uint8Array, message: Uint8Array) => {
    bytes.set(key, inside.KEY_AT.value)
    bytes.set(message, inside.TEXT.value)
    inside.authenticateRange(inside.TEXT.value, message.length)
    const tag = bytes.slice(inside.TAG_AT.value, inside.TAG_AT.value + 16)
    if (Buffer.compare(tag, referencePoly1305(key, message)) !== 0) expect(tag).toEqual(referencePoly1305(key, message))
  }

  // r = 1: the sum is the message itself. Lengths that end in the scalar part, in the lanes, and in a short block; last
  // bytes that put the sum on both sides of the prime.
  const one = new Uint8Array(32)
  one[0] = 1
  for (const blocks of [4, 15, 16, 20, 32]) {
    for (let low = 0; low < 256; low++) {
      for (const fill of [0xff, 0]) {
        const message = new Uint8Array(16 * blocks).fill(0xff)
        message.fill(fill, 16 * blocks - 15)
        message[16 * blocks - 16] = low
        check(one, message)
        check(one, message.subarray(0, 16 * blocks - 15))
      }
    }
  }

  const extreme = (minLength: number, maxLength: number) =>
    fc
      .array(fc.oneof({ weight: 6, arbitrary: fc.constant(255) }, fc.constant(0), fc.nat(255)), {
        minLength,
        maxLength,
      })
      .map((values) => Uint8Array.from(values))
  fc.assert(fc.property(extreme(32, 32), fc.oneof(extreme(0, 100), extreme(240, 420)), check), {
    seed: 1,
    numRuns: 400,
  })
}, 60_000)
