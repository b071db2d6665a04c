import { expect, test } from 'vitest'
import { SALSA_POLY_WASM } from '../src/salsa-poly/wasm-module.js'
import { compileSalsaPoly } from '../wasm/build.js'

test('the committed WebAssembly module is what its source compiles to', async () => {
  expect(SALSA_POLY_WASM).toBe(Buffer.from(await compileSalsaPoly()).toString('base64'))
}, 60_000)
