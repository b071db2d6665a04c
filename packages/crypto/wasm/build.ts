/**
 * Compiles salsa-poly.ts and writes it into the sources as base64: `pnpm --filter @zt/crypto build:wasm`. A test compiles it
 * again and compares, so the compiler's version is pinned in package.json.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { argv } from 'node:process'
import { fileURLToPath, pathToFileURL } from 'node:url'
import asc from 'assemblyscript/asc'

const source = fileURLToPath(new URL('salsa-poly.ts', import.meta.url))
const target = fileURLToPath(new URL('../src/salsa-poly/wasm-module.ts', import.meta.url))

/** The compiled module. Tests that look inside append exports to its source. */
export async function compileSalsaPoly(more = ''): Promise<Uint8Array<ArrayBuffer>> {
  const text = (await readFile(source, 'utf8')) + more
  let binary: Uint8Array<ArrayBuffer> | undefined
  const { error, stderr } = await asc.main(
    [
      'salsa-poly.ts',
      '--outFile',
      'salsa-poly.wasm',
      '-O3',
      '--enable',
      'simd',
      '--runtime',
      'stub',
      '--noAssert',
      '--use',
      'abort=',
      '--importMemory',
      '--noExportMemory',
    ],
    {
      readFile: (name) => (name === 'salsa-poly.ts' ? text : null),
      writeFile: (_name, contents) => {
        binary = new Uint8Array(contents as Uint8Array)
      },
      listFiles: () => [],
    },
  )
  if (error !== null || binary === undefined)
    throw new Error(`the compiler failed: ${stderr.toString()}`, { cause: error })
  return binary
}

if (argv[1] !== undefined && import.meta.url === pathToFileURL(argv[1]).href) {
  const base64 = Buffer.from(await compileSalsaPoly()).toString('base64')
  await writeFile(
    target,
    `// Compiled from wasm/salsa-poly.ts by \`pnpm --filter @zt/crypto build:wasm\`: do not edit.

/** The WebAssembly module, in base64. */
export const SALSA_POLY_WASM =
  '${base64}'
`,
  )
}
