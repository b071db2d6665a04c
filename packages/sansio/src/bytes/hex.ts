import { ZtError } from '../errors.js'

const digits = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'))

/** Lower-case hexadecimal, two digits a byte. */
export function formatHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += digits[byte]
  return text
}

/** Bytes of a hexadecimal text. @throws ZT_ARG_INVALID if it is not an even number of hexadecimal digits. */
export function parseHex(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) {
    throw new ZtError('ZT_ARG_INVALID', `expected an even number of hexadecimal digits, got ${text.length} characters`)
  }
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return bytes
}
