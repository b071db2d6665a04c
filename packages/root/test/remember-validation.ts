import type { Identity } from '@zt/protocol'
import { formatHex } from '@zt/sansio'
import { vi } from 'vitest'

/**
 * Whether an address belongs to a key is a pure function of some tens of milliseconds. The nodes of a simulation share
 * one process, and would compute it for each identity again and again: here they remember.
 */
vi.mock('@zt/protocol', async (importOriginal) => {
  const protocol = await importOriginal<typeof import('@zt/protocol')>()
  const known = new Map<string, boolean>()
  const validateIdentity = (identity: Identity): boolean => {
    const key = `${identity.address} ${formatHex(identity.publicKey)}`
    let isValid = known.get(key)
    if (isValid === undefined) known.set(key, (isValid = protocol.validateIdentity(identity)))
    return isValid
  }
  return { ...protocol, validateIdentity }
})
