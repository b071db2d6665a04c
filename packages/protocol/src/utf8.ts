import { fromLatin1, latin1 } from '@zt/sansio'

/** Text as UTF-8. Lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  const escaped = encodeURIComponent(text.replace(/[\ud800-\udfff]/gu, '\ufffd'))
  return fromLatin1(escaped.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))))
}

/** UTF-8 as text; bytes that are not UTF-8 are taken as Latin-1, so that nothing a stranger sends is an error. */
export function decodeUtf8(bytes: Uint8Array): string {
  const text = latin1(bytes)
  // eslint-disable-next-line no-control-regex -- ASCII is by far the most common case
  if (/^[\x00-\x7f]*$/.test(text)) return text
  try {
    return decodeURIComponent(text.replace(/[%\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`))
  } catch {
    return text
  }
}
