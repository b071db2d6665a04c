import { HASHCASH_MEMORY_WORDS, publicKeyOf } from '@zt/crypto'
import type { RandomSource } from '@zt/sansio'
import { SECRET_KEY_LENGTH } from '../limits.js'
import type { SecretIdentity } from './identity.js'
import { addressOfKey } from './validate.js'

/**
 * The search for a key pair that has an address, one try at a time: about 15 tries of some tens of milliseconds.
 * Whoever runs it decides where, reports progress between tries, and stops when nobody wants the result any more.
 */
export class IdentitySearch {
  readonly #secretKey: Uint8Array
  readonly #memory = new Int32Array(HASHCASH_MEMORY_WORDS)
  #tries = 0

  constructor(random: RandomSource) {
    this.#secretKey = random.fill(new Uint8Array(SECRET_KEY_LENGTH))
  }

  /** Tries so far. */
  get tries(): number {
    return this.#tries
  }

  /** One try: an identity, or `undefined` if this key has no address. */
  step(): SecretIdentity | undefined {
    // Every try takes another X25519 scalar; the Ed25519 seed stays. Counting is as good as drawing anew.
    for (let i = 8; i < 16; i++) {
      this.#secretKey[i]++
      if (this.#secretKey[i] !== 0) break
    }
    this.#tries++
    const secretKey = this.#secretKey.slice()
    const publicKey = publicKeyOf(secretKey)
    const address = addressOfKey(publicKey, this.#memory)
    return address === undefined ? undefined : { address, publicKey, secretKey }
  }
}

/**
 * A fresh identity. Takes about half a second of computing: use `IdentitySearch` in a worker where that is too long.
 */
export function generateIdentity(random: RandomSource): SecretIdentity {
  const search = new IdentitySearch(random)
  for (;;) {
    const identity = search.step()
    if (identity) return identity
  }
}
