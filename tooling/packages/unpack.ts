import { gunzipSync } from 'node:zlib'

const BLOCK = 512

/** The files of an npm tarball: path without the leading `package/` → bytes. Reads the ustar format, as npm writes it. */
export function unpack(tarball: Uint8Array): Map<string, Uint8Array> {
  const bytes = gunzipSync(tarball)
  const text = (at: number, length: number): string => bytes.toString('utf8', at, at + length).replace(/\0.*$/s, '')
  const files = new Map<string, Uint8Array>()
  for (let at = 0; at + BLOCK <= bytes.length && bytes[at] !== 0;) {
    const prefix = text(at + 345, 155)
    const path = (prefix ? `${prefix}/` : '') + text(at, 100)
    const size = Number.parseInt(text(at + 124, 12), 8)
    const isFile = bytes[at + 156] === 0 || bytes[at + 156] === 0x30
    if (isFile) files.set(path.replace(/^[^/]+\//, ''), bytes.subarray(at + BLOCK, at + BLOCK + size))
    at += BLOCK + Math.ceil(size / BLOCK) * BLOCK
  }
  return files
}
