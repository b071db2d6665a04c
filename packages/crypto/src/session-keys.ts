import { ZtError } from '@zt/sansio'
import { type AesKey, type AesPort, portableAes } from './aes.js'
import type { GmacSivKeys } from './aes-gmac-siv.js'
import { AGREEMENT_LENGTH } from './c25519.js'
import { KBKDF_LABEL_AES_GMAC_SIV_K0, KBKDF_LABEL_AES_GMAC_SIV_K1, kbkdf } from './kbkdf.js'

/**
 * Every key of one pair of nodes, from their 48-byte agreement. Lives as long as the peer is known: the agreement never
 * changes while both identities live.
 */
export class SessionKeys implements GmacSivKeys {
  /** The key of ciphers 0 and 1 (mangled per packet) and of HELLO's encrypted field (as it is): 32 bytes. */
  readonly salsa: Uint8Array
  readonly #agreement: Uint8Array
  readonly #aes: AesPort
  #k0: AesKey | undefined
  #k1: AesKey | undefined
  #wiped = false

  /**
   * @param agreement from `agree`; copied.
   * @param aes where AES keys are made.
   * @throws ZT_ARG_INVALID unless the agreement is 48 bytes.
   */
  constructor(agreement: Uint8Array, aes: AesPort = portableAes) {
    if (agreement.length !== AGREEMENT_LENGTH) {
      throw new ZtError('ZT_ARG_INVALID', `expected an agreement of ${AGREEMENT_LENGTH} bytes, got ${agreement.length}`)
    }
    this.#agreement = agreement.slice()
    this.#aes = aes
    this.salsa = this.#agreement.subarray(0, 32)
  }

  /** Cipher 3: the GMAC key. Derived at first use. */
  get k0(): AesKey {
    return (this.#k0 ??= this.#derive(KBKDF_LABEL_AES_GMAC_SIV_K0))
  }

  /** Cipher 3: the block and CTR key. Derived at first use. */
  get k1(): AesKey {
    return (this.#k1 ??= this.#derive(KBKDF_LABEL_AES_GMAC_SIV_K1))
  }

  /** Overwrite all keys. The object is of no use afterwards. */
  wipe(): void {
    this.#wiped = true
    this.#agreement.fill(0)
    this.#k0?.wipe()
    this.#k1?.wipe()
    this.#k0 = this.#k1 = undefined
  }

  #derive(label: number): AesKey {
    if (this.#wiped) throw new ZtError('ZT_CLOSED', 'these session keys were wiped')
    const derived = kbkdf(this.#agreement, label, 0, 0)
    const key = this.#aes.importKey(derived.subarray(0, 32))
    derived.fill(0)
    return key
  }
}
