import { ZtError } from '@zt/sansio'

/**
 * Check a key and split it. Keys are lower-case so that they mean the same on file systems that ignore case, and use
 * only characters that every platform allows; nothing is encoded, so that the files are ZeroTierOne's own.
 *
 * @throws ZT_STATE_KEY_INVALID
 */
export function keySegments(key: string): string[] {
  const segments = key.split('/')
  const isGood = key.length <= MAX_KEY_LENGTH && segments.length <= MAX_DEPTH && segments.every(isPlainName)
  if (isGood && !RESERVED_KEYS.has(key)) return segments
  throw new ZtError('ZT_STATE_KEY_INVALID', `${JSON.stringify(key.slice(0, 80))} is not a name for a stored value`, {
    hint: 'use lower-case letters, digits, dots, dashes and underscores, with single slashes between, as in networks.d/8056c2e21c000001.conf',
  })
}

/** May a file of this name be a part of a key? */
export function isPlainName(name: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,126}$/.test(name) && !name.endsWith('.') && !WINDOWS_DEVICE.test(name)
}

/** The file that says which process uses a directory; see `lock-file.ts`. */
export const LOCK_NAME = 'zt.lock'

const RESERVED_KEYS: ReadonlySet<string> = new Set([LOCK_NAME, `${LOCK_NAME}-breaking`])
const MAX_KEY_LENGTH = 512
const MAX_DEPTH = 8
/** Names that Windows takes for devices, with any extension. */
const WINDOWS_DEVICE = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/
