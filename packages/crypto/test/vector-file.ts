import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** One case of a vector file: `kind` names the routine, the rest is its inputs and outputs, bytes in hexadecimal. */
export interface VectorCase {
  readonly kind: string
  readonly [field: string]: unknown
}

/** All cases of one file, from `ZT_VECTORS` or the fixtures of the repository. */
export function vectorCases(file: string): readonly VectorCase[] {
  const folder = process.env.ZT_VECTORS ?? fileURLToPath(new URL('../../../fixtures/vectors', import.meta.url))
  return (JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as { cases: VectorCase[] }).cases
}
