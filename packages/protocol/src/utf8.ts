import { ByteWriter } from '@zt/sansio'

/**
 * UTF-8 both ways without loss: a byte that is not UTF-8 becomes the lone surrogate U+DC00 plus the byte, and that the
 * byte again (PEP 383). So a name that a controller cut in the middle of a character is shown as far as it goes, and
 * nothing a stranger sends is an error.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes, at)
    if (length === 0) text += String.fromCharCode(0xdc00 + bytes[at++])
    else {
      let code = length === 1 ? bytes[at] : bytes[at] & (0x7f >> length)
      for (let i = 1; i < length; i++) code = (code << 6) | (bytes[at + i] & 0x3f)
      text += String.fromCodePoint(code)
      at += length
    }
  }
  return text
}

/** Lone surrogates that stand for no byte become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  const w = new ByteWriter(text.length)
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0
    if (code < 0x80) w.u8(code)
    else if (code >= 0xdc80 && code <= 0xdcff) w.u8(code & 0xff)
    else if (code >= 0xd800 && code <= 0xdfff) w.u8(0xef).u8(0xbf).u8(0xbd)
    else {
      const more = code < 0x800 ? 1 : code < 0x1_0000 ? 2 : 3
      w.u8(((0xff << (7 - more)) & 0xff) | (code >> (6 * more)))
      for (let shift = 6 * (more - 1); shift >= 0; shift -= 6) w.u8(0x80 | ((code >> shift) & 0x3f))
    }
  }
  return w.finish()
}

/** How many bytes the character at `at` takes; 0 if there is none: no overlong forms, no surrogates (RFC 3629). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const [first, second] = [bytes[at], bytes[at + 1] ?? 0]
  if (first < 0x80) return 1
  if (first < 0xc2 || first > 0xf4) return 0
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  if (at + length > bytes.length) return 0
  for (let i = 1; i < length; i++) if ((bytes[at + i] & 0xc0) !== 0x80) return 0
  if ((first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f)) return 0
  return (first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f) ? 0 : length
}
