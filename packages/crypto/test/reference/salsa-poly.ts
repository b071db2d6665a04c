import { referencePoly1305 } from './poly1305.js'
import { referenceSalsaBlock } from './salsa20.js'

/** What sealing gives: the text as it travels, and the 8-byte tag. */
export function referenceSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  text: Uint8Array,
  encrypt: boolean,
): { text: Uint8Array; tag: Uint8Array } {
  const sealed = text.slice()
  for (let at = 0; encrypt && at < text.length; at += 64) {
    const stream = referenceSalsaBlock(key, nonce, 1 + at / 64, 12)
    for (let i = at; i < Math.min(at + 64, text.length); i++) sealed[i]! ^= stream[i - at]!
  }
  const macKey = referenceSalsaBlock(key, nonce, 0, 12).subarray(0, 32)
  return { text: sealed, tag: referencePoly1305(macKey, sealed).subarray(0, 8) }
}
