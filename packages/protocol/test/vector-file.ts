export { parseHex as hex } from '@zt/sansio'
export { VectorFile } from '../../../fixtures/vector-file.js'

/** Hexadecimal digits of an address or a MAC as a number. */
export function hexNumber(text: string): number {
  return Number.parseInt(text, 16)
}
